"""What an exporter would have shown, minute by minute: real counting, the real exposition, a clock that a story moves.

promtool's time begins in 1970, and so does a story's: rules that compare timestamps with `time()` need no offset.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from book import DAY, MINUTE, SECOND, TARGET, Hand, settings_for
from processes import parse

from athena_exporter.ledger.store import Ledger
from athena_exporter.poller import Clocks, Poller
from athena_exporter.records import Batch, Evidence, Read, Record, Target
from athena_exporter.telemetry import Telemetry

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
WARMUP = timedelta(minutes=2)
"""How long the exporter shows a new counter as 0, by default."""
SCRAPED = {"job": "athena-exporter", "instance": "exporter:9989"}
"""What Prometheus adds to every series."""
NOT_OURS = frozenset({"version", "python_version"})
"""Labels whose values are of the machine that tells the story: they are made alike."""

Page = str
"""An exposition; empty where the scrape failed."""


@dataclass(slots=True)
class Story:
    """An exporter and what a scrape of it has seen at every step."""

    ledger: Ledger
    hand: Hand
    step: timedelta
    target: Target = TARGET
    telemetry: Telemetry = field(default_factory=Telemetry)
    pages: list[Page] = field(default_factory=list)
    latest: bytes = b""

    @property
    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.hand.seconds)

    def publish(self, text: bytes, front: bytes) -> None:
        """What the poller calls: a page is ready."""
        assert front
        self.latest = text

    def tell(self, *records: Record, source: str = "athena") -> None:
        """AWS tells of something now."""
        self.ledger.apply(Batch(source=source, target=self.target, observed_at=self.now, records=records))

    def read(self, evidence: Evidence, source: str, *records: Record) -> None:
        """A source is read to its end: everything until now has been told."""
        proof = Read(evidence=evidence, since=BEGINNING - DAY, until=self.now, begun_at=self.now)
        self.ledger.apply(
            Batch(source=source, target=self.target, observed_at=self.now, records=records, reads=(proof,))
        )
        self.succeeded(source)

    def sweep(self, *records: Record) -> None:
        """The source `athena` is read to its end."""
        self.read(Evidence.EXECUTIONS, "athena", *records)

    def succeeded(self, source: str) -> None:
        """As the poller notes it."""
        self.ledger.succeeded(self.target, source, self.now)
        self.telemetry.read_succeeded(self.target, source, SECOND, None)

    def scrape(self) -> None:
        """Prometheus reads the page."""
        clocks = Clocks(now=lambda: self.now, monotonic=self.hand)
        Poller(ledger=self.ledger, telemetry=self.telemetry, publisher=self, clocks=clocks).publish()
        self.keep()

    def keep(self) -> None:
        """The latest page is what the scrape has seen."""
        self.pages.append(self.latest.decode())

    def passes(self, span: timedelta, each: Callable[[], None] | None = None, *, is_up: bool = True) -> None:
        """Time passes: at every step `each` happens (by default a sweep that finds nothing), then a scrape.

        With `is_up` False the scrape fails, and so does everything else.
        """
        for _ in range(span // self.step):
            self.hand.seconds += self.step.total_seconds()
            if not is_up:
                self.pages.append("")
                continue
            (each or self.sweep)()
            self.scrape()


@contextmanager
def told(folder: Path, step: timedelta = MINUTE, **settings: Any) -> Iterator[Story]:
    """A story at its first scrape, which is at 0."""
    hand = Hand()
    ledger = Ledger(settings_for(folder, series_warmup=WARMUP, **settings), monotonic=hand)
    story = Story(ledger=ledger, hand=hand, step=step)
    try:
        ledger.adopt(TARGET, story.now)
        story.sweep()
        story.scrape()
        yield story
    finally:
        ledger.close()


def input_series(pages: Sequence[Page], names: Iterable[str]) -> list[dict[str, str]]:
    """The pages' series of these names as promtool reads them, sorted."""
    wanted = tuple(names)
    told = [dict(_samples(page, wanted)) for page in pages]
    keys = sorted({key for page in told for key in page})
    return [{"series": _selector(key), "values": _values([page.get(key) for page in told])} for key in keys]


def _samples(page: Page, names: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Series as the page writes them -> values."""
    for line in page.splitlines():
        series, _, value = line.rpartition(" ")
        if series.partition("{")[0] in names:
            yield series, float(value)


@cache
def _selector(series: str) -> str:
    """A series of the page as Prometheus stores it."""
    ((name, pairs),) = parse(f"{series} 0\n")
    shown = {label: "any" if label in NOT_OURS else value for label, value in pairs} | SCRAPED
    return name + "{" + ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(shown.items())) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _values(samples: Sequence[float | None]) -> str:
    """promtool's notation: `a+bxn` for n steps more, `_` for no sample, `stale` where a series has ended."""
    words: list[str] = []
    place = 0
    while place < len(samples):
        run = _run(samples, place)
        words.append(_word(samples, place, run))
        place += run
    return " ".join(words)


def _run(samples: Sequence[float | None], place: int) -> int:
    """How many samples from here on one word can say."""
    first = samples[place]
    if first is None:
        # The end of a series is a word of its own; what follows is silence.
        is_end = place > 0 and samples[place - 1] is not None
        return (
            1 if is_end else next((n for n, one in enumerate(samples[place:]) if one is not None), len(samples) - place)
        )
    step = _step(samples, place)
    run = 1
    while place + run < len(samples) and step is not None and _step(samples, place + run - 1) == step:
        run += 1
    return run


def _step(samples: Sequence[float | None], place: int) -> float | None:
    """How far it is to the next sample, where that is exact."""
    here = samples[place]
    after = samples[place + 1] if place + 1 < len(samples) else None
    if here is None or after is None:
        return None
    is_exact = here == after or (here.is_integer() and after.is_integer())
    return after - here if is_exact else None


def _word(samples: Sequence[float | None], place: int, run: int) -> str:
    first = samples[place]
    if first is None:
        is_end = place > 0 and samples[place - 1] is not None
        return "stale" if is_end else f"_x{run}"
    if run == 1:
        return _number(first)
    step = _step(samples, place) or 0.0
    return f"{_number(first)}{'-' if step < 0 else '+'}{_number(abs(step))}x{run - 1}"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
