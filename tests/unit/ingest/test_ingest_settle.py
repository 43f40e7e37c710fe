"""When a file rests, in which lane it goes, when it is looked at again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationmaster.ingest.settle import COARSE_CLOCK, HINT_LAG, Stat, delay, lane_of, rests_since
from stationmaster.model import Lane

WALL = 1_800_000_000.0


@pytest.mark.parametrize(
    ("lag", "since"),
    [
        (0.0, 100.0),
        (0.1, 99.9),
        (HINT_LAG + 0.01, 100.0),  # rested longer, but we did not see it: not believed
        (3600.0, 100.0),
        (-3600.0, 100.0),  # clock set back, or mtime in the future
    ],
)
def test_only_the_lag_of_an_event_is_believed_from_the_mtime(lag: float, since: float) -> None:
    stat = Stat(1, int((WALL - lag) * 1e9) + 1)  # whole seconds mean a coarse clock

    assert rests_since(stat, seen_at=100.0, wall=WALL, settle=1.0) == pytest.approx(since, abs=1e-5)


@pytest.mark.parametrize(
    ("lag", "settle", "rests_at"),
    [
        (0.0, 0.2, COARSE_CLOCK),
        (1.5, 0.2, COARSE_CLOCK - 1.5),
        (1.0, 5.0, 5.0),  # it rests longer anyway
        (COARSE_CLOCK, 1.0, 1.0),
        (3600.0, 1.0, 1.0),
        (-3600.0, 1.0, COARSE_CLOCK),  # clock set back, or mtime in the future: no longer than that
        (None, 1.0, COARSE_CLOCK),  # a server's clock
    ],
)
def test_a_coarse_clock_must_have_moved_on(lag: float | None, settle: float, rests_at: float) -> None:
    stat = Stat(1, int((WALL - (lag or 0.0)) // 1 * 1e9))
    wall = None if lag is None else stat.mtime_ns / 1e9 + lag

    since = rests_since(stat, seen_at=100.0, wall=wall, settle=settle)

    assert since + settle == pytest.approx(100.0 + rests_at, abs=1e-5)


@given(st.integers(min_value=1, max_value=10_000))
def test_the_delay_grows_from_a_fifth_of_a_second_to_thirty(tries: int) -> None:
    assert 0.2 <= delay(tries) <= 30.0
    assert delay(tries) <= delay(tries + 1)
    assert delay(1) == 0.2
    assert delay(50) == 30.0


@pytest.mark.parametrize(
    ("setting", "size", "age", "company", "lane"),
    [
        ("auto", 100, 1.0, 1, Lane.LIVE),
        ("auto", 8 * 1024 * 1024, 600.0, 500, Lane.LIVE),
        ("auto", 8 * 1024 * 1024 + 1, 1.0, 1, Lane.BATCH),
        ("auto", 100, 601.0, 1, Lane.BATCH),
        ("auto", 100, 1.0, 501, Lane.BATCH),
        ("auto", 100, -86400.0, 1, Lane.LIVE),  # mtime in the future
        ("live", 1 << 40, 1e9, 100_000, Lane.LIVE),
        ("batch", 1, 0.0, 0, Lane.BATCH),
    ],
)
def test_the_lane_rule(setting: str, size: int, age: float, company: int, lane: Lane) -> None:
    assert lane_of(setting, size=size, age=age, company=company) is lane
