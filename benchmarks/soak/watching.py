"""What can be seen of the running exporter from outside: of its process, its ledger's file, its page, its ticks."""

import gzip
import http.client
import re
import sqlite3
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from measure import memory
from processes import Series, parse

from athena_exporter import catalog

SCRAPES = 5
_MB = 2**20
_TICKS_A_SECOND = 100
_ID = re.compile(r'"(?:access_id|query_id)":"([0-9a-f-]+)"')
_GUARD = '"event_type":"guard"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One midnight. MB are 2^20 bytes; times are medians of the day's ticks and of some scrapes.

    Attributes:
        day: days since the start.
        queries: how many have ended until now, as the account knows.
        ledger_mb: the ledger's used pages without the rollups, which are kept for longer than the run lasts.
        rollups_mb: those of the rollups.
        outbox: facts that wait, of the consumer that is furthest behind.
        cpu_s: seconds of the processor since the start.
        wall_s: seconds of the wall since the start.
    """

    day: int
    queries: int
    rss_mb: float
    peak_mb: float
    files: int
    threads: int
    ledger_mb: float
    rollups_mb: float
    file_mb: float
    wal_mb: float
    tick_ms: float
    tick_cpu_ms: float
    scrape_ms: float
    page_kb: float
    series: int
    outbox: float
    outbox_age_s: float
    events: int
    history_files: int
    cpu_s: float
    wall_s: float

    def json(self) -> dict[str, float]:
        """As it is kept."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What the kernel tells of a process."""

    pid: int

    def seen(self) -> dict[str, float]:
        """Its memory, open files, threads and time; Linux only."""
        place = Path(f"/proc/{self.pid}")
        rss, peak = memory(self.pid)
        fields = (place / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return {
            "rss_mb": rss,
            "peak_mb": peak,
            "files": len(list((place / "fd").iterdir())),
            "threads": len(list((place / "task").iterdir())),
            "cpu_s": (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND,
        }


def ledger(path: Path) -> dict[str, float]:
    """Used megabytes of a ledger's tables, of its rollups, and its files'. Someone else writes it meanwhile."""
    query = "SELECT name LIKE 'usage_%' OR name LIKE 'sqlite_autoindex_usage_%', sum(pgsize) FROM dbstat GROUP BY 1"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        sizes = {bool(is_rollup): size / _MB for is_rollup, size in connection.execute(query)}
    return {
        "ledger_mb": sizes.get(False, 0.0),
        "rollups_mb": sizes.get(True, 0.0),
        "file_mb": path.stat().st_size / _MB,
        "wal_mb": path.with_name(f"{path.name}-wal").stat().st_size / _MB,
    }


class Page:
    """The exporter's page, as Prometheus asks for it. Raises OSError: nobody answers."""

    def __init__(self, port: int) -> None:
        """Asks nothing yet."""
        self._port = port

    def read(self) -> bytes:
        """The gzipped text."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
            return connection.getresponse().read()

    def series(self) -> Series:
        """All that it says."""
        return parse(gzip.decompress(self.read()).decode())

    def seen(self) -> dict[str, float]:
        """The median of some scrapes, how long the text is, and what it says of the outbox."""
        times, text = [], b""
        for _ in range(SCRAPES):
            began = time.perf_counter()
            text = self.read()
            times.append(time.perf_counter() - began)
        plain = gzip.decompress(text)
        found = parse(plain.decode())
        return {
            "scrape_ms": statistics.median(times) * 1000,
            "page_kb": len(plain) / 1024,
            "series": len(found),
            "outbox": _most(found, catalog.OUTBOX_DEPTH.name),
            "outbox_age_s": _most(found, catalog.OUTBOX_OLDEST_AGE.name),
        }


def _most(series: Series, name: str) -> float:
    return max((value for (metric, _), value in series.items() if metric == name), default=0.0)


class Ticks:
    """The file in which the exporter notes its ticks."""

    def __init__(self, path: Path) -> None:
        """Nothing of it is read yet."""
        self._path = path
        self._read = 0

    def seen(self) -> dict[str, float]:
        """The medians of those since the last look, in milliseconds."""
        lines = self._path.read_text(encoding="ascii").splitlines()[self._read :]
        self._read += len(lines)
        both = [[float(number) * 1000 for number in line.split()] for line in lines]
        return {
            "tick_ms": statistics.median(wall for wall, _ in both),
            "tick_cpu_ms": statistics.median(cpu for _, cpu in both),
        }


class Delivered:
    """The ids that events had, each once; so that two of the same can be told from two."""

    def __init__(self) -> None:
        """None yet."""
        self._ids: dict[str, set[int]] = {}
        self.events: dict[str, int] = {}

    def add(self, group: str, messages: Iterator[str]) -> None:
        """More of a log group's events: of accesses, or of queries; what the guard did to a query is neither."""
        ids = self._ids.setdefault(group, set())
        for message in (one for one in messages if _GUARD not in one):
            found = {one[1] for one in _ID.finditer(message)}
            # An access has its query's id too; its own is the longer one.
            ids.add(int(max(found, key=len).replace("-", "")[:24], 16))
            self.events[group] = self.events.get(group, 0) + 1

    @property
    def distinct(self) -> Mapping[str, int]:
        """How many different ones, by log group."""
        return {group: len(ids) for group, ids in self._ids.items()}
