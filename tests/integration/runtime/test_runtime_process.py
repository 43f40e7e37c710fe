"""The agent as a process: signals with work under way, a kill after an answer, one agent per home."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from fakes.oracle_script import Act, Behaviour, Rule
from fakes.server import answer
from fakes.station import Station, children
from fakes.waiting import running, until
from stationmaster.cli.exit import Exit
from stationmaster.model import Lifecycle, ProblemCode

BUDGET = 5.0
SPARE = 25.0
"""Seconds that the interpreter and two busy cores may take on top; what hangs, hangs for minutes."""

HANGING = """
import time
from stationmaster.api import Report


class Hanging:
    name = "hanging"
    version = "1"

    def convert(self, source, options, resume):
        time.sleep(3600)
        yield Report({})


converter = Hanging()
"""


async def test_a_stop_waits_no_longer_than_its_budget_for_a_server_that_hangs(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server(rules=[answer(Act.HANG)])
        line = await station.line("line1", server, "archive", patch={"server.timeout": 300.0})
        station.home.agent_file.write_text(f"shutdown_budget = {BUDGET}\n")
        for _ in range(10):
            line.inboxes[0].drop(line.equipment.make("wsjf"))
        await station.start()
        await until(lambda: len(server.submits()) >= 5, what="uploads under way")
        began = time.monotonic()
        assert await station.terminate() == 0
        assert time.monotonic() - began <= BUDGET + SPARE
        await server.rules()
        await station.start()
        await station.conserved()


async def test_a_second_signal_neither_hurries_nor_breaks_the_stop(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server(delay=0.5)
        line = await station.line("line1", server, "archive", "delete")
        for _ in range(20):
            for box in line.inboxes:
                box.drop(line.equipment.make("wstf", units=2))
        await station.start()
        await until(lambda: len(server.submits()) >= 5, what="uploads under way")
        assert station.agent is not None
        for _ in range(3):
            station.agent.send_signal(signal.SIGTERM)
        station.agent.send_signal(signal.SIGINT)
        assert await station.gone() == 0
        sent = [one.report_id for one in server.submits()]
        assert len(sent) == len(set(sent))
        await station.start()
        await station.conserved()
        sent = [one.report_id for one in server.submits()]
        assert len(sent) == len(set(sent)), "what was under way was not waited for"


async def test_a_stop_ends_a_converter_that_hangs_and_leaves_its_file(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        folder = {"converters": ["hanging"], "options": {}}
        line = await station.line("line1", server, "archive", folder=folder)
        station.home.agent_file.write_text(f"shutdown_budget = {BUDGET}\n")
        (station.home.converters("line1") / "hanging.py").write_text(HANGING)
        box = line.inboxes[0]
        box.drop(line.equipment.make("wsjf"), "a.json")
        await station.start()
        await station.until(lambda snapshot: snapshot.instances[0].converting == 1)
        assert station.agent is not None
        workers = children(station.agent.pid)
        assert workers
        began = time.monotonic()
        assert await station.terminate() == 0
        assert time.monotonic() - began <= BUDGET + SPARE
        assert not [pid for pid in workers if running(pid)]
        assert [path.name for path in box.path.iterdir()] == ["a.json"]
        station.store.edit("line1", {"watch.0.converters": ["wsjf"]})
        await station.start()
        await station.conserved(fresh=False)


async def test_a_signal_in_the_middle_of_the_start_is_a_stop(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        line = await station.line("line1", server, "archive")
        log = tmp_path / "agent.log"
        for _ in range(3):
            line.inboxes[0].drop(line.equipment.make("wsjf"))
            await station.start(wait=False)
            # as soon as it says something it has its signal handlers
            known = log.stat().st_size
            await until(lambda known=known: log.stat().st_size > known, what="a sign of life")  # type: ignore[misc]  # mypy infers no default's type
            assert await station.terminate() == 0
        await station.start()
        await station.conserved()


async def test_a_report_that_was_answered_for_survives_a_kill_at_once(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        line = await station.line("line1", server, "archive")
        server.stop()
        await station.start()
        await station.until(lambda snapshot: snapshot.instances[0].lifecycle is Lifecycle.RUNNING)
        raw = line.equipment.make("wsjf")
        async with station.client() as client:
            for _ in range(5):
                made = line.equipment.make("wsjf")
                await client.submit("line1", made.content, filename="a.json")
                line.account.enter(made)
            await client.submit("line1", raw.content, filename="raw.json", converter="wsjf")
            line.account.enter(raw)
        station.kill()
        await server.start()
        await station.start()
        await station.conserved()


async def test_a_home_has_one_agent(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "archive")
        await station.start()
        second = await station.command("agent", "run")
        assert second.returncode == Exit.ERROR
        assert "An agent is running already" in second.stderr
        assert station.alive
        await station.status()


async def test_once_leaves_by_itself_with_what_it_achieved(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server(rules=[Rule(behaviour=Behaviour(act=Act.STATUS, status=503), times=3)])
        line = await station.line("line1", server, "archive", "keep")
        for _ in range(10):
            for box in line.inboxes:
                box.drop(line.equipment.any())
        done = await station.command("agent", "run", "--once")
        assert done.returncode == Exit.OK, done.stderr
        assert line.faults() == []
        line.inboxes[0].spoil(b'{"type": "T"}', "bad.json")
        assert (await station.command("agent", "run", "--once")).returncode == Exit.NEEDS_PERSON
        server.stop()
        late = await station.command("agent", "run", "--once", "--timeout", "2")
        assert late.returncode == Exit.NEEDS_PERSON  # the error list is still there
        await server.start()
        await station.start()
        assert (await station.problem(ProblemCode.ENTRIES_IN_ERROR)).instance == "line1"
        await station.conserved()


async def test_an_agent_that_was_killed_leaves_no_worker_behind(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "archive")
        await station.start()
        await line.latency(1)
        assert station.agent is not None
        workers = children(station.agent.pid)
        assert workers
        os.kill(station.agent.pid, signal.SIGKILL)  # it alone, not its group
        await until(lambda: not any(running(pid) for pid in workers), what="the end of its workers")
        station.kill()
        await station.start()  # the lock and the socket of the dead are no obstacle
        await station.conserved()
