"""Process codes are looked up in the server's list before a report leaves."""

from __future__ import annotations

import msgspec
import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script
from stationmaster.deliver.process import AGAIN, FRESH, TOLD, Known
from stationmaster.model import EntryState, Problem, ProblemCode

KNOWN: list[dict[str, object]] = [
    {"code": 10, "name": "SW Debug", "isTestOperation": True, "state": 1, "unheardOf": [1]},
    {"code": 500, "name": "Repair", "isRepairOperation": True, "state": 0},
]
ODD = 11


def report(hosted: Hosted, code: int, sn: str) -> bytes:
    body = msgspec.json.decode(hosted.wsjf(sn=sn))
    return msgspec.json.encode({**body, "processCode": code})


async def line(hosted: Hosted, oracle: Oracle, choice: str = "tell") -> None:
    folder = hosted.folder("line1")
    await hosted.line(
        "line1", oracle, patch={"watch": [hosted.watch(folder)], "upload.check_process": choice}
    )


async def submit(hosted: Hosted, code: int, sn: str) -> None:
    await hosted.agent.submit("line1", report(hosted, code, sn), filename="r.json", converter="")


def told(hosted: Hosted) -> Problem | None:
    return hosted.problem(ProblemCode.PROCESS_UNKNOWN)


def asked(oracle: Oracle) -> int:
    return sum(seen.route == "processes" for seen in oracle.seen)


async def test_an_unknown_code_is_told_and_the_report_is_sent(hosted: Hosted, oracle: Oracle) -> None:
    oracle.processes = KNOWN
    await line(hosted, oracle)
    async with hosted:
        await hosted.running("line1")
        for code, sn in ((10, "A"), (500, "B"), (ODD, "C")):
            await submit(hosted, code, sn)
        await hosted.until(lambda: hosted.completed("line1") == 3)
        await hosted.until(lambda: told(hosted) is not None)
        problem = told(hosted)
        assert problem is not None
        assert f"Process code {ODD}" in problem.text
        assert "unit C" in problem.text
        assert "sent all the same" in problem.text
        assert "10 (SW Debug)" not in problem.title
        assert problem.subject == str(ODD)
        assert asked(oracle) == 1
        oracle.processes = [*KNOWN, {"code": ODD, "name": "New"}]
        await hosted.clock.advance(AGAIN.total_seconds() + 1)
        await submit(hosted, ODD, "D")
        await hosted.until(lambda: told(hosted) is None, what="the list that knows it")
        assert len(ids(oracle)) == 4


async def test_the_problem_goes_an_hour_after_the_last_report(hosted: Hosted, oracle: Oracle) -> None:
    oracle.processes = KNOWN
    await line(hosted, oracle)
    async with hosted:
        await submit(hosted, ODD, "C")
        await hosted.until(lambda: told(hosted) is not None)
        await hosted.clock.advance(TOLD.total_seconds() + 1)
        await hosted.until(lambda: told(hosted) is None)


async def test_a_report_with_an_unknown_code_can_be_held(hosted: Hosted, oracle: Oracle) -> None:
    oracle.processes = KNOWN
    await line(hosted, oracle, "hold")
    async with hosted:
        await submit(hosted, ODD, "C")
        await submit(hosted, 10, "A")
        await hosted.until(lambda: hosted.instance("line1").counts.error == 1)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        [entry] = await hosted.agent.entries("line1", state=EntryState.ERROR, text=None, limit=9, before=None)
        assert f"Process code {ODD} is not among the server's processes" in entry.reason
        assert entry.serial_number == "C"
        assert len(ids(oracle)) == 1
        oracle.processes = [*KNOWN, {"code": ODD, "name": "New"}]
        await hosted.clock.advance(AGAIN.total_seconds() + 1)
        await hosted.agent.retry("line1", None)
        await hosted.until(lambda: hosted.completed("line1") == 2, what="the retry")
        assert told(hosted) is None


@pytest.mark.parametrize("choice", ["tell", "hold"])
async def test_a_server_without_a_list_gets_every_report(hosted: Hosted, oracle: Oracle, choice: str) -> None:
    await line(hosted, oracle, choice)
    async with hosted:
        await submit(hosted, ODD, "C")
        await hosted.until(lambda: hosted.completed("line1") == 1)
        assert told(hosted) is None


async def test_a_report_waits_while_the_list_cannot_be_had(hosted: Hosted, oracle: Oracle) -> None:
    """A list that is known but may be old must send no report to the error list."""
    oracle.processes = KNOWN
    await line(hosted, oracle, "hold")
    async with hosted:
        await submit(hosted, 10, "A")
        await hosted.until(lambda: hosted.completed("line1") == 1)
        await hosted.agent.processes("line1", refresh=True)
        await hosted.clock.advance(AGAIN.total_seconds() + 1)
        busy = Behaviour(act=Act.STATUS, status=503)
        oracle.script = Script([Rule(behaviour=busy, route="processes", times=2)])
        oracle.processes = [*KNOWN, {"code": ODD, "name": "New"}]
        await submit(hosted, ODD, "C")
        await hosted.until(lambda: hosted.completed("line1") == 2, what="the report that waited")
        assert hosted.instance("line1").counts.error == 0


async def test_nothing_is_asked_where_nobody_is_to_look(hosted: Hosted, oracle: Oracle) -> None:
    oracle.processes = KNOWN
    await line(hosted, oracle, "off")
    async with hosted:
        await submit(hosted, ODD, "C")
        await hosted.until(lambda: hosted.completed("line1") == 1)
        assert asked(oracle) == 0
        assert told(hosted) is None


async def test_the_list_outlives_a_restart_and_is_asked_for_once_a_day(
    hosted: Hosted, oracle: Oracle
) -> None:
    oracle.processes = KNOWN
    await line(hosted, oracle)
    async with hosted:
        await submit(hosted, 10, "A")
        await hosted.until(lambda: asked(oracle) == 1)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        await hosted.stop()
        await hosted.start()
        await hosted.running("line1")
        found = await hosted.agent.processes("line1")
        assert [(one.code, one.name, one.kinds, one.active) for one in found.processes] == [
            (10, "SW Debug", ("test",), True),
            (500, "Repair", ("repair",), False),
        ]
        assert found.server == oracle.url
        await submit(hosted, 10, "B")
        await hosted.until(lambda: hosted.completed("line1") == 2)
        assert asked(oracle) == 1
        refreshed = await hosted.agent.processes("line1", refresh=True)
        assert asked(oracle) == 2
        assert refreshed.fetched_at is not None
        assert found.fetched_at is not None
        assert refreshed.fetched_at >= found.fetched_at
        await hosted.stop()
        file = hosted.home.processes("line1")
        kept = msgspec.json.decode(file.read_bytes(), type=Known)
        yesterday = msgspec.structs.replace(kept, fetched_at=kept.fetched_at - FRESH)
        file.write_bytes(msgspec.json.encode(yesterday))
        await hosted.start()
        await hosted.running("line1")
        await submit(hosted, 10, "C")
        await hosted.until(lambda: asked(oracle) == 3)


async def test_a_list_of_another_server_or_a_damaged_one_does_not_count(
    hosted: Hosted, oracle: Oracle
) -> None:
    oracle.processes = KNOWN
    await line(hosted, oracle)
    file = hosted.home.processes("line1")
    file.parent.mkdir(parents=True, exist_ok=True)
    other = b'{"server": "https://other", "fetched_at": "2026-01-01T00:00:00Z", "processes": []}'
    async with hosted.idle():
        for content in (other, b"{"):
            file.write_bytes(content)
            await hosted.start()
            await hosted.running("line1")
            assert (await hosted.agent.processes("line1")).fetched_at is None
            await hosted.stop()


@pytest.mark.parametrize("choice", ["tell", "hold"])
async def test_an_empty_list_blames_no_report(hosted: Hosted, oracle: Oracle, choice: str) -> None:
    """The token may have no right to see them, or the server is not up yet."""
    oracle.processes = []
    await line(hosted, oracle, choice)
    async with hosted:
        await submit(hosted, ODD, "C")
        await hosted.until(lambda: hosted.completed("line1") == 1)
        await hosted.until(lambda: asked(oracle) == 1)
        assert told(hosted) is None
        assert not hosted.home.processes("line1").exists()
