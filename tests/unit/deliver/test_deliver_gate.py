"""One gate per destination, shared fairly."""

from __future__ import annotations

import random
from collections import Counter

from fakes.clock import FakeClock
from stationmaster.deliver.gate import Gate, Gates, Seat
from stationmaster.deliver.limiter import Limits, Trouble


class Sitter:
    """An instance at the gate; counts how often it was woken."""

    def __init__(self, gate: Gate, limits: Limits) -> None:
        self.woken = 0
        self.seat = Seat(gate, limits, self.wake)
        gate.join(self.seat)

    def wake(self) -> None:
        self.woken += 1


def gate_of(limits: Limits, clock: FakeClock) -> Gate:
    return Gate(limits, clock, rng=random.Random(1))  # noqa: S311 - jitter that repeats


def test_the_same_server_and_token_share_a_gate(clock: FakeClock) -> None:
    gates = Gates(clock)
    limits = Limits()
    gate = gates.gate("https://a.wats.com/", "t1", limits)
    assert gates.gate("https://A.wats.com", "t1", limits) is gate
    assert gates.gate("https://a.wats.com", "t2", limits) is not gate
    assert gates.gate("https://b.wats.com", "t1", limits) is not gate
    assert "t1" not in repr(vars(gates))


def test_two_seats_share_one_slot_by_turns(clock: FakeClock) -> None:
    limits = Limits(mode="fixed", max_concurrent=1)
    gate = gate_of(limits, clock)
    sitters = [Sitter(gate, limits) for _ in range(3)]
    served: Counter[int] = Counter()
    for _ in range(30):
        for number, sitter in enumerate(sitters):
            if ticket := sitter.seat.enter():
                served[number] += 1
                assert gate.in_flight == 1
                assert [one.seat.enter() for one in sitters] == [0, 0, 0]
                sitter.seat.succeeded(ticket)
    assert max(served.values()) - min(served.values()) <= 1
    assert all(sitter.woken for sitter in sitters)


def test_an_idle_seat_takes_nothing_from_the_others(clock: FakeClock) -> None:
    limits = Limits(mode="fixed", max_concurrent=4)
    gate = gate_of(limits, clock)
    busy, _ = Sitter(gate, limits), Sitter(gate, limits)
    assert all(busy.seat.enter() for _ in range(4))
    assert not busy.seat.enter()


def test_each_seat_keeps_to_its_own_limit_at_a_wider_gate(clock: FakeClock) -> None:
    narrow, wide = Limits(mode="fixed", max_concurrent=2), Limits(max_adaptive=64)
    gate = gate_of(narrow, clock)
    first, second = Sitter(gate, narrow), Sitter(gate, wide)
    assert gate.limit == 8
    assert [bool(first.seat.enter()) for _ in range(3)] == [True, True, False]
    assert [bool(second.seat.enter()) for _ in range(7)] == [True] * 6 + [False]
    gate.leave(second.seat)
    gate.leave(second.seat)
    assert gate.limit == 2


def test_the_narrowest_cap_counts(clock: FakeClock) -> None:
    gate = gate_of(Limits(requests_per_minute=100), clock)
    one, two = Sitter(gate, Limits(requests_per_minute=100)), Sitter(gate, Limits(requests_per_minute=2))
    tickets = [one.seat.enter(), two.seat.enter()]
    assert all(tickets)
    assert not one.seat.enter()
    assert gate.opens_at() is not None


def test_an_outage_is_shared_and_its_end_wakes_everybody(clock: FakeClock) -> None:
    limits = Limits()
    gate = gate_of(limits, clock)
    one, two = Sitter(gate, limits), Sitter(gate, limits)
    one.seat.failed(one.seat.enter(), Trouble.DOWN, None)
    assert gate.outage
    assert not two.seat.enter()
    assert two.seat.hungry
    opens = gate.opens_at()
    assert opens is not None


async def test_only_one_of_the_seats_sends_the_canary(clock: FakeClock) -> None:
    limits = Limits()
    gate = gate_of(limits, clock)
    one, two = Sitter(gate, limits), Sitter(gate, limits)
    one.seat.failed(one.seat.enter(), Trouble.DOWN, None)
    await clock.advance(1.0)
    canary = one.seat.enter()
    assert canary
    assert not two.seat.enter()
    one.seat.answered(canary)
    assert two.woken
    assert two.seat.enter()


def test_a_call_off_frees_the_slot(clock: FakeClock) -> None:
    limits = Limits(mode="fixed", max_concurrent=1)
    gate = gate_of(limits, clock)
    sitter = Sitter(gate, limits)
    sitter.seat.dropped(sitter.seat.enter())
    assert gate.in_flight == 0
    assert sitter.seat.enter()
