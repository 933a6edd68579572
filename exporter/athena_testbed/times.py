"""Times as the control plane writes them."""

from datetime import UTC, datetime, timedelta


def rfc3339(at_ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 with milliseconds."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(at: datetime | None) -> int | None:
    """Milliseconds since 1970 of an aware time; None stays None."""
    return None if at is None else (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
