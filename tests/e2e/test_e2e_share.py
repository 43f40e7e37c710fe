"""A share that hangs: no call on it comes back, whoever makes it. The others go on, and it heals by itself.

`strace` holds every call that names the share, in every process of the agent and those that it starts: as
with a file server that is gone, such a call does not even end when its process is killed.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.station import Line, Station, children, needs_strace
from fakes.waiting import until
from stationmaster.model import ProblemCode

MINUTE = 60.0
SPARE = 15.0
"""Seconds that the others may be slower on a busy machine; a call that hangs takes a minute."""


@asynccontextmanager
async def hanging(station: Station, calls: str, *places: Path) -> AsyncIterator[None]:
    """Let these calls on these places hang for a minute each, or until the end of the block."""
    assert station.agent is not None
    traced = [station.agent.pid, *children(station.agent.pid)]
    command = ["strace", "-f", "-qq", "-o", str(station.root / "strace.log")]
    command += [word for place in places for word in ("-P", str(place))]
    command += [word for pid in traced for word in ("-p", str(pid))]
    command += ["-e", f"trace={calls}", "-e", f"inject={calls}:delay_enter={MINUTE:.0f}s"]
    tracer = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    try:
        await until(lambda: all(map(_held, traced)), what="the grip of strace")
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        await tracer.wait()


def _held(pid: int) -> bool:
    """All threads of a process are traced, or it is gone."""
    tasks = Path(f"/proc/{pid}/task").glob("*/status")
    return all("\nTracerPid:\t0\n" not in task.read_text() for task in tasks)


@asynccontextmanager
async def share_and_disk(root: Path) -> AsyncIterator[tuple[Station, Line, Line]]:
    """A station with an instance on a share, that has taken a file from it, and one on a disk."""
    needs_strace()
    async with Station(root) as station:
        line = await station.line(
            "share",
            await station.server(),
            "delete",
            # nobody knows who writes to a file of a share: one that may grow is released after this time
            folder={"network": "yes", "incomplete_after": 5.0},
        )
        disk = await station.line("disk", await station.server(), "archive")
        await station.start()
        await line.latency(1)
        yield station, line, disk
        fresh = line.inboxes[0].drop(line.equipment.wsjf()).keys()
        await look(station)
        await until(lambda: fresh <= line.server.ids(), seconds=40, what="a fresh file")
        await station.conserved(fresh=False)


async def look(station: Station) -> None:
    """Look at the folders now: a share is looked at every ten seconds only."""
    async with station.client() as client:
        await client.send_now("share")


async def undisturbed(disk: Line, before: list[float]) -> None:
    """The other instance is as quick as it was, in the middle one of five."""
    meanwhile = await disk.latency(5)
    assert meanwhile[2] < before[1] + SPARE


async def test_a_share_that_does_not_list_its_files_disturbs_nobody(tmp_path: Path) -> None:
    async with share_and_disk(tmp_path) as (station, line, disk):
        box = line.inboxes[0]
        before = await disk.latency(3)
        async with hanging(station, "%file,getdents64", box.path):
            for _ in range(6):
                box.drop(line.equipment.any())
            await look(station)
            log = station.root / "strace.log"
            await until(lambda: box.path.name in log.read_text(), what="a call that hangs")
            await undisturbed(disk, before)
            await look(station)
            await undisturbed(disk, before)
            assert len(list(box.path.iterdir())) == 6, "a file was taken from a share that hangs"


async def test_a_file_whose_share_hangs_is_not_blamed_on_its_converter(tmp_path: Path) -> None:
    async with share_and_disk(tmp_path) as (station, line, disk):
        box = line.inboxes[0]
        before = await disk.latency(3)
        places = [box.path / f"{number}.json" for number in range(3)]
        async with hanging(station, "openat", *places):
            for place in places:
                box.drop(line.equipment.wsjf(), place.name)
            await look(station)
            await station.until(lambda snapshot: any(one.converting for one in snapshot.instances))
            await undisturbed(disk, before)
            # the worker is ended after two seconds; the next one asks whether the share answers
            await until(lambda: _opened(station) > len(places), seconds=40, what="the question to the share")
            await undisturbed(disk, before)
            assert (await station.instance("share")).counts.error == 0


def _opened(station: Station) -> int:
    """Calls of `openat` so far that hang."""
    return (station.root / "strace.log").read_text().count("openat(")


@pytest.mark.faults
async def test_a_share_that_hangs_for_a_minute_is_told_and_heals(tmp_path: Path) -> None:
    async with share_and_disk(tmp_path) as (station, line, disk):
        box = line.inboxes[0]
        before = await disk.latency(3)
        async with hanging(station, "%file,getdents64", box.path):
            end = time.monotonic() + MINUTE
            box.drop(line.equipment.any())
            await look(station)
            problem = await station.problem(ProblemCode.FOLDER_HANGING, instance="share", seconds=40)
            assert str(box.path) in problem.text
            said = await station.command("doctor", "--json")
            (check,) = [one for one in json.loads(said.stdout)["data"]["checks"] if one["state"] == "failed"]
            assert (check["name"], check["code"]) == ("folder", problem.code)
            assert (check["title"], check["text"]) == (problem.title, problem.text)
            while time.monotonic() < end:
                await undisturbed(disk, before)
        await station.well(ProblemCode.FOLDER_HANGING, seconds=60)
