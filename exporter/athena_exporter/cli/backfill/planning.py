"""`backfill --dry-run`: how many queries, calls and files there are, and how long they take. Nothing is written.

Stage: sources/past, sources/trail/ranges -> **planning** -> words. Athena's lists are read to their end for it; of
CloudTrail's event history one page a day.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from rich.console import Console

from athena_exporter.cli.backfill.run import ATHENA, LOOKUP, SOURCES, Place, Wanted, starts_of, sweep_of
from athena_exporter.cli.backfill.telling import span_words
from athena_exporter.sources import history
from athena_exporter.sources.batches import BATCH
from athena_exporter.sources.rate import QUOTAS
from athena_exporter.sources.trail import ranges


def planned(place: Place, wanted: Wanted, console: Console) -> Iterator[str]:
    """One line for each source of a target.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
    """
    name = f"{place.target.account_id} {place.target.region}"
    for source in (one for one in SOURCES if one in wanted.sources):
        with console.status(f"{name}: counting what {source} has"):
            if source == ATHENA:
                yield f"{name}, athena: {_executions(place, wanted)}"
            elif source == LOOKUP:
                yield f"{name}, lookup: {_starts(place, wanted)}"
            else:
                yield f"{name}, trail: {_files(place, wanted)}"


def _executions(place: Place, wanted: Wanted) -> str:
    sweep = sweep_of(
        place, wanted, began=place.now, known=_nothing_known, view=None, told=lambda _: None
    )  # fmt: skip  # as short as it can be said
    pages = list(sweep.count())
    asked = sum(-(-ids // BATCH) for ids in pages)
    seconds = len(pages) / _rate(place, "athena", "ListQueryExecutions")
    seconds += asked / _rate(place, "athena", "BatchGetQueryExecution")
    return f"{sum(pages):,} queries listed, {len(pages) + asked:,} calls, about {span_words(seconds)}"


def _starts(place: Place, wanted: Wanted) -> str:
    starts = starts_of(place, wanted, place.now, _nothing_known_of)
    days = list(starts.count())
    calls = sum(max(1, -(-events // history.PAGE)) for events in days)
    seconds = calls / _rate(place, "cloudtrail", "LookupEvents")
    return f"about {sum(days):,} starts in {len(days)} days, {calls:,} calls, about {span_words(seconds)}"


def _files(place: Place, wanted: Wanted) -> str:
    if wanted.s3 is None:
        return "no bucket"
    found = ranges.files(wanted.s3, wanted.files(place))
    seconds = len(found) / _rate(place, "s3", "GetObject")
    size = sum(one.size for one in found) / 2**20
    return f"{len(found)} files, {size:.1f} MiB compressed, {span_words(seconds)} at least"


def _rate(place: Place, service: str, operation: str) -> float:
    """Calls a second that the configuration allows."""
    return QUOTAS[service, operation].rate * place.config.aws.rate_share


def _nothing_known(query_ids: Collection[str]) -> Mapping[str, datetime]:
    del query_ids
    return {}


def _nothing_known_of(key: str) -> None:
    del key
