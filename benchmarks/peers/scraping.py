"""One scraper for all exporters, as Prometheus is one: at fixed intervals, with gzip, each exporter at its own turn."""

import gzip
import os
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from measure import memory

from peers.programs import Process

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Scrape:
    """A page, when it was there (seconds since 1970), and how long it took."""

    seen: float
    seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far: seconds of processor, MB of memory now and at most."""

    cpu: float
    resident: float
    peak: float


@dataclass(slots=True)
class Watched:
    """An exporter's scrapes, and the errors that came instead."""

    process: Process
    scrapes: list[Scrape] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def scrape(self, timeout: float) -> None:
        """Once."""
        request = urllib.request.Request(self.process.program.url, headers={"Accept-Encoding": "gzip"})
        began = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                body = answer.read()
                seconds, seen = time.perf_counter() - began, time.time()
                packed = answer.headers.get("Content-Encoding") == "gzip"
        except OSError as error:
            self.errors.append(str(error))
        else:
            text = (gzip.decompress(body) if packed else body).decode()
            self.scrapes.append(Scrape(seen, seconds, text))


def usage(pid: int) -> Usage:
    """What a process has used; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    user, system = (int(fields[place]) / _TICKS for place in (11, 12))  # man 5 proc: utime, stime
    return Usage(user + system, *memory(pid))


@contextmanager
def scraping(processes: Sequence[Process], interval: float) -> Iterator[list[Watched]]:
    """Scrape all of them in the background for as long as the body lasts."""
    ended = threading.Event()
    watched = [Watched(process) for process in processes]
    threads = [
        threading.Thread(target=_repeat, args=(one, interval, interval * place / len(watched), ended))
        for place, one in enumerate(watched)
    ]
    for thread in threads:
        thread.start()
    try:
        yield watched
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _repeat(watched: Watched, interval: float, offset: float, ended: threading.Event) -> None:
    due = time.monotonic() + offset
    while not ended.wait(max(0.0, due - time.monotonic())):
        watched.scrape(timeout=interval)
        due += interval
