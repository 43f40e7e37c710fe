"""What lies in the future, and by how much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stationmaster.api.moment import ahead

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-01-01T12:05:00Z", ""),
        ("2026-01-01T12:05:01Z", "5 minutes"),
        ("2026-01-01T14:05:01.123456789+02:00", "5 minutes"),
        ("2026-01-01T14:00:00+02:00", ""),
        ("2026-01-01T12:59:00-01:00", "119 minutes"),
        ("2026-01-01T23:00:00Z", "11 hours"),
        ("2026-01-05T12:00:00Z", "4 days"),
        ("9999-12-31T23:59:59-12:00", "2912443 days"),
        ("0001-01-01T00:00:00+12:00", ""),
        ("soon", ""),
        ("", ""),
    ],
)
def test_ahead_in_words(text: str, words: str) -> None:
    assert ahead(text, NOW) == words


def test_a_time_without_offset_is_local() -> None:
    local = NOW.astimezone().replace(tzinfo=None)
    assert ahead((local + timedelta(hours=5)).isoformat(), NOW) == "5 hours"
    assert ahead((local + timedelta(minutes=1)).isoformat(), NOW) == ""
