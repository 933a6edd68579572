"""The command `athena-testbed`: an AWS account on this machine, for a demo, a test or an afternoon of trying."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import click

from athena_testbed.durations import duration
from athena_testbed.faults import KINDS, FaultPlan
from athena_testbed.server import bind
from athena_testbed.settings import CAPACITY_DIMENSIONS, Rhythm, Settings
from athena_testbed.testbed import Testbed
from athena_testbed.world.catalogue import DATABASES

_HELP = f"""
An embedded AWS account: Athena, CloudTrail, CloudWatch with its Logs and Logs Insights, and Glue's catalogue of a
simulated company, over the real AWS wire protocols.

Point any AWS client at it, with any credentials:

\b
    athena-testbed --queries-per-minute 600 --cloudtrail-delay 5s &
    aws --endpoint-url http://127.0.0.1:9988 --region eu-west-1 athena list-work-groups

EventBridge's rules fill SQS queues. S3, SQS, STS and others are answered too, by moto. The limits of the real APIs
hold: 50 ids a batch, 50 events a page, one lookup attribute, the published token buckets. Nothing is written to disk.

Beside the AWS APIs there is a control plane, JSON on the same port:

\b
    GET    /_testbed/truth?since=&until=   what an observer should have counted, to the byte
           &undelivered=unattributed       ... where CloudTrail never delivered the event
    GET    /_testbed/truth/access          each query x table x mode that an observer should have told of
    GET    /_testbed/truth/access-events   each CloudTrail event that names a table
    GET    /_testbed/logs?group=&distinct= how many log events there are; by a field of their JSON; a page of them
    DELETE /_testbed/logs?group=           the events go, groups and streams stay
    POST   /_testbed/inbox/NAME            what a webhook's receiver gets, if this is its address
    GET    /_testbed/inbox?name=           all such letters, or those to one NAME
    GET    /_testbed/company               people, services, workgroups, databases, tables
    GET    /_testbed/status                the account's clock, how many queries run
    POST   /_testbed/quiesce, resume       no new queries (and when all will be over); new ones again
    POST   /_testbed/queries               one query, or a list, exactly as given
    DELETE /_testbed/workgroups/NAME       a workgroup disappears with its history
    GET    /_testbed/calls?access_key=     how often each operation was called, by result; metrics that AWS would bill
    DELETE /_testbed/calls                 they are counted anew
    GET    /_testbed/faults (PUT, POST)    the fault plan; replace it

A fault plan is a JSON list: [{{"kind": "throttle", "operation": "athena:*", "every": 5}}]. Every rule may have
operation, every, probability, times, after, for_seconds, workgroup. Kinds:

\b
{chr(10).join(f"    {kind:19}{text}" for kind, text in KINDS.items())}
"""


class _Read(click.ParamType[Any]):
    """A click type from a function that raises ValueError."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read text; defaults pass as they are."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except (ValueError, OSError) as error:
            self.fail(str(error), param, ctx)


def _rates(text: str) -> float:
    """A factor on the published rates; 0 stands for none at all."""
    named = {"real": 1.0, "off": 0.0}
    if text in named:
        return named[text]
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if factor <= 0:
        raise ValueError(f"{text!r} is none of real, off, or a factor above 0 such as 2.5")
    return factor


def _faults(text: str) -> tuple[dict[str, Any], ...]:
    source = text if text.lstrip().startswith("[") else Path(text).read_text(encoding="utf-8")
    rules = json.loads(source)
    if not isinstance(rules, list):
        raise ValueError("a fault plan is a JSON list of objects")  # noqa: TRY004 - click shows ValueErrors as usage errors
    FaultPlan(rules, 0)
    return tuple(rules)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{text!r} is no address; write 127.0.0.1:9988, with port 0 for a free one")
    return host, int(port)


_DURATION = _Read("DURATION", duration)


@click.command(help=_HELP, context_settings={"show_default": True, "max_content_width": 118})
@click.option("--listen-address", "address", type=_Read("HOST:PORT", _address), default="127.0.0.1:9988",
              help="Where to listen; port 0 takes a free one.")  # fmt: skip
@click.option("--seed", type=int, default=7, help="Same seed, same company.")
@click.option("--region", default="eu-west-1", help="The Region that holds the company.")
@click.option("--users", type=click.IntRange(40), default=48, help="How many people there are.")
@click.option("--queries-per-minute", type=click.FloatRange(0), default=60.0, help="How fast new queries arrive.")
@click.option("--max-queries", type=click.IntRange(0), help="Stop after so many new queries.  [default: never]")
@click.option("--history", type=_DURATION, default="1d", help="How far the past reaches back, such as 30d.")
@click.option("--history-queries-per-day", type=click.FloatRange(0), default=30_000.0, help="How busy that past was.")
@click.option("--rhythm", type=click.Choice([rhythm.value for rhythm in Rhythm]), default="history",
              help="Where working days and weekends show; new queries come steadily but for `always`.")  # fmt: skip
@click.option("--time-scale", type=click.FloatRange(0, min_open=True), default=1.0,
              help="Multiplies how long queries take.")  # fmt: skip
@click.option("--statistics-delay", type=_DURATION, default="1500ms",
              help="The longest time that statistics follow the final state.")  # fmt: skip
@click.option("--missing-statistics", type=click.FloatRange(0, 1), default=0.0,
              help="The share of queries whose statistics never come.")  # fmt: skip
@click.option("--cloudtrail-delay", type=_DURATION, default="300s",
              help="The median delay of CloudTrail events; single ones take up to 20 times as long.")  # fmt: skip
@click.option("--workgroups", type=click.IntRange(15, 1000), default=15, help="How many workgroups there are.")
@click.option("--cloudwatch-delay", type=_DURATION, default="120s",
              help="How long after a query's end CloudWatch has its data points.")  # fmt: skip
@click.option("--listmetrics-delay", type=_DURATION, default="15m",
              help="How long after its first data point ListMetrics names a metric.")  # fmt: skip
@click.option("--capacity-dimension", type=click.Choice(CAPACITY_DIMENSIONS), default=CAPACITY_DIMENSIONS[0],
              help="How CloudWatch spells the dimension of a reservation.")  # fmt: skip
@click.option("--duplicate-events", type=click.FloatRange(0, 1), default=0.02, help="The share that comes twice.")
@click.option("--disordered-events", type=click.FloatRange(0, 1), default=0.03, help="The share out of order.")
@click.option("--state-change-delay", type=_DURATION, default="1s",
              help="The median delay of EventBridge's news of states.")  # fmt: skip
@click.option("--api-event-delay", type=_DURATION, default="120s",
              help="The median delay of CloudTrail's records through EventBridge.")  # fmt: skip
@click.option("--lost-changes", type=click.FloatRange(0, 1), default=0.001,
              help="The share of news of states that EventBridge loses.")  # fmt: skip
@click.option("--duplicate-changes", type=click.FloatRange(0, 1), default=0.01, help="The share that it sends twice.")
@click.option("--disordered-changes", type=click.FloatRange(0, 1), default=0.02,
              help="The share that it sends out of order.")  # fmt: skip
@click.option("--lost-events", type=click.FloatRange(0, 1), default=0.001, help="The share that never comes.")
@click.option("--governed-database", type=click.Choice([*DATABASES, ""]), default="finance",
              help="The database that Lake Formation governs, with GetDataAccess events; '' for none.")  # fmt: skip
@click.option("--catalogue-events", type=click.FloatRange(0, 1), default=0.3,
              help="The share of queries with events of what Athena asked of Glue.")  # fmt: skip
@click.option("--insights-delay", type=_DURATION, default="200ms", help="How long a Logs Insights query takes.")
@click.option("--failed-starts", type=click.FloatRange(0, 1), default=0.01, help="The share of refused starts.")
@click.option("--clock-skew", type=_DURATION, default="0", help="How far the account's clock is ahead.")
@click.option("--rates", type=_Read("real|off|FACTOR", _rates), default="real",
              help="The token buckets: as published, none, or scaled.")  # fmt: skip
@click.option("--faults", type=_Read("FILE|JSON", _faults), default=(), show_default=False,
              help="The fault plan: a file, or the JSON itself.")  # fmt: skip
def main(address: tuple[str, int], rates: float, rhythm: str, **values: Any) -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = Settings(rates=rates or None, rhythm=Rhythm(rhythm), **values)
    testbed = Testbed(settings)
    try:
        server = bind(testbed, *address)
    except OSError as error:
        raise click.UsageError(f"can't listen on {address[0]}:{address[1]}: {error.strerror}") from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: Thread(target=server.shutdown, daemon=True).start())
    click.echo(f"listening on http://{address[0]}:{server.port}")
    server.serve_forever(poll_interval=0.1)
    testbed.closing.set()
    server.hang_up()
    server.server_close()


if __name__ == "__main__":
    main(prog_name="athena-testbed")
