"""What a source reads of its own cursors, which a damaged or older ledger may hold otherwise."""

from datetime import UTC, datetime

import pytest

from athena_exporter.sources.cursors import cursor_time

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-10T12:00:00+00:00", "2026-03-10T12:00:00", "2026-03-10T13:00:00+01:00"])
def test_a_time_without_a_zone_is_utc(text: str) -> None:
    assert cursor_time(text) == NOON


@pytest.mark.parametrize("text", [None, "", "0", "soon", "2026-13-10"])
def test_what_is_no_time_is_no_cursor(text: str | None) -> None:
    assert cursor_time(text) is None
