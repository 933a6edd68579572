"""Freshness: from a query's end to its counter in `/metrics`, by the sweep alone and through EventBridge."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import boto3
import yaml
from measure import percentile, say, table, verdict, workplace
from process import AWS_ENVIRONMENT
from prometheus_client.parser import text_string_to_metric_families

import athena_testbed
from athena_exporter import catalog

SECONDS = 120
QUERIES_PER_MINUTE = 240
BAR = 15.0
"""Seconds from the end to the counter, in the median, through EventBridge."""
SWEEP, EVENTS = "`athena` alone (defaults)", "`eventbridge`"
_REGION = "eu-west-1"
_INTRODUCTION = """\
## Freshness

From a query's end to its counter on the page. Queries take as long as they do, EventBridge sends its news a second
later in the median, statistics follow the end by up to one and a half, and the exporter has its defaults: a sweep every
15 seconds, a page every five. The n-th query counted is held to be the n-th that ended. The last row is no measurement:
it is the delay that exporters of CloudWatch's metrics recommend, because younger values are revised."""
_RULES = {
    "states": {"source": ["aws.athena"], "detail-type": ["Athena Query State Change"]},
    "starts": {"source": ["aws.athena"], "detail-type": ["AWS API Call via CloudTrail"]},
}


def main() -> None:
    """Both sides, one after the other, each with an account and a ledger of its own."""
    folder = workplace(sys.argv)
    ages = {name: _measured(folder, name) for name in (SWEEP, EVENTS)}
    rows = [
        (name, str(len(one)), f"{statistics.median(one):.1f}", f"{percentile(one, 95):.1f}", f"{max(one):.1f}")
        for name, one in ages.items()
    ]
    rows.append(("CloudWatch, copied with its usual delay", "", "300 to 600", "", ""))
    results = table(["Route", "Queries", "Median, s", "95 of 100, s", "Longest, s"], rows)
    met = verdict(met=statistics.median(ages[EVENTS]) < BAR)
    print(f"{_INTRODUCTION}\n\n{results}\n\nThe median through EventBridge is below {BAR:.0f} s: {met}.")


def _measured(folder: Path, name: str) -> Sequence[float]:
    say(f"freshness: {name}")
    settings = athena_testbed.Settings(queries_per_minute=QUERIES_PER_MINUTE, lost_changes=0)
    with (
        athena_testbed.running(settings) as account,
        _queue(account.url) as url,
        tempfile.TemporaryDirectory(dir=folder) as place,
        _exporter(Path(place), account.url, url if name == EVENTS else None) as page,
    ):
        return _ages(account, page)


@contextmanager
def _queue(endpoint: str) -> Iterator[str]:
    """A queue and the rules that fill it."""
    sqs, events = (
        boto3.client(service, region_name=_REGION, endpoint_url=endpoint, aws_access_key_id="bench",
                     aws_secret_access_key="bench")
        for service in ("sqs", "events")
    )  # fmt: skip  # one call
    with closing(sqs), closing(events):
        url = sqs.create_queue(QueueName=f"freshness-{uuid.uuid4().hex}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for name, pattern in _RULES.items():
            events.put_rule(Name=name, EventPattern=json.dumps(pattern))
            events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        yield url
        sqs.delete_queue(QueueUrl=url)


@contextmanager
def _exporter(folder: Path, endpoint: str, queue_url: str | None) -> Iterator[str]:
    """The exporter as a process with its defaults, but for the warm-up of new series; its page."""
    told = {
        "aws": {"endpoint_url": endpoint},
        "ledger": {"path": str(folder / "ledger.db")},
        "exposition": {"series_warmup": "0s"},
        "sources": {"eventbridge": {"enabled": queue_url is not None, "queue_url": queue_url}},
    }
    (folder / "exporter.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
    command = [sys.executable, "-m", "athena_exporter", "serve", "--config", str(folder / "exporter.yml"),
               "--web.listen-address", "127.0.0.1:0"]  # fmt: skip  # one command
    environment = {**os.environ, **AWS_ENVIRONMENT, "AWS_REGION": _REGION}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "serving on" in line)
            yield line[line.index("http://") :].strip().strip('"') + "/metrics"
        finally:
            process.terminate()


def _ages(account: athena_testbed.Running, page: str) -> Sequence[float]:
    curve: list[tuple[float, float]] = []
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        curve.append((account.testbed.now_ms() / 1000, _counted(page)))
        time.sleep(0.2)
    with account.account.lock:
        ends = sorted(plan.ended_ms / 1000 for plan in account.account.ended(0, account.testbed.now_ms()))
    counts = [count for _, count in curve]
    return [curve[bisect_left(counts, n)][0] - end for n, end in enumerate(ends[: int(counts[-1])], start=1)]


def _counted(page: str) -> float:
    with urllib.request.urlopen(page, timeout=60) as answer:
        text = answer.read().decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == catalog.QUERIES.name
    )


if __name__ == "__main__":
    main()
