"""The query history put together: who writes it, with which credentials, how often; and whether pyarrow is there."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from athena_exporter.cli import wiring
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.readers import CLOCKS, Historian
from athena_exporter.config import Config, HistorySettings
from athena_exporter.ledger.store import Ledger
from athena_exporter.sources.buckets import Bucket
from athena_exporter.sources.models import Models
from athena_exporter.sources.session import Session
from athena_exporter.telemetry import Telemetry

if TYPE_CHECKING:
    from athena_exporter.outlets.history.compaction import Compaction

_log = logging.getLogger(__name__)
BETWEEN_COMPACTIONS = timedelta(hours=1)


def require_pyarrow() -> None:
    """Raises SetupError: what writes Parquet is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415  whoever writes no history need not have it
    except ImportError as error:
        raise SetupError(
            "history.enabled needs pyarrow, which is not installed: pip install 'athena-observability[history]', "
            f"or set history.enabled: false ({error})"
        ) from error


def historian(config: Config, telemetry: Telemetry, models: Models | None = None) -> Historian | None:
    """Who writes the query history, None if nobody does. Raises SetupError: pyarrow or a Region is missing."""
    if not config.history.enabled:
        return None
    require_pyarrow()
    return Historian(config, telemetry, models)


def bucket_of(told: HistorySettings, session: Session) -> Bucket:
    """The bucket of the history."""
    return Bucket(session.bucket(), str(told.bucket), kms_key=told.kms_key)


def compaction_of(told: HistorySettings, session: Session) -> "Compaction":
    """What merges its files. Needs pyarrow."""
    from athena_exporter.outlets.history.compaction import Compaction  # noqa: PLC0415  as in `require_pyarrow`

    return Compaction(store=bucket_of(told, session), prefix=told.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The history's work: `write` and `compact` do what there is to do at once and answer whether to come again.

    `is_waiting` says whether `write` would prove nothing; `compact` is None where nothing is merged.
    """

    write: Callable[[], bool]
    is_waiting: Callable[[], bool]
    close: Callable[[], None]
    compact: Callable[[], bool] | None


def open_archive(config: Config, historian: Historian, ledger: Ledger, telemetry: Telemetry) -> Archive:
    """The writer and, if it is wanted, the merging of past days. Needs pyarrow; asks AWS nothing."""
    told = config.history
    writer = wiring.history_delivery(config, bucket_of(told, historian.session), ledger, telemetry, CLOCKS)
    return Archive(
        write=writer.run_once,
        is_waiting=lambda: writer.is_waiting,
        close=writer.close,
        compact=_compactor(told, historian.session, telemetry) if told.compact else None,
    )


def _compactor(told: HistorySettings, session: Session, telemetry: Telemetry) -> Callable[[], bool]:
    compaction = compaction_of(told, session)
    for result in ("merged", "deleted", "foreign"):
        telemetry.history_files(result, 0)

    def compact() -> bool:
        for day in compaction.quiet_days(CLOCKS.now()):
            for one in compaction.compact(day, telemetry.history_files).foreign:
                _log.warning("history: %s is left alone: %s", one.key, one.words)
        return False

    return compact
