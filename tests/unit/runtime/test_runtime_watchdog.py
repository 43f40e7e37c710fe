"""The watchdog tells standing still from having nothing to do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fakes.clock import FakeClock
from stationmaster.model import ProblemCode
from stationmaster.runtime.health import STUCK_AFTER, Watchdog

Look = Mapping[str, tuple[bool, object]]


async def _later(clock: FakeClock, dog: Watchdog, look: Look) -> None:
    await clock.advance(STUCK_AFTER)
    dog.compare(look)


async def test_work_without_progress_becomes_a_problem_and_progress_ends_it(clock: FakeClock) -> None:
    dog = Watchdog(clock)
    dog.compare({"line1": (True, 1)})
    dog.compare({"line1": (True, 1)})
    assert not dog.problems(clock.now())
    await _later(clock, dog, {"line1": (True, 1)})
    (problem,) = dog.problems(clock.now())
    assert (problem.code, problem.instance) == (ProblemCode.AGENT_STALLED, "line1")
    dog.compare({"line1": (True, 2)})
    assert not dog.problems(clock.now())


@pytest.mark.parametrize("second", [(False, 1), (True, 2)])
async def test_idleness_and_progress_are_not_standing_still(
    clock: FakeClock, second: tuple[bool, object]
) -> None:
    dog = Watchdog(clock)
    dog.compare({"line1": (True, 1)})
    await _later(clock, dog, {"line1": second})
    assert not dog.stuck


async def test_an_instance_that_is_gone_is_forgotten(clock: FakeClock) -> None:
    dog = Watchdog(clock)
    dog.compare({"line1": (True, 1)})
    await _later(clock, dog, {"line1": (True, 1)})
    assert dog.stuck == {"line1"}
    dog.compare({})
    assert not dog.stuck
