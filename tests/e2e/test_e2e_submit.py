"""A submitted report is on disk when the call returns: with an agent, without, with one that is killed."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

from fakes.equipment import Made
from fakes.oracle_script import Act
from fakes.server import answer
from fakes.station import Line, Station
from stationmaster.submit import submit


def made(line: Line) -> Made:
    """A report that is expected from now on."""
    one = line.equipment.wsjf()
    line.account.enter(one)
    return one


async def test_by_command_and_by_python_with_an_agent_and_without(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "archive")
        file = tmp_path / "report.json"

        async def by_command() -> str:
            file.write_bytes(made(line).content)
            done = await station.command("submit", str(file), "--json")
            assert done.returncode == 0, done
            return str(json.loads(done.stdout)["data"]["place"])

        async def by_python() -> str:
            call = partial(submit, made(line).content, instance="line1", home=station.home)
            return (await asyncio.to_thread(call)).place

        for way in (by_command, by_python):
            place = Path(await way())
            assert place.parent == station.home.outbox("line1"), "without an agent it waits in the outbox"
        await station.start()
        for way in (by_command, by_python):
            assert await way() == "", "with an agent it is in the spool"
        raw = tmp_path / "raw.wstf"
        whole = line.equipment.make("wstf", units=3)
        raw.write_bytes(whole.content)
        line.account.enter(whole)
        done = await station.command("submit", str(raw), "--converter", "wstf")
        assert done.returncode == 0, done
        await station.conserved()
        assert raw.read_bytes() == whole.content


async def test_an_agent_that_is_killed_right_after_the_answer_loses_nothing(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", server := await station.server(), "archive")
        await server.rules(answer(Act.HANG))
        for _ in range(5):
            await station.start()
            call = partial(submit, made(line).content, instance="line1", home=station.home)
            await asyncio.to_thread(call)
            station.kill()
        await server.rules()
        await station.start()
        await station.conserved()


async def test_a_report_without_an_id_is_one_report_however_often_it_is_submitted(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", server := await station.server(), "archive")
        report = json.loads(line.equipment.wsjf().content)
        del report["id"]
        call = partial(submit, report, instance="line1", home=station.home)
        names = {(await asyncio.to_thread(call)).report_id}
        await station.start()
        names |= {(await asyncio.to_thread(call)).report_id, (await asyncio.to_thread(call)).report_id}
        await station.until(lambda snapshot: snapshot.instances[0].counts.completed == 1)
        assert len(names) == 1
        assert server.ids() == names


async def test_a_report_that_breaks_the_rules_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "archive")
        file = tmp_path / "report.json"
        file.write_text('{"type": "T", "sn": "S"}')
        for running in (False, True):
            if running:
                await station.start()
            done = await station.command("submit", str(file))
            assert done.returncode == 1
            assert "pn: is missing" in done.stderr
        assert not list(station.home.outbox("line1").iterdir())
        assert (await station.instance("line1")).counts.queued == 0
