"""The exporter as a process, its two sources replaced by generated batches; the benchmarks scrape and watch it.

Commands come on standard input, one a line, and each is answered with one line: `idle`, `million` (a million queries
a day) and `rush` (batches of 500 back to back) choose the load; `apply N` applies N queries of one day and prunes
every hour of it. Beside it, on a port of its own, stands bare prometheus_client: `generate_latest` in the request.
"""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from known import fresh, open_ledger
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.registry import Collector
from workload import NOON, TARGET, Company

from athena_exporter import catalog
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets import server
from athena_exporter.poller import Clocks, Poller, Threads
from athena_exporter.records import Batch, Sample, Target
from athena_exporter.sources import Knowledge
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session
from athena_exporter.telemetry import Telemetry

_MILLION_A_SECOND = 1_000_000 / 86_400
_PER_HOUR = 24


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
        began = time.monotonic()
        self.exposition = server.Exposition()
        self._ledger = ledger
        self._now = lambda: NOON + timedelta(seconds=time.monotonic() - began)
        clocks = Clocks(now=self._now, monotonic=time.monotonic)
        self._poller = Poller(ledger=ledger, telemetry=Telemetry(), publisher=self.exposition, clocks=clocks)
        self._company = Company(seed=int(began * 1000))
        self._load = "idle"
        self._idle = threading.Event()
        # Never called here, but a part of the process's memory as it is in life.
        rates = Rates(share=0.5, clock=time.monotonic, sleep=time.sleep)
        session = Session(region=TARGET.region, rates=rates, count=lambda *_: None)
        self._clients = (session.athena(), session.cloudtrail())

    def start(self, threads: Threads) -> None:
        """Publish and poll in the background."""
        self._poller.publish()
        threads.every(timedelta(seconds=1), self._poller.publish, "publish")
        threads.every(timedelta(0), self._poll, "poll")

    def command(self, line: str) -> str:
        """Do what a line says; the answer."""
        word, _, number = line.strip().partition(" ")
        if word == "apply":
            self._apply_day(int(number))
            self._poller.publish()
        else:
            self._load = word
        return "done"

    def _poll(self) -> None:
        if self._load == "rush":
            self._applied(self._company.day(self._now(), 500))
        elif self._load == "million":
            self._applied(self._company.day(self._now(), round(_MILLION_A_SECOND)))
            self._idle.wait(1.0)
        else:
            self._idle.wait(0.05)

    def _apply_day(self, queries: int) -> None:
        pairs = self._company.day(self._now(), queries)
        for number, pair in enumerate(pairs, start=1):
            self._applied([pair])
            if number % max(1, queries // 500 // _PER_HOUR) == 0:
                self._ledger.prune(TARGET)

    def _applied(self, pairs: Iterable[tuple[Batch, Batch]]) -> None:
        if not self._poller.poll(Generated(chain.from_iterable(pairs))):
            raise RuntimeError("a batch was refused; the log says why")


class _Families(Collector):
    """Families built once: the other side pays for rendering alone."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._families = {metric.name: _family(metric) for metric in catalog.METRICS}
        for sample in samples:
            metric = catalog.BY_NAME[sample.metric]
            labels = metric.label_values(sample.target, sample.labels)
            self._families[metric.name].add_metric(labels, sample.value / metric.scale)

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """All of them, as they are."""
        yield from self._families.values()


def _family(metric: catalog.Metric) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if metric.type is catalog.MetricType.COUNTER else GaugeMetricFamily
    return kind(metric.name, metric.help, labels=metric.label_names)


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
    """`service.py LEDGER`: opens it, or makes a fresh one where there is none; ends with its input."""
    path = Path(sys.argv[1])
    with closing(open_ledger(path) if path.exists() else fresh(path)) as ledger:
        bench, threads = Bench(ledger), Threads()
        bench.start(threads)
        with server.serve("127.0.0.1:0", server.application(bench.exposition)) as web, bare(ledger.samples(NOON)) as port:
            print(web.address.port, port, flush=True)
            for line in sys.stdin:
                print(bench.command(line), flush=True)
        threads.stop()
        threads.wait(timedelta(seconds=60))


if __name__ == "__main__":
    main()
