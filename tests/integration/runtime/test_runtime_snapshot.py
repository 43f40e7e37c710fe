"""The snapshot: one value with a revision that only grows; and the Problems that the agent itself finds."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import timedelta
from email.utils import format_datetime
from uuid import UUID

import msgspec
import pytest

from fakes.clock import settle
from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from stationmaster.control.client import ControlClient
from stationmaster.control.server import ControlServer
from stationmaster.model import AgentStatus, Lifecycle, Link, ProblemCode
from stationmaster.runtime.agent import SCAN_NEWS

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")


async def test_revisions_only_grow_and_quiet_makes_none(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        seen = [hosted.agent.status()]
        await hosted.running("line1")
        hosted.drop(folder)

        def delivered() -> bool:
            seen.append(hosted.agent.status())
            return hosted.completed("line1") == 1

        await hosted.until(delivered)
        assert [one.revision for one in seen] == sorted(one.revision for one in seen)
        for one, other in itertools.pairwise(seen):
            assert (one.revision == other.revision) == (one is other)
        await hosted.clock.advance(10.0)
        before = hosted.agent.status()
        periods = 4
        for _ in range(int(SCAN_NEWS) * periods):
            await hosted.clock.advance(1.0)
        # folders are scanned all the time, and the server pinged: that alone is hardly news. Each folder is
        # scanned at its own moments, and the time touches one period more than it fills.
        folders = len(before.instances[0].folders)
        assert hosted.agent.status().revision - before.revision <= folders * (periods + 1)


async def test_a_watcher_gets_the_whole_state_first_then_what_is_new(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        until = asyncio.Event()
        changes = hosted.agent.changes(until=until)
        first = await anext(changes)
        assert first is hosted.agent.status()
        hosted.drop(folder)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        second = await anext(changes)  # what came between is skipped
        assert second is hosted.agent.status()
        assert second.revision > first.revision
        waiting = asyncio.ensure_future(anext(changes, None))
        await settle()
        assert not waiting.done()
        until.set()
        assert await waiting is None
        assert await anext(hosted.agent.changes(until=until), None) is None


async def test_clients_of_the_event_stream_see_a_life_from_start_to_end(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    seen: list[AgentStatus] = []

    async def watch() -> None:
        async with ControlClient(hosted.home.socket) as client:
            async for snapshot in client.watch():
                seen.append(snapshot)  # noqa: PERF401 - the test looks on while they come

    async with hosted:
        async with ControlServer(hosted.agent, hosted.home.socket):
            watching = asyncio.create_task(watch())
            await hosted.moment(lambda: seen)
            name = hosted.drop(folder)
            await hosted.until(lambda: seen[-1].instances[0].counts.completed == 1)
            hosted.agent.drain("line1")
            await hosted.until(lambda: seen[-1].instances[0].lifecycle is Lifecycle.STOPPED)
        await watching  # the stream ends with the server
    assert ids(oracle) == [name]
    revisions = [one.revision for one in seen]
    assert revisions == sorted(set(revisions))
    assert all(msgspec.structs.asdict(one)["pid"] == seen[0].pid for one in seen)


async def test_a_clock_that_is_wrong_is_told_until_it_is_right(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        hosted.drop(folder)
        await hosted.until(lambda: hosted.agent.supervisors and hosted.completed("line1") == 1)
        assert not hosted.problem(ProblemCode.CLOCK_OFFSET)
        oracle.date = format_datetime(hosted.clock.now() + timedelta(hours=1), usegmt=True)
        hosted.drop(folder)
        await hosted.until(lambda: hosted.problem(ProblemCode.CLOCK_OFFSET))
        problem = hosted.problem(ProblemCode.CLOCK_OFFSET)
        assert problem is not None
        assert "60 minutes behind the server's" in problem.text
        assert hosted.instance("line1").link is Link.ONLINE  # it is delivered all the same
        await hosted.until(lambda: hosted.completed("line1") == 2)
        oracle.date = None
        hosted.drop(folder)
        await hosted.until(lambda: not hosted.problem(ProblemCode.CLOCK_OFFSET))


async def test_reports_from_the_future_are_delivered_and_told(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        report = json.loads(hosted.wsjf(sn="EARLY"))
        report["start"] = (hosted.clock.now() + timedelta(hours=3, minutes=1)).isoformat()
        (folder / "early.json").write_text(json.dumps(report))
        await hosted.until(lambda: hosted.completed("line1") == 1)
        assert ids(oracle) == [report["id"]]
        assert json.loads(oracle.stored[report["id"]]) == report
        problem = hosted.problem(ProblemCode.REPORT_IN_FUTURE, "line1")
        assert problem is not None
        assert "dated 3 hours in the future: unit EARLY" in problem.text
        assert str(folder / "early.json") in problem.text
        report |= {"id": str(UUID(int=5, version=4)), "sn": "LATER"}
        await hosted.agent.submit(
            "line1", json.dumps(report).encode(), filename="handed-over.json", converter=""
        )
        await hosted.until(lambda: hosted.completed("line1") == 2)
        await hosted.until(
            lambda: "unit LATER from handed-over.json" in _text(hosted, ProblemCode.REPORT_IN_FUTURE)
        )
        await hosted.until(lambda: not hosted.problem(ProblemCode.REPORT_IN_FUTURE), step=30)


def _text(hosted: Hosted, code: ProblemCode) -> str:
    problem = hosted.problem(code)
    return problem.text if problem else ""


async def test_a_clock_that_is_set_back_stops_nothing(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        first = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [first])
        hosted.clock.set_back(7200.0)
        second = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [first, second])


async def test_a_problem_keeps_the_moment_it_began_and_the_worst_come_first(
    hosted: Hosted, oracle: Oracle
) -> None:
    await hosted.line("line1", oracle)
    folder = hosted.folder("line1")
    async with hosted:
        await hosted.running("line1")
        hosted.spoil(folder)
        await hosted.until(lambda: hosted.problem(ProblemCode.ENTRIES_IN_ERROR))
        began = hosted.problem(ProblemCode.ENTRIES_IN_ERROR)
        assert began is not None
        assert (began.title, began.text[:3]) == ("1 file or report needs attention", "It ")
        hosted.home.instance_file("line1").write_text("wrong")
        await hosted.until(lambda: hosted.problem(ProblemCode.CONFIG_INVALID))
        await hosted.clock.advance(100.0)
        assert hosted.problem(ProblemCode.ENTRIES_IN_ERROR) == began
        codes = [one.code for one in hosted.agent.status().problems]
        assert codes == [ProblemCode.CONFIG_INVALID, ProblemCode.ENTRIES_IN_ERROR]
