"""Cursors as the ledger keeps them, which are texts: times of them."""

from datetime import UTC, datetime


def cursor_time(text: str | None) -> datetime | None:
    """The time that a cursor holds; None if there is no cursor, or what it holds is no time."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
