"""Small parts of the runtime: events, the stop's budget, the board of Problems, the watchdog's loop."""

from __future__ import annotations

import asyncio
import logging

import pytest

from fakes.clock import FakeClock, settle
from stationmaster.config.problem import invalid_settings
from stationmaster.errors import ConfigError, SpoolError
from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster.runtime.event import first_of
from stationmaster.runtime.health import DELIVERY, LATE, LOOK_EVERY, Pulse, Watchdog
from stationmaster.runtime.problem import ProblemBoard
from stationmaster.runtime.shutdown import Budget
from stationmaster.runtime.supervisor import expected_in

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")


async def test_the_first_of_several_events_is_enough() -> None:
    one, other = asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(first_of(one, other))
    await settle()
    assert not waiting.done()
    other.set()
    await waiting
    await first_of(one, other)  # at once


async def test_a_wait_for_events_that_is_cancelled_leaves_nothing_behind() -> None:
    waiting = asyncio.create_task(first_of(asyncio.Event(), asyncio.Event()))
    await settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("total", [5.0, 30.0, 120.0])
def test_all_stages_of_a_stop_keep_within_their_budget(total: float) -> None:
    budget = Budget()
    for each in (7.0, total):  # settings change, the object stays
        budget.resize(each)
    stages = (budget.control, budget.claims, budget.conversions, budget.uploads, budget.spool)
    assert sum(stages) == pytest.approx(total) == pytest.approx(budget.total)
    assert min(stages) > 0
    assert budget.instance == pytest.approx(total - budget.control)


def test_an_unusual_shutdown_never_exceeds_thirty_seconds() -> None:
    assert Budget().total <= 30.0


def _problem(clock: FakeClock, code: ProblemCode, severity: Severity, depends_on: str = "") -> Problem:
    return Problem(code=code, severity=severity, title="", text="", since=clock.now(), depends_on=depends_on)


async def test_problems_keep_their_moment_as_long_as_they_last(clock: FakeClock) -> None:
    board = ProblemBoard()
    began = clock.now()
    board.update([_problem(clock, ProblemCode.DISK_FULL, Severity.ERROR)])
    await clock.advance(10)
    (lasting,) = board.update([_problem(clock, ProblemCode.DISK_FULL, Severity.ERROR)])
    assert lasting.since == began
    assert board.update([]) == ()
    await clock.advance(10)
    (new,) = board.update([_problem(clock, ProblemCode.DISK_FULL, Severity.ERROR)])
    assert new.since == clock.now()


def test_the_worst_problem_comes_first_and_a_cause_before_its_consequence(clock: FakeClock) -> None:
    found = ProblemBoard().update(
        [
            _problem(clock, ProblemCode.SOURCE_INCOMPLETE, Severity.INFO),
            _problem(clock, ProblemCode.CLOCK_OFFSET, Severity.WARNING),
            _problem(clock, ProblemCode.DISK_FULL, Severity.ERROR, ProblemCode.SPOOL_ERROR),
            _problem(clock, ProblemCode.SPOOL_ERROR, Severity.ERROR),
        ]
    )
    assert [one.code for one in found] == [
        ProblemCode.SPOOL_ERROR,
        ProblemCode.DISK_FULL,
        ProblemCode.CLOCK_OFFSET,
        ProblemCode.SOURCE_INCOMPLETE,
    ]


def test_wrong_settings_say_what_to_do(clock: FakeClock) -> None:
    bare = invalid_settings("line1", ConfigError("It is wrong."), clock.now())
    assert bare.next_step == "Correct the file; it is read again by itself."
    told = invalid_settings("", ConfigError("It is wrong.", next_step="Mend it."), clock.now())
    assert (told.title, told.next_step) == ("The settings of the agent are wrong", "Mend it.")


def test_an_expected_error_is_found_only_where_it_is_alone() -> None:
    error = SpoolError("full")
    assert expected_in(error) is error
    assert expected_in(ExceptionGroup("", [ExceptionGroup("", [error])])) is error
    assert expected_in(ExceptionGroup("", [error, ValueError()])) is None
    assert expected_in(ValueError()) is None


class _SleepyClock(FakeClock):
    """Each sleep takes longer than asked for, as on a computer that slept."""

    late = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.late


async def test_the_watchdog_looks_by_itself_and_forgives_a_sleep(caplog: pytest.LogCaptureFixture) -> None:
    clock = _SleepyClock()
    dog = Watchdog(clock, stuck_after=60.0)
    looks = 0

    def look() -> dict[tuple[str, str], Pulse]:
        nonlocal looks
        looks += 1
        return {("line1", DELIVERY): Pulse(has_work=True, progress=1)}

    task = asyncio.create_task(dog.run(look))
    await clock.advance(10 * LOOK_EVERY)
    assert looks == 10
    await settle()
    clock.late = 1000.0 + LATE  # the computer slept in the middle of a wait
    with caplog.at_level(logging.WARNING):
        await clock.advance(LOOK_EVERY)
    assert "the computer slept" in caplog.text
    assert not dog.stuck
    await clock.advance(60.0)
    assert dog.stuck == {("line1", DELIVERY)}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
