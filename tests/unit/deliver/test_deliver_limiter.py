"""The limiter as a pure function: events and clock in, limit and blocked-until out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationmaster.deliver.backoff import full_jitter, half_jitter
from stationmaster.deliver.limiter import (
    MINUTE,
    OUTAGE_AFTER,
    PROBE_CAP,
    Limiter,
    Limits,
    Trouble,
)

ADAPTIVE = Limits()
FIXED = Limits(mode="fixed", max_concurrent=5)


def limiter_of(limits: Limits = ADAPTIVE) -> Limiter:
    return Limiter(limits, random.Random(7))  # noqa: S311 - jitter that repeats


def round_trip(limiter: Limiter, now: float = 0.0) -> int:
    """Send as much as may be under way, and let all of it succeed."""
    tickets: list[int] = []
    while limiter.may_send(now, len(tickets)):
        tickets.append(limiter.sent(now))
    for ticket in tickets:
        limiter.succeeded(ticket, len(tickets))
    return len(tickets)


def test_slow_start_grows_by_half_per_round_trip_to_the_maximum() -> None:
    limiter = limiter_of()
    assert [round_trip(limiter) for _ in range(7)] == [8, 12, 18, 27, 40, 60, 64]
    assert limiter.limit == 64


def test_after_the_first_brake_it_grows_by_one_per_round_trip() -> None:
    limiter = limiter_of()
    round_trip(limiter)
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.ERROR)
    assert limiter.limit == 9  # 12 x 0.8 = 9.6
    sizes = [round_trip(limiter) for _ in range(6)]
    assert sizes == [9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.ERROR])
def test_it_brakes_once_per_round_trip(trouble: Trouble) -> None:
    limiter = limiter_of()
    tickets = [limiter.sent(0.0) for _ in range(4)]
    for ticket in tickets:
        limiter.failed(ticket, 0.1, trouble)
    assert limiter.limit == 6  # 8 x 0.8, once
    limiter.succeeded(limiter.sent(0.1), 1)
    limiter.failed(limiter.sent(0.2), 0.3, trouble)
    assert limiter.limit == 5  # the next round trip: x 0.8 again


def test_the_limit_never_falls_below_one() -> None:
    limiter = limiter_of()
    for at in range(50):
        limiter.succeeded(limiter.sent(at), 1)  # so that it is never an outage
        limiter.failed(limiter.sent(at), at, Trouble.ERROR)
    assert limiter.limit == 1


def test_a_limit_that_is_not_used_does_not_grow() -> None:
    limiter = limiter_of()
    for _ in range(100):
        limiter.succeeded(limiter.sent(0.0), 3)
    assert limiter.limit == 8


def test_fixed_stays_fixed() -> None:
    limiter = limiter_of(FIXED)
    assert [round_trip(limiter) for _ in range(3)] == [5, 5, 5]
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.BUSY)
    assert limiter.limit == 5


@given(st.floats(0.0, 3600.0))
def test_retry_after_shuts_the_gate_at_least_so_long_with_jitter(seconds: float) -> None:
    limiter = limiter_of()
    limiter.failed(limiter.sent(10.0), 10.0, Trouble.BUSY, seconds)
    assert 10.0 + seconds <= limiter.blocked_until <= 10.0 + seconds * 1.25 + 0.05
    assert not limiter.may_send(10.0 + seconds - 0.001, 0)
    assert limiter.may_send(limiter.blocked_until, 0)
    assert limiter.opens_at(10.0) == (limiter.blocked_until if limiter.blocked_until > 10.0 else None)


def test_two_stations_told_the_same_come_back_at_different_times() -> None:
    times = set()
    for seed in range(20):
        limiter = Limiter(ADAPTIVE, random.Random(seed))  # noqa: S311 - jitter that repeats
        limiter.failed(limiter.sent(0.0), 0.0, Trouble.BUSY, 10.0)
        times.add(limiter.blocked_until)
    assert len(times) == 20


def test_a_shorter_retry_after_does_not_open_the_gate() -> None:
    limiter = limiter_of()
    first, second = limiter.sent(0.0), limiter.sent(0.0)
    limiter.failed(first, 0.0, Trouble.BUSY, 100.0)
    limiter.failed(second, 0.0, Trouble.BUSY, 1.0)
    assert limiter.blocked_until >= 100.0


def test_who_is_told_busy_again_and_again_pauses_longer_and_longer() -> None:
    pauses = []
    for seed in range(50):
        limiter = Limiter(ADAPTIVE, random.Random(seed))  # noqa: S311 - jitter that repeats
        now = 0.0
        for turn in range(8):
            limiter.failed(limiter.sent(now), now, Trouble.BUSY)
            pause = max(0.0, limiter.blocked_until - now)
            assert pause <= 8.0
            assert turn > 0 or pause == 0.0, "the first brake only makes us slower"
            now = max(now, limiter.blocked_until) + 0.1
            pauses.append(pause)
    early = sum(pauses[1::8])
    late = sum(pauses[7::8])
    assert late > 10 * early


def test_an_outage_lets_one_canary_through() -> None:
    limiter = limiter_of()
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.DOWN)
    assert (limiter.outage, limiter.limit) == (True, 1)
    opens = limiter.opens_at(0.0)
    assert opens is not None
    assert not limiter.may_send(opens - 0.01, 0)
    assert limiter.may_send(opens, 40), "what hangs since the outage began does not keep the canary back"
    canary = limiter.sent(opens)
    assert not limiter.may_send(opens, 1)
    assert limiter.opens_at(opens) is None
    limiter.succeeded(canary, 1)
    assert (limiter.outage, limiter.limit) == (False, 4)  # half of 8


def outage(limiter: Limiter, now: float = 0.0) -> None:
    """Nobody is there, then the canary comes home."""
    limiter.failed(limiter.sent(now), now, Trouble.DOWN)
    limiter.succeeded(limiter.sent(limiter.blocked_until), 1)


@pytest.mark.parametrize(("brakes", "left"), [(0, 64), (1, 51), (2, 40), (3, 32), (4, 26)])
def test_after_an_outage_half_of_the_best_limit_is_open(brakes: int, left: int) -> None:
    """However often it braked before: that was the outage that came."""
    limiter = limiter_of()
    while round_trip(limiter) < 64:
        pass
    for _ in range(brakes):
        limiter.failed(limiter.sent(0.0), 0.0, Trouble.ERROR)
    assert limiter.limit == left
    outage(limiter)
    assert limiter.limit == 32


def test_one_outage_after_the_other_does_not_halve_again_and_again() -> None:
    limiter = limiter_of()
    while round_trip(limiter) < 64:
        pass
    for turn in range(4):
        outage(limiter, 100.0 * turn)
        assert limiter.limit == 32


def test_a_best_that_never_worked_is_not_believed() -> None:
    limiter = limiter_of()
    round_trip(limiter)
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.BUSY)
    outage(limiter)
    assert limiter.limit == 6  # half of 12


def test_canaries_grow_rarer_but_never_too_rare() -> None:
    limiter = limiter_of()
    now, pauses = 0.0, []
    limiter.failed(limiter.sent(now), now, Trouble.DOWN)
    for _ in range(30):
        pauses.append(limiter.blocked_until - now)
        now = limiter.blocked_until
        limiter.failed(limiter.sent(now), now, Trouble.DOWN)
    assert pauses[0] <= 0.5
    assert max(pauses) <= PROBE_CAP
    assert min(pauses[10:]) >= PROBE_CAP / 2


def test_only_the_canary_prolongs_an_outage() -> None:
    limiter = limiter_of()
    old = [limiter.sent(0.0) for _ in range(5)]
    for ticket in old[:4]:
        limiter.failed(ticket, 0.0, Trouble.DOWN)
    first = limiter.blocked_until
    limiter.failed(old[4], 0.1, Trouble.DOWN)
    assert limiter.blocked_until == first


def test_what_was_sent_before_the_return_does_not_start_the_outage_again() -> None:
    limiter = limiter_of()
    hung = limiter.sent(0.0)
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.DOWN)
    limiter.succeeded(limiter.sent(limiter.blocked_until), 1)
    limiter.failed(hung, 30.0, Trouble.DOWN)
    assert not limiter.outage
    for _ in range(2 * OUTAGE_AFTER):
        limiter.failed(hung, 30.0, Trouble.ERROR)
    assert not limiter.outage


def test_a_late_success_ends_the_outage() -> None:
    limiter = limiter_of()
    slow = limiter.sent(0.0)
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.DOWN)
    limiter.succeeded(slow, 2)
    assert not limiter.outage


def test_errors_in_a_row_are_an_outage_and_a_success_between_them_is_not() -> None:
    limiter = limiter_of()
    for _ in range(OUTAGE_AFTER - 1):
        limiter.failed(limiter.sent(0.0), 0.0, Trouble.ERROR)
    limiter.succeeded(limiter.sent(0.0), 1)
    for _ in range(OUTAGE_AFTER - 1):
        limiter.failed(limiter.sent(0.0), 0.0, Trouble.ERROR)
    assert not limiter.outage
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.ERROR)
    assert limiter.outage


def test_a_report_that_is_known_to_be_bad_tells_nothing() -> None:
    limiter = limiter_of()
    for _ in range(3 * OUTAGE_AFTER):
        limiter.failed(limiter.sent(0.0), 0.0, Trouble.OWN)
    assert not limiter.outage
    assert limiter.limit == 8


def test_but_it_is_no_canary_that_came_home() -> None:
    limiter = limiter_of()
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.DOWN)
    at = limiter.blocked_until
    limiter.failed(limiter.sent(at), at, Trouble.OWN)
    assert limiter.outage
    assert limiter.blocked_until > at


def test_a_canary_that_was_called_off_makes_room_for_the_next() -> None:
    limiter = limiter_of()
    limiter.failed(limiter.sent(0.0), 0.0, Trouble.DOWN)
    at = limiter.blocked_until
    limiter.dropped(limiter.sent(at))
    assert limiter.may_send(at, 0)
    limiter.dropped(99)


def test_the_cap_holds_in_every_minute() -> None:
    limiter = limiter_of(Limits(requests_per_minute=100))
    sent: list[float] = []
    now = 0.0
    while now < 300.0:
        if limiter.may_send(now, 0):
            limiter.sent(now)
            sent.append(now)
        else:
            opens = limiter.opens_at(now)
            assert opens is not None
            assert opens > now
            now = opens
    for start in sent:
        assert sum(start <= at < start + 60.0 for at in sent) <= 100
    assert len(sent) >= 100 * (300.0 / MINUTE)


def test_a_ping_counts_towards_the_cap() -> None:
    limiter = limiter_of(Limits(requests_per_minute=2))
    limiter.counted(0.0)
    limiter.sent(0.0)
    assert not limiter.may_send(1.0, 0)
    assert limiter.may_send(MINUTE, 0)


def test_new_settings_keep_what_was_learnt() -> None:
    limiter = limiter_of()
    while round_trip(limiter) < 40:
        pass
    limiter.reconfigure(Limits(max_adaptive=20))
    assert limiter.limit == 20
    limiter.reconfigure(Limits(mode="fixed", max_concurrent=3))
    assert limiter.limit == 3
    limiter.reconfigure(Limits(max_adaptive=64))
    assert limiter.limit == 8
    limiter.reconfigure(Limits(max_adaptive=4))
    assert limiter.limit == 4


@given(
    st.lists(st.tuples(st.sampled_from([*Trouble, "ok", "drop"]), st.floats(0.0, 5.0)), max_size=200),
    st.sampled_from([FIXED, ADAPTIVE]),
)
def test_whatever_happens_the_gate_opens_again(events: list[tuple[str, float]], limits: Limits) -> None:
    limiter = limiter_of(limits)
    now = 0.0
    for event, pause in events:
        now += pause
        if not limiter.may_send(now, 0):
            opens = limiter.opens_at(now)
            assert opens is not None, "nothing is under way, so only time can open it"
            assert opens - now <= PROBE_CAP
            now = opens
        assert limiter.may_send(now, 0)
        ticket = limiter.sent(now)
        if event == "ok":
            limiter.succeeded(ticket, 1)
        elif event == "drop":
            limiter.dropped(ticket)
        else:
            limiter.failed(ticket, now, Trouble(event))
        assert 1 <= limiter.limit <= limits.ceiling


@given(st.integers(0, 10**6))
def test_backoff_keeps_to_its_bounds(attempt: int) -> None:
    rng = random.Random(attempt)  # noqa: S311 - jitter that repeats
    bound = min(300.0, 2.0 ** min(attempt, 30))
    assert 0.0 <= full_jitter(attempt, base=1.0, cap=300.0, rng=rng) <= bound
    assert bound / 2 <= half_jitter(attempt, base=1.0, cap=300.0, rng=rng) <= bound
