"""When a scheduled source is fetched next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

FIRST_RETRY = 30.0
LONGEST_RETRY = 3600.0
"""Seconds until a fetch that failed is tried again: doubled from one to the next."""


def next_run(last: datetime | None, now: datetime, *, every: float, at: Sequence[str]) -> datetime:
    """The moment of the next run; never before `now`: what was missed is made up by one run.

    Args:
        last: when the last run was; None where there was none.
        every: seconds between two runs, where `at` is empty.
        at: times of the day, in this machine's zone.
    """
    if not at:
        return now if last is None else max(now, last + timedelta(seconds=every))
    return max(now, _first_after(last or now, at))


def _first_after(moment: datetime, at: Sequence[str]) -> datetime:
    day = moment.astimezone().date()
    times = [time.fromisoformat(text) for text in at]
    days = (day, day + timedelta(days=1), day + timedelta(days=2))
    local = (datetime.combine(one, clock) for one in days for clock in times)
    return min(one for one in (each.astimezone(moment.tzinfo) for each in local) if one > moment)


def retry_delay(failures: int) -> float:
    """Seconds until the next try after so many failures in a row."""
    return float(min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(failures - 1, 10)))
