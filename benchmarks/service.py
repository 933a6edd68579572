"""The exporter as a process, its two sources replaced by generated batches; the benchmarks scrape and watch it.

Commands come on standard input, one a line, and each is answered with one line: `idle`, `million` (a million queries
a day) and `rush` (batches of 500 back to back) choose the load; `apply N` applies N queries of one day and prunes
every hour of it. With `bare`, prometheus_client stands beside it on a port of its own: `generate_latest` in the
request.
"""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from known import fresh, open_ledger
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from workload import NOON, TARGET, Company

from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets import server
from athena_exporter.outlets.metrics import render
from athena_exporter.poller import Clocks, Poller, Threads
from athena_exporter.records import Batch, Sample, Target
from athena_exporter.sources import Knowledge
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session
from athena_exporter.sources.tables import SqlReader
from athena_exporter.telemetry import Telemetry

_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_MILLION = 1_000_000
_HOURLY = 41_500
"""As many queries as an hour of such a day has, in whole batches."""


class Generated:
    """A source (the protocol of `sources`) that has its batches already."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._batches = batches

    @property
    def name(self) -> str:
        """As the real one."""
        return "athena"

    @property
    def target(self) -> Target:
        """The one account there is."""
        return TARGET

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """All of them; what is known changes nothing."""
        del knowledge
        yield from self._batches


class Bench:
    """The process's parts, joined as `athena-exporter serve` joins them."""

    def __init__(self, ledger: Ledger) -> None:
        self._began = time.monotonic()
        self.exposition = server.Exposition()
        self._ledger = ledger
        clocks = Clocks(now=self._now, monotonic=time.monotonic)
        self._poller = Poller(ledger=ledger, telemetry=Telemetry(), publisher=self.exposition, clocks=clocks)
        self._company = Company(seed=int(self._began * 1000))
        self._load = "idle"
        self._counted = 0
        self._idle = threading.Event()
        # Never called here, but a part of the process's memory as it is in life.
        rates = Rates(share=0.5, clock=time.monotonic, sleep=time.sleep)
        session = Session(region=TARGET.region, rates=rates, count=lambda *_: None)
        self._idlers = (session.athena(), session.cloudtrail(), SqlReader())

    def start(self, threads: Threads) -> None:
        """Publish and poll in the background."""
        self._poller.publish()
        threads.every(timedelta(seconds=1), self._poller.publish, "publish")
        threads.every(timedelta(0), self._poll, "poll")

    def command(self, line: str) -> str:
        """Do what a line says; the answer."""
        word, _, number = line.strip().partition(" ")
        if word == "apply":
            self._apply(int(number))
            self._poller.publish()
        else:
            self._load = word
        return "done"

    def _now(self) -> datetime:
        return NOON + timedelta(seconds=time.monotonic() - self._began)

    def _poll(self) -> None:
        if self._load == "rush":
            self._applied(self._company.day(self._now(), 500, span=_SECOND))
        elif self._load == "million":
            self._applied(self._company.day(self._now(), _MILLION // 86_400, span=_SECOND))
            self._idle.wait(1.0)
        else:
            self._idle.wait(0.05)

    def _apply(self, queries: int) -> None:
        """The next so many of a day that has a million of them, with a pruning every hour of it."""
        begins, span = NOON + self._counted * _DAY / _MILLION, queries * _DAY / _MILLION
        for pair in self._company.day(begins, queries, span=span):
            self._applied([pair])
            self._counted += len(pair[0].records)
            if self._counted % _HOURLY == 0:
                self._ledger.prune(TARGET)

    def _applied(self, pairs: Iterable[tuple[Batch, Batch]]) -> None:
        if not self._poller.poll(Generated(chain.from_iterable(pairs))):
            raise RuntimeError("a batch was refused; the log says why")


class _Families(Collector):
    """Families built once: the other side pays for rendering alone."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._families = list(text_string_to_metric_families(render(samples).decode()))

    def collect(self) -> Iterator[Metric]:
        """All of them, as they are."""
        yield from self._families


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # wsgiref's signature
        """Nothing: the other side writes no log either."""


@contextmanager
def bare(samples: Iterable[Sample]) -> Iterator[int]:
    """prometheus_client's own application and server with these samples; its port."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(samples))
    with make_server("127.0.0.1", 0, make_wsgi_app(registry), ThreadingWSGIServer, _Quiet) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            yield other.server_port
        finally:
            other.shutdown()
            thread.join()


def main() -> None:
    """`service.py LEDGER [bare]`: opens it, or makes a fresh one where there is none; ends with its input."""
    path = Path(sys.argv[1])
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(open_ledger(path) if path.exists() else fresh(path)))
        sys.setswitchinterval(server.SWITCH_AFTER)  # as `serve` does
        bench, threads = Bench(ledger), Threads(time.monotonic)
        bench.start(threads)
        web = stack.enter_context(server.serve("127.0.0.1:0", server.application(bench.exposition)))
        other = stack.enter_context(bare(ledger.samples(NOON))) if "bare" in sys.argv[2:] else 0
        print(web.address.port, other, flush=True)
        for line in sys.stdin:
            print(bench.command(line), flush=True)
        threads.stop()
        threads.wait(timedelta(seconds=60))


if __name__ == "__main__":
    main()
