"""Why these tests exist: a sample that leaves out the odd answers proves nothing about them."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from source_world import QUIET, session_with

import athena_testbed
from athena_exporter.sources.answers import ask
from athena_exporter.sources.disguise import Disguise
from athena_exporter.sources.recording import LONGEST_LIST, Recorder, cut, paths


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[athena_testbed.Running]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with athena_testbed.running(QUIET) as running:
        yield running


def test_of_a_long_list_the_elements_that_show_something_new_come_first() -> None:
    values = [{"a": 1}] * 100 + [{"a": 1, "b": 2}, {"a": "text"}]
    kept = cut(values)
    assert len(kept) == LONGEST_LIST
    assert kept[-2:] == [{"a": 1, "b": 2}, {"a": "text"}]


def test_lists_inside_are_cut_too_and_short_ones_stay() -> None:
    assert cut({"l": [{"m": list(range(50))}]}, 3) == {"l": [{"m": [0, 1, 2]}]}
    assert cut([3, 1, 2]) == [3, 1, 2]


def test_the_record_inside_an_event_counts_as_part_of_it() -> None:
    event = {"CloudTrailEvent": json.dumps({"errorCode": "X"})}
    assert ".CloudTrailEvent.errorCode str" in paths(event)
    assert paths({"CloudTrailEvent": "no JSON"}) == {"", ".CloudTrailEvent"}


def test_it_keeps_what_was_asked_and_what_came_before_our_reading(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    recorder = Recorder(Disguise(b"k"))
    with closing(session_with(running.url, Counter(), observe=recorder.observe)) as session:
        athena = session.athena()
        ask(athena.list_work_groups, MaxResults=50)
        ask(athena.list_query_executions, WorkGroup="primary")
    assert recorder.write(tmp_path / "new" / "folder") == 2
    told = json.loads((tmp_path / "new" / "folder" / "athena.ListWorkGroups.json").read_text())
    (exchange,) = told["exchanges"]
    assert (told["service"], told["operation"], exchange["status"]) == ("athena", "ListWorkGroups", 200)
    assert exchange["request"] == {"MaxResults": 50}
    assert isinstance(exchange["answer"]["WorkGroups"][0]["CreationTime"], float)


def test_answers_that_show_nothing_new_are_not_kept_again(running: athena_testbed.Running) -> None:
    recorder = Recorder(Disguise(b"k"))
    with closing(session_with(running.url, Counter(), observe=recorder.observe)) as session:
        for _ in range(5):
            ask(session.athena().list_work_groups)
    ((_, _, exchanges),) = recorder.operations()
    assert len(exchanges) == 1


def test_errors_are_kept_with_their_code(running: athena_testbed.Running) -> None:
    recorder = Recorder(Disguise(b"k"))
    running.plan_faults([{"kind": "denied", "operation": "ListWorkGroups"}])
    with closing(session_with(running.url, Counter(), observe=recorder.observe)) as session:
        client = session.athena()
        with pytest.raises(Exception, match="AccessDenied"):
            ask(client.list_work_groups)
    ((_, _, (exchange,)),) = recorder.operations()
    assert exchange.status == 400
    assert exchange.answer["__type"] == "AccessDeniedException"
    assert "123456789012" not in json.dumps(exchange.answer)
