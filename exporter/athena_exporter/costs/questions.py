"""What a question to the query history will scan, told before it is asked: from the bytes of its days in S3.

Stage: sizes of partitions, the benchmark's bytes by column -> **questions** -> people. Athena reads columns, not
files: which ones a question needs was counted once (library/measured.json), and real histories differ from that one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from athena_exporter.library.questions import Question
from athena_exporter.library.reference import measured
from athena_exporter.pricing import Prices, cost_nanousd

NANO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the days of a range hold: files, and their bytes."""

    files: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Bytes that a question will likely scan, the most that it can, and the list price of both in US dollars."""

    likely_bytes: int
    most_bytes: int
    likely_usd: float
    most_usd: float


def estimate(question: Question, stored: Stored, prices: Prices) -> Estimate:
    """The history's part of a question's cost: every column of every time that it reads the files is the most."""
    kept = measured()
    share = kept.of(question) / sum(kept.bytes_a_query.values())
    likely, most = round(stored.size * share), stored.size * len(kept.scans[question.name])
    return Estimate(likely_bytes=likely, most_bytes=most, likely_usd=usd(likely, prices), most_usd=usd(most, prices))


def together(estimates: Iterable[Estimate]) -> Estimate:
    """Of several questions."""
    every = tuple(estimates)
    return Estimate(
        likely_bytes=sum(one.likely_bytes for one in every), most_bytes=sum(one.most_bytes for one in every),
        likely_usd=sum(one.likely_usd for one in every), most_usd=sum(one.most_usd for one in every),
    )  # fmt: skip  # sums in rows


def usd(scanned_bytes: int, prices: Prices) -> float:
    """What Athena bills of one query that scanned so much: whole MB, and the minimum at least."""
    whole = -(-scanned_bytes // prices.mb_bytes) * prices.mb_bytes
    return cost_nanousd(max(prices.minimum_bytes, whole), prices) / NANO
