"""Times as people type them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from stationmaster.cli.moment import in_minutes, moment_of
from stationmaster.errors import ConfigError

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 16:00 in Oslo


@pytest.fixture(autouse=True)
def oslo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is Oslo's."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be set here")
    monkeypatch.setenv("TZ", "Europe/Oslo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("17:30", "2026-03-02T16:30Z"),
        ("16:00", "2026-03-03T15:00Z"),  # now: the next one is tomorrow's
        ("8:05", "2026-03-03T07:05Z"),
        ("tomorrow", "2026-03-03T05:00Z"),  # six in the morning
        (" 16:00:30 ", "2026-03-02T15:00:30Z"),
        ("2026-03-02T17:30", "2026-03-02T16:30Z"),
        ("2026-07-02 17:30", "2026-07-02T15:30Z"),  # summer time
        ("2026-03-02T17:30Z", "2026-03-02T17:30Z"),
        ("2026-03-02T17:30+05:00", None),
        ("2026-03-03", "2026-03-02T23:00Z"),
        ("2026-03-02T15:59", None),
        ("16:60", None),
        ("25:00", None),
        ("1730", None),
        ("soon", None),
        ("", None),
        ("9999-12-31T23:59-12:00", None),
    ],
)
def test_a_time_is_local_unless_it_says_otherwise_and_lies_ahead(text: str, moment: str | None) -> None:
    if moment is None:
        with pytest.raises(ConfigError) as caught:
            moment_of(text, NOW)
        assert caught.value.next_step
        assert f'"{text}"' in caught.value.text
    else:
        assert moment_of(text, NOW) == datetime.fromisoformat(moment)


def test_the_next_such_time_is_a_day_of_the_calendar_away_when_the_clocks_change() -> None:
    evening = datetime.fromisoformat("2026-03-28T18:00+01:00")
    assert moment_of("18:00", evening) == datetime.fromisoformat("2026-03-29T18:00+02:00")


@pytest.mark.parametrize("minutes", [0.0, -5.0, float("nan"), float("inf"), 1e300])
def test_minutes_lead_ahead(minutes: float) -> None:
    assert in_minutes(0.5, NOW) == NOW + timedelta(seconds=30)
    with pytest.raises(ConfigError):
        in_minutes(minutes, NOW)
