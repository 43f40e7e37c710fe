"""When a scheduled source is fetched next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stationmaster.runtime.timetable import LONGEST_RETRY, next_run, retry_delay

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def clock(moment: datetime) -> str:
    """The time of day as the settings name it, in this machine's zone."""
    return f"{moment.astimezone():%H:%M}"


def test_the_first_run_is_at_once_where_no_time_is_named() -> None:
    assert next_run(None, NOW, every=300, at=()) == NOW


@pytest.mark.parametrize(("since", "wait"), [(100, 200), (300, 0), (90_000, 0), (-50, 350)])
def test_every_so_often_and_once_for_all_that_was_missed(since: float, wait: float) -> None:
    last = NOW - timedelta(seconds=since)
    assert next_run(last, NOW, every=300, at=()) == NOW + timedelta(seconds=wait)


def test_at_times_of_the_day() -> None:
    at = (clock(NOW + 5 * HOUR), clock(NOW - HOUR), clock(NOW + 2 * HOUR))
    assert next_run(None, NOW, every=1, at=at) == NOW + 2 * HOUR
    assert next_run(NOW - HOUR, NOW, every=1, at=at) == NOW + 2 * HOUR
    assert next_run(NOW - 2 * HOUR, NOW, every=1, at=at) == NOW, "the one an hour ago was missed"
    assert next_run(NOW - 50 * HOUR, NOW, every=1, at=at) == NOW, "once, not once a day"
    assert next_run(NOW - HOUR, NOW, every=1, at=(clock(NOW - HOUR),)) == NOW + 23 * HOUR


def test_retries_come_ever_more_rarely() -> None:
    assert [retry_delay(count) for count in (1, 2, 3)] == [30, 60, 120]
    assert retry_delay(1000) == LONGEST_RETRY
