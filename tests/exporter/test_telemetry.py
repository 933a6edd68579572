"""What calls to AWS cost, as the exposition tells it."""

from athena_exporter import catalog
from athena_exporter.budgets import Mode, Reason
from athena_exporter.records import Target
from athena_exporter.telemetry import Telemetry

TARGET = Target(account_id="123456789012", region="eu-west-1")


def costs(telemetry: Telemetry) -> dict[tuple[str, ...], float]:
    """US dollars by service, operation and result."""
    scale = catalog.AWS_COST_USD.scale
    return {
        sample.labels: sample.value / scale
        for sample in telemetry.samples()
        if sample.metric == catalog.AWS_COST_USD.name
    }


def test_a_free_call_has_a_cost_of_0_and_not_none() -> None:
    telemetry = Telemetry()
    telemetry.aws_call(TARGET, "athena", "ListWorkGroups", "ok")
    telemetry.aws_bill(TARGET, "athena", "ListWorkGroups", "ok", 1)
    assert costs(telemetry) == {("athena", "ListWorkGroups", "ok"): 0}


def test_metrics_and_requests_of_cloudwatch_cost_a_thousandth_of_a_cent() -> None:
    telemetry = Telemetry()
    for _ in range(2):
        telemetry.aws_bill(TARGET, "cloudwatch", "GetMetricData", "ok", 500)
    telemetry.aws_bill(TARGET, "cloudwatch", "ListMetrics", "ok", 1)
    assert costs(telemetry) == {
        ("cloudwatch", "GetMetricData", "ok"): 0.01,
        ("cloudwatch", "ListMetrics", "ok"): 0.00001,
    }


def test_what_aws_refused_is_free_and_what_was_lost_on_its_way_back_is_not() -> None:
    telemetry = Telemetry()
    for result in ("Throttling", "AccessDenied", "ConnectTimeoutError", "ReadTimeoutError", "GarbledAnswerError"):
        telemetry.aws_bill(TARGET, "cloudwatch", "GetMetricData", result, 100)
    assert {result: cost for (*_, result), cost in costs(telemetry).items() if cost} == {
        "ReadTimeoutError": 0.001,
        "GarbledAnswerError": 0.001,
    }


def test_the_guard_tells_one_mode_and_every_reason_also_with_0() -> None:
    telemetry = Telemetry()
    telemetry.guard(TARGET, Mode.ENFORCE, is_killed=True, waiting={Reason.PROTECTED: 2})
    shown = {(one.metric, one.labels): one.value for one in telemetry.samples()}
    assert {mode: shown[catalog.GUARD_MODE.name, (mode.value,)] for mode in Mode} == {
        Mode.OFF: 0, Mode.DRY_RUN: 0, Mode.ENFORCE: 1,
    }  # fmt: skip  # a row
    assert shown[catalog.GUARD_KILL_SWITCH.name, ()] == 1
    waiting = {reason: shown[catalog.GUARD_WAITING_QUERIES.name, (reason.value,)] for reason in Reason}
    assert waiting == dict.fromkeys(Reason, 0) | {Reason.PROTECTED: 2}
