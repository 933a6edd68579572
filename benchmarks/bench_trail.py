"""How fast a trail's files become records, beside gunzip alone, the standard library, DuckDB and jq."""

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from isal import igzip_lib
from measure import forget_peak, memory, say, table, verdict, workplace

import athena_testbed
from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import FailedStart, StartedQuery, Target
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.starts import read_record
from athena_exporter.sources.trail import Reading
from athena_exporter.sources.trail.scanning import PIECE, scan
from athena_testbed.testbed import Testbed
from athena_testbed.trail import noise

MB = 10**6
SET = 64 * MB
HOUR = 2_000 * MB
"""Bytes of JSON: the set that all read, and an hour of a large organisation."""
RECORDS_A_FILE = 4_000
STARTS = 0.007
"""Starts among all records: one to some thirty other calls to Athena and Glue, for clients ask again and again whether
their query has ended. Together they make a fifth."""
ROUNDS = 7
PEER_FILES = 3
"""Files that those read which are slow; their time is reckoned up to all."""
LARGE = (MB, 50 * MB, 320 * MB)
"""Bytes of JSON in single files; the last has some 50 MB when it is packed, which is as large as they come."""
PART = 2**20
HEAD, TAIL, BETWEEN = b'{"Records":[', b"]}", b'},{"eventVersion":"'
SETTLED = 20
"""Files after which the process that reads an hour has all that it needs."""
BAR, GOAL, BAR_JSON = 0.4, 0.5, 5.0
BEGIN_MS = 1_763_625_600_000
TARGET = Target(account_id=athena_testbed.ACCOUNT_ID, region="eu-west-1")
RULES = IdentityRules.of()
_DUCKDB = """
    SELECT count(*), count(r.responseElements.queryExecutionId), min(r.userIdentity.arn), min(r.eventTime)
    FROM (SELECT unnest(Records) AS r FROM read_json($1, maximum_object_size = 16000000, columns = {Records:
      'STRUCT(eventName VARCHAR, eventSource VARCHAR, eventID VARCHAR, eventTime VARCHAR, userAgent VARCHAR,
       userIdentity STRUCT(arn VARCHAR, "type" VARCHAR), responseElements STRUCT(queryExecutionId VARCHAR))[]'}))
    WHERE r.eventName = 'StartQueryExecution' AND r.eventSource = 'athena.amazonaws.com'
"""
_JQ = (
    '[.Records[] | select(.eventName == "StartQueryExecution") | {eventID, eventTime, userIdentity, responseElements}]'
    " | length"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is read: compressed files, the bytes of JSON in them, and the starts."""

    paths: Sequence[Path]
    data: Sequence[bytes]
    size: int
    starts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One file, the bytes of JSON in it, its records, and the ids of the starts among them."""

    path: Path
    size: int
    records: int
    starts: Sequence[str]


def written(folder: Path, size: int, seed: int = 7) -> Iterator[Written]:
    """Files of so many bytes of JSON in all. Always the same for a seed."""
    settings = athena_testbed.Settings(
        seed=seed, queries_per_minute=0, history=timedelta(hours=2), history_queries_per_day=40_000
    )
    testbed = Testbed(settings, clock=lambda: BEGIN_MS)
    testbed.account.advance()
    rng, number, done = Random(seed), 0, 0
    others = noise(seed, account_id=TARGET.account_id, region=TARGET.region, begin_ms=BEGIN_MS)
    while done < size:
        records: list[dict[str, Any]] = []
        starts: list[str] = []
        for other in islice(others, RECORDS_A_FILE):
            records.append(other)
            if rng.random() < STARTS:
                place = (number * 977 + len(starts) * 31) % testbed.account.size
                records.append(testbed.cloudtrail.events.record(place))
                starts += [records[-1]["eventID"]] if records[-1]["eventName"] == "StartQueryExecution" else []
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        path = folder / f"{number:05}.json.gz"
        path.write_bytes(gzip.compress(text, 6, mtime=0))
        number, done = number + 1, done + len(text)
        yield Written(path=path, size=len(text), records=len(records), starts=starts)


# -- those that are compared ------------------------------------------------------------------------------------------


def inflated(data: bytes) -> int:
    """isa-l alone, in pieces that stay in the cache: the fastest that it can be used."""
    member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    size = len(member.decompress(data, PIECE))
    while not member.eof:
        size += len(member.decompress(b"", PIECE))
    return size


def ours(data: bytes, events: Sequence[AccessEvent] = ()) -> int:
    """From compressed bytes to the ledger's records."""
    reading = _reading(tuple(events))
    return sum(reading.read(one, TARGET) is not None for one in scan(lambda: [data], reading.names))


_readings: dict[tuple[AccessEvent, ...], Reading] = {}


def _reading(events: tuple[AccessEvent, ...]) -> Reading:
    if events not in _readings:
        _readings[events] = Reading(rules=RULES, access_events=events)
    return _readings[events]


def by_json(data: bytes) -> int:
    """gzip and json, and the same reading of records."""
    many = json.loads(gzip.decompress(data))["Records"]
    wanted = (one for one in many if one["eventName"] == "StartQueryExecution")
    return sum(read_record(one, rules=RULES, target=TARGET) is not None for one in wanted)


def main() -> None:
    folder, before = workplace(sys.argv), os.getloadavg()[1]
    say("trail: writing files")
    place = Path(tempfile.mkdtemp(dir=folder))
    sets = list(written(place, SET))
    paths = [one.path for one in sets]
    files = Files(
        paths=paths, data=[path.read_bytes() for path in paths], size=sum(one.size for one in sets),
        starts=sum(len(one.starts) for one in sets),
    )  # fmt: skip  # rows
    alone = seconds(files, {
        "isa-l alone, in pieces": inflated,
        "isa-l alone, in one call": lambda data: len(igzip_lib.decompress(data, flag=igzip_lib.DECOMP_GZIP)),
        "zlib alone": lambda data: len(gzip.decompress(data)),
        "this exporter: starts": ours,
        "this exporter: starts and all events about tables": lambda data: ours(data, tuple(AccessEvent)),
    })  # fmt: skip  # rows
    say("trail: json, DuckDB, jq")
    alone |= seconds(files, {"gzip and json": by_json}, rounds=2)
    alone |= {name: found for name, found in (("DuckDB", duckdb(files)), ("jq", jq(files))) if found is not None}
    assert sum(map(ours, files.data)) == files.starts == sum(map(by_json, files.data))
    rates = {name: files.size / taken / MB for name, taken in alone.items()}
    say("trail: large files")
    print(_text(files, rates, processes(files), large(folder, sets[0]), hour(folder)))
    print(f"\nThe machine's load average was {before:.1f} at the start and {os.getloadavg()[1]:.1f} at the end.")


def seconds(files: Files, sides: dict[str, Callable[[bytes], int]], rounds: int = ROUNDS) -> dict[str, float]:
    """The processor's time for all files, the best of several rounds that take turns: others may load the machine."""
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(rounds):
        for name, read in sides.items():
            began = time.process_time()
            for data in files.data:
                read(data)
            best[name] = min(best[name], time.process_time() - began)
    return best


def duckdb(files: Files) -> float | None:
    """Its own processor time on one thread; None where it is not installed."""
    try:
        import duckdb as peer  # noqa: PLC0415 - a peer that need not be there
    except ImportError:
        return None
    with peer.connect(config={"threads": 1}) as connection:
        began = time.process_time()
        for path in files.paths[:PEER_FILES]:
            found = connection.execute(_DUCKDB, [[str(path)]]).fetchone()
            assert found is not None
            assert found[0] > 0
        taken = time.process_time() - began
    return taken * len(files.paths) / len(files.paths[:PEER_FILES])


def jq(files: Files) -> float | None:
    """gzip and jq, their processor time together; None where jq is not installed."""
    if shutil.which("jq") is None:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for path in files.paths[:PEER_FILES]:
        subprocess.run(
            ["bash", "-c", f"gzip -dc \"$0\" | jq '{_JQ}'", str(path)], check=True, stdout=subprocess.DEVNULL
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken * len(files.paths) / len(files.paths[:PEER_FILES])


def processes(files: Files) -> tuple[float, float]:
    """MB a second of the wall with one process and with two, both warm."""
    found = []
    for number in (1, 2):
        with ProcessPoolExecutor(number, mp_context=get_context("spawn")) as pool:
            list(pool.map(ours, files.data[: 2 * number]))
            began = time.perf_counter()
            list(pool.map(ours, [*files.data, *files.data]))
            found.append(2 * files.size / (time.perf_counter() - began) / MB)
    return found[0], found[1]


@dataclass(slots=True, kw_only=True)
class Hour:
    """An hour of a large organisation, file by file, none of them kept."""

    files: int = 0
    size: int = 0
    records: int = 0
    starts: int = 0
    seconds: float = 0.0
    grown_mb: float = 0.0


def hour(folder: Path) -> Hour:
    """Read it, and compare the id of every start with those that were written."""
    say("trail: an hour of a large organisation")
    place, seen, before = Path(tempfile.mkdtemp(dir=folder)), Hour(), 0.0
    for one in written(place, HOUR, seed=11):
        data = one.path.read_bytes()
        one.path.unlink()
        began = time.process_time()
        found = told(data)
        seen.seconds += time.process_time() - began
        assert found == one.starts, one.path.name
        seen.files, seen.size, seen.records = seen.files + 1, seen.size + one.size, seen.records + one.records
        seen.starts += len(found)
        if seen.files == SETTLED:
            before = memory(os.getpid())[1]
    seen.grown_mb = memory(os.getpid())[1] - before
    return seen


def told(data: bytes) -> list[str]:
    """The event ids of the starts in a file, in its order."""
    reading = _reading(())
    found = (reading.read(one, TARGET) for one in scan(lambda: [data], reading.names))
    return [str(one.event_id) for one in found if isinstance(one, StartedQuery | FailedStart)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """One large file, read by a process of its own: its bytes of JSON, those of gzip, and what the process grew by."""

    size: int
    packed: int
    grown_mb: float


def large(folder: Path, sample: Written) -> Sequence[Large]:
    """Files that repeat the same records, so that making them takes seconds."""
    inside = gzip.decompress(sample.path.read_bytes())[len(HEAD) : -len(TAIL)]
    found = []
    for size in LARGE:
        path, times = folder / "large.json.gz", max(1, size // len(inside))
        part = inside if size >= len(inside) else inside[: inside.rindex(BETWEEN, 0, size) + 1]
        with gzip.open(path, "wb", compresslevel=6) as file:
            file.write(HEAD + part)
            for _ in range(times - 1):
                file.write(b"," + part)
            file.write(TAIL)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            starts, grown = pool.submit(streamed, path).result()
        assert starts == times * part.count(b'"eventName":"StartQueryExecution"')
        found.append(Large(size=times * len(part), packed=path.stat().st_size, grown_mb=grown))
        path.unlink()
    return found


def streamed(path: Path) -> tuple[int, float]:
    """The starts in a file that is read in parts, as from S3, and what the process grew by, in MB."""
    reading = _reading(())
    ours(gzip.compress(HEAD + TAIL))
    forget_peak()
    before = memory(os.getpid())[0]
    starts = sum(reading.read(one, TARGET) is not None for one in scan(lambda: parts(path), reading.names))
    return starts, memory(os.getpid())[1] - before


def parts(path: Path) -> Iterator[bytes]:
    """A file's bytes, a part at a time."""
    with path.open("rb") as file:
        while part := file.read(PART):
            yield part


def _text(files: Files, rates: dict[str, float], two: tuple[float, float], many: Sequence[Large], big: Hour) -> str:
    base, mine = rates["isa-l alone, in pieces"], rates["this exporter: starts"]
    rows = [
        [name, f"{rate:,.0f}", f"{rate / base:.2f}"] for name, rate in sorted(rates.items(), key=lambda one: -one[1])
    ]
    peers = max(rates.get("DuckDB", 0), rates.get("jq", 0))
    bars = [
        [f"at least {BAR} of isa-l alone (goal {GOAL})", f"{mine / base:.2f}", verdict(met=mine / base >= BAR)],
        ["the same against isa-l in one call", f"{mine / rates['isa-l alone, in one call']:.2f}", ""],
        [f"at least {BAR_JSON:.0f} times gzip and json", f"{mine / rates['gzip and json']:.1f}",
         verdict(met=mine >= BAR_JSON * rates["gzip and json"])],
        ["ahead of DuckDB and jq", f"{mine / peers:.1f} times" if peers else "not installed",
         verdict(met=mine > peers) if peers else ""],
    ]  # fmt: skip  # rows
    packed = sum(map(len, files.data)) / MB
    sizes = [[f"{one.size / MB:,.0f} MB", f"{one.packed / MB:,.1f} MB", f"{one.grown_mb:.1f} MB"] for one in many]
    return f"""\
## A trail's files

From the compressed bytes of CloudTrail's files to records of the ledger: {files.size / MB:.0f} MB of JSON in
{len(files.paths)} files, {packed:.1f} MB compressed. A fifth of the records concerns Athena and Glue;
{files.starts} are starts of queries. MB of JSON a second of the processor's time on one thread, the best of
{ROUNDS} rounds in turns.

{table(["Side", "MB/s", "of isa-l in pieces"], rows)}

{table(["Bar", "Measured", "Reached"], bars)}

Two processes instead of one read {two[1] / two[0]:.2f} times as much a second of the wall ({two[0]:,.0f} and
{two[1]:,.0f} MB/s).

One file, read in parts of a megabyte by a process of its own:

{table(["JSON", "as it lies in S3", "the process grew by"], sizes)}

An hour of a large organisation: {big.size / MB:,.0f} MB of JSON in {big.files} files, {big.records:,} records with
{big.starts:,} starts, each of which was found once and no other, by its event's id. It took {big.seconds:.1f} s of the
processor's time, {big.size / big.seconds / MB:,.0f} MB/s. From the {SETTLED}th file on the process, which also made the
files, grew by {big.grown_mb:.0f} MB."""


if __name__ == "__main__":
    main()
