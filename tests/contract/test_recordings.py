"""The testbed against AWS: answers that `check --record` has kept, and whether ours are like them.

Without ATHENA_RECORDINGS the folder is the repository's own, recorded from the testbed: then these tests notice when
the testbed's answers change. With a folder from a real account they say whether the testbed is right.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_knowledge import FakeKnowledge
from recordings import (
    Recording,
    Replay,
    as_recordings,
    differences,
    from_testbed,
    looks,
    misfits,
    read_folder,
)
from source_world import TARGET, local_time, session_with
from whole_exporter import CREDENTIALS

import athena_testbed
from athena_exporter.records import Workgroups
from athena_exporter.sources.executions import read_execution
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.starts import read_event
from athena_exporter.sources.workgroups import WorkgroupsSource

OWN = Path(__file__).parent / "recordings"
FOLDER = Path(os.environ.get("ATHENA_RECORDINGS") or OWN)
NOW = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)
RELIED_ON = {
    "athena.BatchGetQueryExecution": (
        ".QueryExecutions[].QueryExecutionId",
        ".QueryExecutions[].Query",
        ".QueryExecutions[].WorkGroup",
        ".QueryExecutions[].Status.State",
        ".QueryExecutions[].Status.SubmissionDateTime",
        ".QueryExecutions[].Status.CompletionDateTime",
        ".QueryExecutions[].StatementType",
        ".QueryExecutions[].Statistics.DataScannedInBytes",
        ".QueryExecutions[].Statistics.EngineExecutionTimeInMillis",
        ".QueryExecutions[].Statistics.TotalExecutionTimeInMillis",
    ),
    "athena.ListQueryExecutions": (".QueryExecutionIds[]",),
    "athena.ListWorkGroups": (".WorkGroups[].Name", ".WorkGroups[].State"),
    "athena.GetWorkGroup": (
        ".WorkGroup.State",
        ".WorkGroup.Configuration.PublishCloudWatchMetricsEnabled",
        ".WorkGroup.Configuration.EnforceWorkGroupConfiguration",
    ),
    "cloudtrail.LookupEvents": (
        ".Events[].EventId",
        ".Events[].EventTime",
        ".Events[].CloudTrailEvent.eventID",
        ".Events[].CloudTrailEvent.userIdentity.type",
        ".Events[].CloudTrailEvent.responseElements.queryExecutionId",
    ),
    "monitoring.ListMetrics": (".Metrics[].Dimensions[].Name", ".Metrics[].Dimensions[].Value"),
    "monitoring.GetMetricData": (".MetricDataResults[].Id", ".MetricDataResults[].StatusCode"),
    "servicequotas.GetServiceQuota": (".Quota.Value",),
}
"""Members that our parsers cannot do without, where the operation was recorded at all."""


@pytest.fixture(scope="module", autouse=True)
def _credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def running() -> Iterator[athena_testbed.Running]:
    """A working day of every kind of query; its clock stands still."""
    settings = athena_testbed.Settings(
        history=timedelta(days=1), history_queries_per_day=4000, queries_per_minute=0, rates=None,
        cloudtrail_delay=timedelta(seconds=1), listmetrics_delay=timedelta(0),
    )  # fmt: skip  # one account
    with athena_testbed.running(settings, clock=lambda: int(NOW.timestamp() * 1000)) as running:
        yield running


@pytest.fixture(scope="module")
def recorded(running: athena_testbed.Running, request: pytest.FixtureRequest) -> dict[str, Recording]:
    """The folder's recordings; `--update-golden` records the repository's own anew."""
    if request.config.getoption("--update-golden") and FOLDER == OWN:
        assert os.environ.get("CI", "").lower() != "true", "--update-golden is for a person's machine: CI compares"
        for old in OWN.glob("*.json"):
            old.unlink()
        from_testbed(running, NOW).write(OWN)
    found = read_folder(FOLDER)
    assert found, f"{FOLDER} holds no recording: run athena-exporter check --record {FOLDER}"
    return found


def test_every_recorded_answer_fits_botocores_shape(recorded: dict[str, Recording]) -> None:
    wrong = [
        f"{each.name}{fault}"
        for each in recorded.values()
        for answer in each.answers
        for fault in misfits(each.shape, answer)
    ]
    assert wrong == []


def test_every_member_that_our_parsers_rely_on_was_recorded(recorded: dict[str, Recording]) -> None:
    lacking = [
        f"{name}{path}"
        for name, paths in RELIED_ON.items()
        if name in recorded and recorded[name].answers
        for path in paths
        if path not in looks(recorded[name]).there
    ]
    assert lacking == []


def test_every_recorded_execution_is_read_without_a_malformed_value(recorded: dict[str, Recording]) -> None:
    executions = [raw for answer in parsed(recorded["athena.BatchGetQueryExecution"]) for raw in answer]
    assert executions
    for raw in executions:
        reading = read_execution(raw)
        assert reading.record is not None, raw
        assert reading.malformed == 0, raw


def parsed(recording: Recording) -> Iterator[list[dict[str, Any]]]:
    """The executions of each answer, with times as botocore gives them."""
    for answer in recording.answers:
        for raw in answer["QueryExecutions"]:
            for name in ("SubmissionDateTime", "CompletionDateTime"):
                if name in raw["Status"]:
                    raw["Status"][name] = datetime.fromtimestamp(raw["Status"][name], tz=UTC)
        yield answer["QueryExecutions"]


def test_every_recorded_start_is_read(recorded: dict[str, Recording]) -> None:
    events = [event for answer in recorded["cloudtrail.LookupEvents"].answers for event in answer["Events"]]
    assert events
    for event in events:
        assert read_event(event, rules=IdentityRules.of(), target=TARGET) is not None, event


def test_the_recorded_workgroups_pass_through_the_source(recorded: dict[str, Recording]) -> None:
    with closing(session_with("http://127.0.0.1:9", Counter(), observe=Replay(recorded).observe)) as session:
        source = WorkgroupsSource(
            client=session.athena(), quotas=None, target=TARGET, clock=local_time, tags=("component",)
        )
        batches = list(source.read(FakeKnowledge()))
    assert sum(batch.malformed for batch in batches) == 0
    (told,) = (record for batch in batches for record in batch.records if isinstance(record, Workgroups))
    assert len(told.items) == len(recorded["athena.ListWorkGroups"].answers[0]["WorkGroups"])
    assert all(item.is_publishing is not None for item in told.items)


def test_the_testbed_answers_as_it_was_recorded(
    running: athena_testbed.Running, recorded: dict[str, Recording]
) -> None:
    ours = as_recordings(from_testbed(running, NOW, longest_list=1000, most_exchanges=100))
    unlike = [f"{name}: the testbed was never asked" for name in sorted(recorded.keys() - ours.keys())]
    for name in sorted(recorded.keys() & ours.keys()):
        unlike += differences(ours[name], recorded[name])
    assert unlike == []


# -- the judge itself -------------------------------------------------------------------------------------------------


def recording(*answers: object) -> Recording:
    exchanges = [{"request": {}, "status": 200, "answer": answer} for answer in answers]
    return Recording(service="athena", operation="ListWorkGroups", exchanges=exchanges)


def test_a_member_that_the_testbed_lacks_is_told() -> None:
    found = list(differences(recording({"A": 1}), recording({"A": 1, "B": {"C": "x"}})))
    assert found == [
        "athena.ListWorkGroups.B: recorded, and the testbed never has it",
        "athena.ListWorkGroups.B.C: recorded, and the testbed never has it",
    ]


def test_a_member_of_another_type_is_told() -> None:
    (found,) = differences(recording({"A": 1}), recording({"A": "1"}))
    assert found == "athena.ListWorkGroups.A: recorded as text, the testbed has number"


def test_a_member_that_only_the_testbed_has_is_told_once_there_is_enough_to_tell() -> None:
    ours = recording({"L": [{"A": 1, "B": 2}, {"A": 1, "B": 3}]})
    assert list(differences(ours, recording({"L": [{"A": 1}] * 2}))) == []
    (found,) = differences(ours, recording({"L": [{"A": 1}] * 3}))
    assert found == "athena.ListWorkGroups.L[].B: the testbed always has it, and it was never recorded"


def test_a_member_that_is_sometimes_missing_may_be_missing() -> None:
    assert list(differences(recording({"L": [{"A": 1}, {}]}), recording({"L": [{}] * 5}))) == []


def test_a_value_of_the_wrong_type_is_no_fit() -> None:
    shape = recording().shape
    assert list(misfits(shape, {"WorkGroups": [{"Name": "etl", "New": 1}]})) == []
    assert list(misfits(shape, {"WorkGroups": [{"Name": 5}]})) == [".WorkGroups[].Name: wanted string, found number"]
    assert list(misfits(shape, {"WorkGroups": {}})) == [".WorkGroups: wanted list, found structure"]


def test_errors_are_recorded_and_not_compared() -> None:
    refused = replace(recording(), exchanges=[{"request": {}, "status": 400, "answer": {"__type": "X"}}])
    assert refused.answers == []
    assert list(differences(recording({"A": 1}), refused)) == []
