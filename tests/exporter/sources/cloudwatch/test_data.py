"""GetMetricData's answers, the odd ones too."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_cloudwatch import FakeCloudWatch

from athena_exporter.sources.cloudwatch.data import Question, Reading, read
from athena_exporter.sources.cloudwatch.series import list_metrics
from athena_exporter.sources.errors import GarbledAnswerError

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Scripted:
    """A CloudWatch that answers what it was told, one answer a call, and the last one for ever."""

    def __init__(self, *answers: Mapping[str, Any]) -> None:
        self._answers = list(answers)
        self.calls = 0

    def get_metric_data(self, **_: Any) -> Mapping[str, Any]:
        self.calls += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    list_metrics = get_metric_data


def question(name: str = "TotalExecutionTime", statistics: Sequence[str] = ("Sum",)) -> Question:
    return Question(namespace="AWS/Athena", name=name, dimensions=(("WorkGroup", "etl"),), statistics=tuple(statistics))


def result(values: Sequence[object], status: str | None = "Complete", **more: Any) -> dict[str, Any]:
    times = [NOON + place * MINUTE for place in range(len(values))]
    told = {"Id": "m0_sum", "Timestamps": times, "Values": list(values)}
    return told | ({"StatusCode": status} if status else {}) | more


def reading(*answers: Mapping[str, Any]) -> Reading:
    return read(Scripted(*answers), [question()], NOON, NOON + 10 * MINUTE, clock=lambda: NOON)


def test_an_answer_without_a_status_is_taken_for_complete() -> None:
    found = reading({"MetricDataResults": [result([1, 2], status=None)]})
    assert (found.of(0, "Sum"), found.incomplete) == ({NOON: 1, NOON + MINUTE: 2}, set())


def test_a_metric_that_is_not_answered_at_all_is_incomplete() -> None:
    assert reading({"MetricDataResults": []}).incomplete == {0}


def test_a_partial_answer_is_complete_once_its_last_page_says_so() -> None:
    first = {"MetricDataResults": [result([1], "PartialData")], "NextToken": "more"}
    later = {"Id": "m0_sum", "Timestamps": [NOON + MINUTE], "Values": [2], "StatusCode": "Complete"}
    found = reading(first, {"MetricDataResults": [later]})
    assert (len(found.of(0, "Sum")), found.incomplete) == (2, set())
    assert reading(first, {"MetricDataResults": [result([2], "InternalError")]}).incomplete == {0}


def test_values_that_are_no_amounts_are_left_out_and_counted() -> None:
    found = reading({"MetricDataResults": [result([1, -1, math.nan, math.inf, "5", True, 2])]})
    assert list(found.of(0, "Sum").values()) == [1, 2]
    assert (found.malformed, found.incomplete) == (5, set())


def test_times_and_values_that_do_not_pair_are_not_guessed() -> None:
    found = reading({"MetricDataResults": [result([1, 2], Timestamps=[NOON])]})
    assert (found.of(0, "Sum"), found.malformed, found.incomplete) == ({}, 1, {0})


def test_what_lies_outside_the_stretch_or_was_not_asked_for_is_passed_over() -> None:
    outside = result([1, 2, 3], Timestamps=[NOON - MINUTE, NOON, NOON + 10 * MINUTE])
    found = reading({"MetricDataResults": [outside, result([9], Id="m7_sum")]})
    assert found.of(0, "Sum") == {NOON: 2}


def test_pages_that_go_round_in_a_circle_are_refused() -> None:
    page = {"MetricDataResults": [], "Metrics": [], "NextToken": "again"}
    with pytest.raises(GarbledAnswerError, match="circle"):
        reading(page)
    with pytest.raises(GarbledAnswerError, match="circle"):
        list_metrics(Scripted(page), "TotalExecutionTime", is_recent=True, clock=lambda: NOON)


def test_more_questions_than_a_request_takes_are_split_between_metrics() -> None:
    cloudwatch = FakeCloudWatch(now=NOON)
    questions = [question(f"Metric{number}", ("Sum", "Maximum", "SampleCount")) for number in range(400)]
    read(cloudwatch, questions, NOON, NOON + MINUTE, clock=lambda: NOON)
    asked = [[query["Id"] for query in each["MetricDataQueries"]] for each in cloudwatch.asked]
    assert [len(ids) for ids in asked] == [498, 498, 204]
    assert all(len(ids) % 3 == 0 for ids in asked)


def test_no_question_is_no_request() -> None:
    cloudwatch = FakeCloudWatch(now=NOON)
    assert read(cloudwatch, [], NOON, NOON + MINUTE, clock=lambda: NOON).points == {}
    assert cloudwatch.asked == []
