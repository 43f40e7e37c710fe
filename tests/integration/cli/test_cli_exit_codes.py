"""The exit codes of docs/cli.md, each from a real program, agent and server."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fakes.equipment import Equipment
from fakes.station import TOKEN, Station
from stationmaster.home.service_name import machine_step
from stationmaster.model import ProblemCode

CLOSED = "http://127.0.0.1:9"

READS: list[tuple[str, tuple[str, ...]]] = [
    ("status", ("agent", "status")),
    ("instances", ("instance", "list")),
    ("instance", ("instance", "show", "line1")),
    ("entries", ("queue", "list")),
    ("entries", ("queue", "find", "SN-1")),
    ("entry", ("queue", "show", "1")),
    ("converters", ("converter", "list")),
    ("config-check", ("config", "check")),
    ("agent-settings", ("config", "show")),
    ("log", ("log", "tail")),
]

ODD: list[tuple[str, ...]] = [
    ("nonsense",),
    ("agent", "nonsense"),
    ("agent", "run", "--timeout", "soon"),
    ("agent", "pause", "nobody"),
    ("agent", "pause", "--for", "ever"),
    ("agent", "drain", "nobody", "--timeout", "1"),
    ("instance", "show", "../../etc/passwd"),
    ("instance", "edit", "line1", "--set", "nonsense"),
    ("instance", "edit", "line1", "--set", "upload.mode=7"),
    ("instance", "edit", "line1", "--set", "watch.9.settle=1"),
    ("instance", "add", "line1", "--server", CLOSED),
    ("instance", "add", "a/b", "--server", CLOSED),
    ("instance", "add", "line9", "--server", "not an address"),
    ("instance", "remove", "nobody", "--yes"),
    ("queue", "show", "999999999999999999999"),
    ("queue", "show", "x"),
    ("queue", "retry"),
    ("queue", "dismiss", "77", "--yes"),
    ("queue", "list", "--state", "lost"),
    ("queue", "list", "--instance", "nobody"),
    ("queue", "export", "/proc/nowhere"),
    ("converter", "test", "/nowhere"),
    ("converter", "test", "/"),
    ("submit", "/nowhere"),
    ("submit", __file__),
    ("submit", __file__, "--converter", "nonsense"),
    ("server", "run", "--port", "999999"),
    ("log", "tail", "--lines", "-1"),
]


async def test_reading_commands_answer_in_one_form(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        line.inboxes[0].drop(Equipment().wsjf(sn="SN-1"))
        await station.until(lambda snapshot: snapshot.instances[0].counts.completed == 1)
        for kind, command in READS:
            done = await station.command(*command, "--json")
            assert (done.returncode, done.stderr) == (0, ""), command
            answer = json.loads(done.stdout)
            assert (answer["schema"], answer["kind"]) == (1, kind)
            assert answer["data"] or kind == "config-check"
            for_people = await station.command(*command)
            assert for_people.returncode == 0, command
        found = json.loads((await station.command("queue", "find", "sn-1", "--json")).stdout)["data"][0]
        assert found["source"] == str(line.inboxes[0].path / "wsjf-00001.wsjf")
        assert found["report_id"] in json.loads(found["receipt"])["body"]


async def test_nothing_wrong_shows_a_traceback(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        for command in ODD:
            done = await station.command(*command)
            assert done.returncode in {1, 2}, (command, done)
            assert done.stderr.strip(), command
            assert "Traceback" not in done.stderr, command
        assert (await station.status()).problems == ()
        undecodable = await station.command("converter", "test", os.fsdecode(b"/bad\xff"))
        assert (undecodable.returncode, "Traceback" in undecodable.stderr) == (2, False)


@pytest.mark.parametrize(
    "command",
    [
        ("agent", "status"),
        ("agent", "stop"),
        ("agent", "pause"),
        ("agent", "resume"),
        ("agent", "drain"),
        ("queue", "list"),
        ("queue", "find", "x"),
        ("queue", "show", "1"),
        ("queue", "send"),
        ("queue", "retry", "--all"),
        ("queue", "dismiss", "--all", "--yes"),
    ],
)
async def test_3_no_agent(tmp_path: Path, command: tuple[str, ...]) -> None:
    async with Station(tmp_path) as station:
        done = await station.command(*command)
    assert (done.returncode, done.stdout) == (3, "")
    assert "agent start" in done.stderr


async def test_3_no_agent_of_the_machine_names_what_starts_that_one(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        done = await station.command("--scope", "machine", "agent", "status")
        assert (done.returncode, done.stdout) == (3, "")
        assert machine_step() in done.stderr
        assert "stationmaster agent start" not in done.stderr
        told = json.loads((await station.command("--scope", "machine", "doctor", "--json")).stdout)
        [agent] = [one for one in told["data"]["checks"] if one["name"] == "agent"]
        assert agent["next_step"] == machine_step()


async def test_4_a_person_is_needed(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        station.store.edit("line1", {"secrets.store": "environment"})
        await station.start()
        await station.problem(ProblemCode.TOKEN_MISSING)
        done = await station.command("agent", "status")
    assert done.returncode == 4
    assert "STATIONMASTER_TOKEN_LINE1" in done.stdout, "what is wrong is the answer"
    assert done.stderr.startswith("Agent ")
    assert len(done.stderr.splitlines()) == 1, done.stderr


async def test_5_not_delivered_in_time(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        line = await station.line("line1", server, "keep")
        server.stop()
        await station.start()
        line.inboxes[0].drop(Equipment().wsjf())
        await station.until(lambda snapshot: snapshot.instances[0].counts.queued == 1)
        done = await station.command("agent", "drain", "--timeout", "0.5")
        assert done.returncode == 5
        assert "1 report" in done.stderr
        await server.start()
        await station.conserved(fresh=False)


async def test_1_nothing_is_known_of_it(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        assert (await station.command("queue", "find", "nobody")).returncode == 1
        second = await station.command("agent", "run")
        assert second.returncode == 1
        assert "running already" in second.stderr


async def test_a_token_shows_nowhere(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        line = await station.line("line1", server, "keep")
        await server.rules()
        await station.start()
        line.inboxes[0].drop(Equipment().wsjf(sn="SN-1"))
        await station.until(lambda snapshot: snapshot.instances[0].counts.completed == 1)
        said = [await station.command(*command) for _, command in READS]
        said += [await station.command(*command, "--json") for _, command in READS]
        assert not [done.args for done in said if TOKEN in done.stdout + done.stderr]
        assert station.agent is not None
        assert not [pid for pid in _tree(station.agent.pid) if TOKEN.encode() in _of_process(pid)]
        kept = station.home.token_file("line1")
        assert not [one for one in _texts(station.root) if one != kept and TOKEN.encode() in one.read_bytes()]


def _tree(pid: int) -> list[int]:
    """A process and everything below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in _tree(int(child)))]


def _of_process(pid: int) -> bytes:
    """What others on the machine can read of a process: its command line; and what its children inherit."""
    return Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()


def _texts(root: Path) -> list[Path]:
    """All files of the station but the server's own log of requests."""
    return [
        one
        for one in root.rglob("*")
        if one.is_file() and not one.is_relative_to(root / "server-1") and one.stat().st_size
    ]
