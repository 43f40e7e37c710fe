"""The watchdog tells standing still from having nothing to do."""

from __future__ import annotations

import asyncio

import pytest

from fakes.clock import FakeClock
from stationmaster.model import ProblemCode
from stationmaster.runtime.health import DELIVERY, INTAKE, STUCK_AFTER, Beat, Pulse, Watchdog

DELIVERS = ("line1", DELIVERY)
TAKES = ("line1", INTAKE)
LOOKS = ("line1", "/in")

# What the first and the second look see of one part, and whether it stands still then.
TABLE = [
    (Pulse(True, 1), Pulse(True, 1), True),
    (Pulse(True, 1), Pulse(True, 2), False),
    (Pulse(True, 1), Pulse(False, 1), False),
    (Pulse(False, 1), Pulse(True, 1), True),
    (Pulse(False, 1), Pulse(False, 1), False),
    (Pulse(True, 1, 60.0), Pulse(True, 1, 60.0), False),
]


async def _later(clock: FakeClock, dog: Watchdog, look: dict[tuple[str, str], Pulse]) -> None:
    await clock.advance(STUCK_AFTER)
    dog.compare(look)


@pytest.mark.parametrize(("first", "second", "stuck"), TABLE)
@pytest.mark.parametrize("key", [DELIVERS, TAKES, LOOKS])
async def test_work_without_progress_is_standing_still(
    clock: FakeClock, key: tuple[str, str], first: Pulse, second: Pulse, *, stuck: bool
) -> None:
    dog = Watchdog(clock)
    dog.compare({key: first})
    assert not dog.stuck
    await _later(clock, dog, {key: second})
    assert dog.stuck == ({key} if stuck else set())


async def test_a_step_that_may_take_long_is_given_its_time(clock: FakeClock) -> None:
    dog = Watchdog(clock)
    look = {TAKES: Pulse(True, 1, 3600.0)}
    dog.compare(look)
    for _ in range(12):
        await _later(clock, dog, look)
    assert not dog.stuck
    await _later(clock, dog, look)
    assert dog.stuck == {TAKES}


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (DELIVERS, "Delivery stands still: reports wait"),
        (TAKES, "Intake stands still: files wait"),
        (LOOKS, "nobody has looked at the watch folder /in"),
    ],
)
async def test_the_problem_says_what_stands_still_and_progress_ends_it(
    clock: FakeClock, key: tuple[str, str], says: str
) -> None:
    dog = Watchdog(clock)
    others = [one for one in (DELIVERS, TAKES, LOOKS) if one != key]
    for turn in range(2):
        dog.compare({**{one: Pulse(True, turn) for one in others}, key: Pulse(True, 1)})
        await clock.advance(STUCK_AFTER)
    dog.compare({**{one: Pulse(True, 2) for one in others}, key: Pulse(True, 1)})
    (problem,) = dog.problems(clock.now())
    assert (problem.code, problem.instance, problem.subject) == (ProblemCode.AGENT_STALLED, *key)
    assert says in problem.text
    dog.compare({key: Pulse(True, 2)})
    assert not dog.problems(clock.now())


async def test_progress_of_one_part_does_not_speak_for_another(clock: FakeClock) -> None:
    """Files come in all the time, but nothing is uploaded."""
    dog = Watchdog(clock)
    for taken in range(11):
        dog.compare({DELIVERS: Pulse(True, 7), TAKES: Pulse(True, taken)})
        await clock.advance(STUCK_AFTER / 10)
    assert dog.stuck == {DELIVERS}


async def test_an_instance_that_is_gone_is_forgotten(clock: FakeClock) -> None:
    dog = Watchdog(clock)
    dog.compare({DELIVERS: Pulse(True, 1)})
    await _later(clock, dog, {DELIVERS: Pulse(True, 1)})
    assert dog.stuck == {DELIVERS}
    dog.compare({})
    assert not dog.stuck


async def test_who_listens_hears_of_a_loop_that_runs_also_while_a_part_stands_still(clock: FakeClock) -> None:
    dog, heard = Watchdog(clock), 0

    def tell() -> None:
        nonlocal heard
        heard += 1

    beat = Beat(2.0, tell)
    running = asyncio.create_task(dog.run(lambda: {DELIVERS: Pulse(True, 1)}, beat))
    for _ in range(int(STUCK_AFTER / 2) + 5):
        await clock.advance(2.0)
    assert dog.stuck == {DELIVERS}
    assert heard >= STUCK_AFTER / 2
    running.cancel()
    await asyncio.wait([running])
