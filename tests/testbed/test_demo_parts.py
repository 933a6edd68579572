"""The parts of the demo that need no process: ports, configuration, figures, and a comparison that can fail."""

import io
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from rich.console import Console, RenderableType

from athena_testbed.demo import comparison, parts, ports, screen, story
from athena_testbed.demo.child import Child, ChildEndedError
from athena_testbed.demo.figures import Usage, dearest, read, total
from athena_testbed.demo.http import NoAnswerError, ask
from athena_testbed.demo.run import Demo, Folders, Signals, SlowStartError, Wishes, World
from athena_testbed.demo.runaway import PERSON, Runaway

NOW = datetime(2026, 3, 27, 15, 20, tzinfo=UTC)
EXPORTER = ports.Address(port=19_001, wanted=9989)
PAGE = """
# TYPE athena_queries_total counter
athena_queries_total{account_id="1",region="r",workgroup="etl",statement_type="DML",state="succeeded"} 2
athena_queries_total{account_id="1",region="r",workgroup="etl",statement_type="DDL",state="failed"} 1
# TYPE athena_scanned_bytes_total counter
athena_scanned_bytes_total{account_id="1",region="r",workgroup="etl",statement_type="DML",state="succeeded"} 3000
# TYPE athena_cost_usd_total counter
athena_cost_usd_total{account_id="1",region="r",workgroup="etl",statement_type="DML",state="succeeded"} 0.000000007
# TYPE athena_user_queries_total counter
athena_user_queries_total{account_id="1",region="r",user="ana",workgroup="etl",database="d",state="succeeded"} 2
# TYPE athena_user_scanned_bytes_total counter
athena_user_scanned_bytes_total{account_id="1",region="r",user="ana",workgroup="etl",database="d"} 2000
# TYPE athena_user_cost_usd_total counter
athena_user_cost_usd_total{account_id="1",region="r",user="ana",workgroup="etl",database="d"} 0.000000005
# TYPE athena_user_window_queries gauge
athena_user_window_queries{account_id="1",region="r",window="today",user="ana"} 2
athena_user_window_queries{account_id="1",region="r",window="today",user="pending"} 1
athena_user_window_queries{account_id="1",region="r",window="yesterday",user="ben"} 9
# TYPE athena_exporter_pending_queries gauge
athena_exporter_pending_queries{account_id="1",region="r"} 1
# TYPE athena_exporter_pending_bytes gauge
athena_exporter_pending_bytes{account_id="1",region="r"} 1000
# TYPE athena_exporter_source_up gauge
athena_exporter_source_up{account_id="1",region="r",source="athena"} 1
athena_exporter_source_up{account_id="1",region="r",source="lookup"} 0
# TYPE athena_exporter_source_lag_seconds gauge
athena_exporter_source_lag_seconds{account_id="1",region="r",source="athena"} -0.4
"""


def written(what: RenderableType) -> str:
    paper = Console(file=io.StringIO(), width=120, color_system=None)
    with paper.capture() as capture:
        paper.print(what)
    return capture.get()


EVENTS = comparison.Events(queries=2, accesses=5)


def truth(queries: int, scanned_bytes: int, cost_nanousd: int) -> bytes:
    sums = {"queries": queries, "scanned_bytes": scanned_bytes, "cost_nanousd": cost_nanousd}
    return json.dumps({"by_workgroup": {"etl": sums}, "by_user": {"ana": sums}}).encode()


def test_a_counter_that_is_the_truth_is_equal() -> None:
    compared = comparison.compare(read(PAGE), truth(3, 3000, 7), EVENTS)
    assert compared.is_equal
    words = written(comparison.words(compared))
    assert "Workgroups: 1 of 1 equal" in words
    assert "Users: 0 of 1 equal the truth; pending until CloudTrail tells who it was: 1 query, 0.98 KiB." in words
    assert "All users + pending = all workgroups holds: 2 + 1 queries, and 3." in words
    assert "CloudWatch Logs: 2 of 2 queries have their event, and 5 uses of tables." in words


def test_a_query_without_its_event_is_no_agreement() -> None:
    told = comparison.Events(queries=1, accesses=5)
    compared = comparison.compare(read(PAGE), truth(3, 3000, 7), told)
    assert not compared.is_equal
    assert "1 of 2 queries" in written(comparison.words(compared))


@pytest.mark.parametrize(
    ("true", "said"),
    [((4, 3000, 7), "-1 queries"), ((3, 2999, 7), "+1 bytes"), ((3, 3000, 8), "-1 n$")],
)
def test_the_least_difference_is_seen_and_said(true: tuple[int, int, int], said: str) -> None:
    compared = comparison.compare(read(PAGE), truth(*true), EVENTS)
    assert not compared.is_equal
    words = written(comparison.words(compared))
    assert said in words
    assert "Workgroups: 0 of 1 equal" in words


def test_a_workgroup_that_the_exporter_never_saw_is_no_agreement() -> None:
    answer = json.loads(truth(3, 3000, 7))
    answer["by_workgroup"]["unseen"] = {"queries": 1, "scanned_bytes": 0, "cost_nanousd": 0}
    assert not comparison.compare(read(PAGE), json.dumps(answer).encode(), EVENTS).is_equal


def test_users_and_pending_that_are_not_the_workgroups_are_said_so() -> None:
    page = PAGE.replace('pending_bytes{account_id="1",region="r"} 1000', 'pending_bytes{account_id="1",region="r"} 999')
    compared = comparison.compare(read(page), truth(3, 3000, 7), EVENTS)
    assert not compared.is_equal
    assert "does NOT hold" in written(comparison.words(compared))


def test_the_truth_is_asked_for_in_milliseconds() -> None:
    assert comparison.truth_path(NOW) == "/_testbed/truth?since=2026-03-27T15:20:00.000Z"


def test_only_today_and_only_names_are_top_users() -> None:
    figures = read(PAGE)
    assert figures.named_today.keys() == {"ana"}
    assert figures.users_today["pending"].queries == 1


def test_an_empty_page_has_no_figures_and_no_source() -> None:
    figures = read("")
    assert figures.today == Usage()
    assert figures.counting_since is None
    words = written(screen.summary(figures, title="At first", rows=5))
    assert "nobody yet" in words
    assert "not read yet" in words


def test_a_source_that_is_down_is_seen() -> None:
    words = written(screen.summary(read(PAGE), title="Later", rows=5))
    assert "athena up, 0.0 s behind   lookup DOWN" in words


def test_the_dearest_comes_first_then_the_most_bytes_then_the_name() -> None:
    usages = {
        "b": Usage(queries=1), "a": Usage(queries=1), "reads": Usage(scanned_bytes=9), "pays": Usage(cost_nanousd=1),
    }  # fmt: skip  # one line shows the order at a glance
    assert [name for name, _ in dearest(usages)] == ["pays", "reads", "a", "b"]
    assert total(usages) == Usage(queries=2, scanned_bytes=9, cost_nanousd=1)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1536, "1.50 KiB"),
        (10_240, "10.0 KiB"),
        (2**50 * 3000, "3000 PiB"),
    ],
)
def test_bytes_have_three_digits(number: int, words: str) -> None:
    assert screen.bytes_words(number) == words


@pytest.mark.parametrize(
    ("amount", "words"), [(0.0, "$0.00"), (0.0036, "$0.0036"), (0.1, "$0.10"), (1234.5, "$1,234.50")]
)
def test_small_sums_show_more_than_cents(amount: float, words: str) -> None:
    assert screen.dollars_words(amount) == words


@pytest.mark.parametrize(("width", "height"), [(130, 60), (130, 24), (112, 24), (80, 40), (80, 24)])
def test_a_terminal_shows_the_summary_whole(width: int, height: int) -> None:
    many = {f"subject-{number}": Usage(queries=number) for number in range(30)}
    figures = replace(read(PAGE), users_today=many, workgroups_today=many)
    rows = screen.rows_that_fit(width, height)
    assert rows >= 3
    paper = Console(file=io.StringIO(), width=width, color_system=None)
    with paper.capture() as capture:
        paper.print(screen.summary(figures, title="Now", rows=rows))
    assert capture.get().count("\n") < height


def test_the_smallest_terminal_still_gets_the_top_three() -> None:
    assert screen.rows_that_fit(80, 10) == 3


@pytest.mark.process  # it holds the ports that a demo wants
def test_a_part_that_does_not_get_ready_is_told_with_its_last_answer(tmp_path: Path) -> None:
    ticks = count(step=50)
    world = World(console=Console(), signals=Signals(), environment={}, monotonic=lambda: float(next(ticks)))
    demo = Demo(world, Folders(files=tmp_path, ledger=tmp_path), Wishes())

    def attempt() -> None:
        raise NoAnswerError("nobody is at home")

    with pytest.raises(SlowStartError, match="exporter was not ready within 120 s: nobody is at home"):
        demo._until("exporter", attempt)
    demo._end()


def test_a_taken_port_moves_on_to_the_next_free_one_and_no_two_are_alike() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        held = ports.Held(taken, taken + 1)
        first, second = held.addresses
        other = ports.Held(second.port)
        assert other.addresses[0].port != second.port, "what is held is taken"
        other.close()
        held.close()
    assert first.port > taken + 1
    assert first.note == f"(port {taken} was taken)"
    assert second.port != first.port


def test_prometheus_reads_the_demo_with_the_projects_own_configuration() -> None:
    committed = parts.PROVISIONING.read_text(encoding="utf-8")
    document = yaml.safe_load(parts.prometheus_configuration(committed, [Path("/it/a.yaml")], EXPORTER))
    expected = yaml.safe_load(committed)
    expected["global"] = dict.fromkeys(expected["global"], parts.SCRAPE_INTERVAL)
    expected["scrape_configs"][0]["static_configs"] = [{"targets": ["127.0.0.1:19001"]}]
    expected["rule_files"] = ["/it/a.yaml"]
    assert document == expected


def test_other_jobs_of_the_configuration_stay_what_they_are() -> None:
    other: dict[str, Any] = {"job_name": "other", "static_configs": [{"targets": ["x:1"]}]}
    committed = yaml.safe_dump({"global": {}, "scrape_configs": [other]})
    document = yaml.safe_load(parts.prometheus_configuration(committed, [], EXPORTER))
    assert document == {"global": {}, "scrape_configs": [other]}


def test_the_demos_rules_are_the_projects_own_evaluated_as_often_as_it_scrapes(tmp_path: Path) -> None:
    rules = parts.committed_rules(parts.PROVISIONING.read_text(encoding="utf-8"))
    assert rules
    for path, copy in zip(rules, parts.hastened_rules(rules, tmp_path / "rules"), strict=True):
        own, hastened = (yaml.safe_load(one.read_text(encoding="utf-8"))["groups"] for one in (path, copy))
        assert {group["interval"] for group in hastened} == {parts.SCRAPE_INTERVAL}
        assert [group | {"interval": None} for group in hastened] == [group | {"interval": None} for group in own]


@pytest.mark.parametrize("now", [NOW, NOW.replace(hour=0, minute=0), NOW.replace(hour=23, minute=59)])
def test_the_past_of_the_account_holds_the_whole_of_yesterday(now: datetime) -> None:
    command = parts.testbed_command(EXPORTER, now)
    history = timedelta(seconds=float(command[command.index("--history") + 1].removesuffix("s")))
    assert now - history == datetime(2026, 3, 26, tzinfo=UTC)


def test_a_child_sees_made_up_credentials_and_nothing_of_the_persons_own() -> None:
    own = {
        "PATH": "/bin",
        "AWS_PROFILE": "mine",
        "AWS_SESSION_TOKEN": "s",
        "HTTPS_PROXY": "http://proxy",
        "no_proxy": "x",
    }
    seen = parts.environment(own)
    assert seen.keys() == {
        "PATH", "no_proxy", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED",
    }  # fmt: skip  # a set reads best as one


def test_a_child_that_ended_is_quoted_with_its_last_lines(tmp_path: Path) -> None:
    child = Child("talker", ["/bin/sh", "-c", "seq 1 40; exit 3"], log=tmp_path / "log", environment={})
    child.wait()
    with pytest.raises(ChildEndedError, match="talker ended with exit code 3") as caught:
        child.check()
    assert str(caught.value).splitlines()[1:] == [f"  {number}" for number in range(26, 41)]


def test_a_child_that_ended_without_a_word_is_said_so(tmp_path: Path) -> None:
    child = Child("mute", ["/bin/true"], log=tmp_path / "log", environment={})
    child.wait()
    child.ask_to_end()
    with pytest.raises(ChildEndedError, match="it wrote nothing"):
        child.check()


@pytest.fixture
def refusing() -> Iterator[ports.Address]:
    """A server that answers 503."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503, "Not Yet")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield ports.Address(port=server.server_port, wanted=server.server_port)
        server.shutdown()
        thread.join()


def test_an_answer_that_is_none_is_told_with_its_status(refusing: ports.Address) -> None:
    with pytest.raises(NoAnswerError, match="/metrics: 503 Not Yet"):
        ask(refusing, "/metrics")


def test_silence_is_told_with_the_address() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NoAnswerError, match=f"http://127.0.0.1:{port}/x: "):
        ask(ports.Address(port=port, wanted=port), "/x")


def test_the_runaway_starts_what_is_due_until_somebody_stops_a_query() -> None:
    runaway = Runaway()
    assert runaway.due(timedelta(seconds=2), NOW) == []
    first = [query for second in range(3, 20) for query in runaway.due(timedelta(seconds=second), NOW)]
    assert {query["person"] for query in first} == {PERSON}
    assert sum(query["scanned_bytes"] for query in first) > 20 * 2**40
    assert runaway.due(timedelta(seconds=19), NOW) == [], "each is started once"
    assert runaway.due(timedelta(seconds=25), NOW)
    runaway.give_up()
    assert runaway.due(timedelta(seconds=60), NOW) == []


def test_the_runaway_goes_home_by_itself() -> None:
    runaway = Runaway()
    assert runaway.due(timedelta(hours=1), NOW)
    assert runaway.due(timedelta(hours=2), NOW) == []


def test_what_becomes_of_the_runaway_is_told_once_with_the_time_it_was_seen() -> None:
    answers: dict[str, str | None] = {"metric": None, "alert": None}
    told = story.Story([story.Step(name=name, probe=lambda name=name: answers[name]) for name in answers])  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    assert list(told.look(NOW)) == []
    answers["metric"] = "1.2"
    (seen,) = told.look(NOW)
    assert (seen.name, seen.at, seen.words) == ("metric", NOW, "1.2")
    assert list(told.look(NOW + timedelta(seconds=1))) == []
    assert told.open == ["alert"]
    assert "15:20:00.000  metric: 1.2" in written(screen.story(told))
    assert "not yet: alert" in written(screen.story(told))


def test_each_step_is_the_runaways_own_and_nobody_elses() -> None:
    share = 'athena_budget_used_ratio{{budget="user-day",subject="{}"}} {}\n'
    assert story.crossed(share.format(PERSON, 0.99) + share.format("ana", 3)) is None
    assert story.crossed(share.format(PERSON, 1.5)) is not None
    alert = {"labels": {"alertname": story.ALERT, "subject": PERSON, "severity": "critical"}, "state": "pending"}
    assert story.firing({"data": {"alerts": [alert]}}) is None
    assert story.firing({"data": {"alerts": [alert | {"state": "firing"}]}}) is not None
    letter = {"body": {"subject": PERSON, "level": "warned", "text": "t"}}
    assert story.told([letter]) is None
    assert story.told([letter, {"body": {"subject": PERSON, "level": "exceeded", "text": "over\nand more"}}]) == "over"
    done = 'athena_guard_actions_total{{budget="user-day",action="stop_query",result="{}"}} {}\n'
    assert story.stopped(done.format("stopped", 0) + done.format("denied", 4)) is None
    assert story.stopped(done.format("stopped", 2)) is not None
