"""Work that stands still for no reason that is told: which half of an instance it is, and what is none."""

from __future__ import annotations

import threading
from datetime import timedelta
from email.utils import format_datetime
from functools import partial

import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script
from stationmaster.control.metrics import health
from stationmaster.model import ProblemCode
from stationmaster.runtime.health import DELIVERY, INTAKE, STUCK_AFTER, Pulse

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")

HANGS = Script([Rule(behaviour=Behaviour(act=Act.HANG), route="any")])
BUSY = Script([Rule(behaviour=Behaviour(act=Act.STATUS, status=429), route="any")])


def stalled(hosted: Hosted) -> set[str]:
    """What the watchdog says stands still."""
    problems = hosted.agent.status().problems
    return {one.subject for one in problems if one.code is ProblemCode.AGENT_STALLED}


def delivery(hosted: Hosted) -> Pulse:
    """How delivery does."""
    return hosted.supervisor("line1").instance.pulses()[DELIVERY]


def goes_on(hosted: Hosted, before: object) -> bool:
    """It has progressed since then, or has nothing to do."""
    return not delivery(hosted).has_work or delivery(hosted).progress != before


def waits(hosted: Hosted, count: int) -> bool:
    """So many reports wait."""
    return hosted.waiting("line1") == count


async def test_files_that_come_in_do_not_hide_that_nothing_goes_out(hosted: Hosted, oracle: Oracle) -> None:
    """A server that answers nobody, a limit that somebody set to ten minutes, and a clock that is wrong."""
    folder = await hosted.line("line1", oracle, patch={"server.timeout": 600.0})
    oracle.date = format_datetime(hosted.clock.now() + timedelta(hours=1), usegmt=True)
    async with hosted:
        first = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [first])
        await hosted.until(lambda: hosted.problem(ProblemCode.CLOCK_OFFSET))
        oracle.script = HANGS
        dropped = []
        for number in range(1, 12):
            dropped.append(hosted.drop(folder))
            await hosted.until(partial(waits, hosted, number))
            await hosted.clock.advance(STUCK_AFTER / 10)
        await hosted.until(lambda: stalled(hosted) == {DELIVERY})
        assert "line1" in str(health(hosted.agent).reasons), "what /healthz answers 503 for"
        oracle.script = Script()
        await oracle.stop()
        await oracle.start()
        await hosted.until(lambda: set(dropped) <= set(ids(oracle)))
        await hosted.until(lambda: not stalled(hosted))
        assert not health(hosted.agent).reasons


async def test_a_disk_that_answers_no_more_stops_the_intake_and_is_told(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle, patch={"convert.timeout": 600.0})
    go_on = threading.Event()
    async with hosted:
        await hosted.running("line1")
        hosted.agent.storage.start(go_on.wait)
        try:
            name = hosted.drop(folder)
            await hosted.until(lambda: hosted.instance("line1").converting == 1)
            await hosted.clock.advance(STUCK_AFTER + 30.0)
            assert not stalled(hosted), "a conversion may take 600 s here"
            await hosted.clock.advance(600.0)
            await hosted.until(lambda: stalled(hosted) == {INTAKE})
        finally:
            go_on.set()
        await hosted.until(lambda: ids(oracle) == [name])
        await hosted.until(lambda: not stalled(hosted))


@pytest.mark.parametrize("trouble", ["outage", "busy", "held", "paused"])
async def test_what_is_told_elsewhere_is_not_told_as_standing_still(
    hosted: Hosted, oracle: Oracle, trouble: str
) -> None:
    folder = await hosted.line("line1", oracle, token="" if trouble == "held" else "bmFtZTpzZWNyZXQ=")
    async with hosted:
        await hosted.running("line1")
        if trouble == "outage":
            await oracle.stop()
        elif trouble == "busy":
            oracle.script = BUSY
        elif trouble == "paused":
            await hosted.agent.pause("line1", hosted.clock.now() + timedelta(days=1))
        hosted.drop(folder)
        await hosted.until(lambda: hosted.waiting("line1") == 1)
        for _ in range(12):
            before = delivery(hosted).progress
            await hosted.clock.advance(STUCK_AFTER / 10)
            await hosted.moment(partial(goes_on, hosted, before))
        assert not stalled(hosted)
        assert hosted.waiting("line1") == 1
        if trouble == "outage":
            await oracle.start()
