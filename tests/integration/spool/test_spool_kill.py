"""kill -9 while reports go in and out: what was acknowledged is there, whole files or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.spooled import report_id
from stationmaster.model import Counts, EntryState
from stationmaster.spool import Spool, Storage
from stationmaster.spool.saving import check

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
KILLS = 12


def start(*command: str) -> subprocess.Popen[str]:
    """Start the writer, perhaps below another program."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.Popen(
        [*command], stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def heard(process: subprocess.Popen[str], lines: int) -> list[str]:
    """Read some lines, kill the program, read what it had said by then."""
    assert process.stdout is not None
    said = [line for _ in range(lines) if (line := process.stdout.readline())]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the whole session: strace and the writer below it
    said += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    return [line.strip() for line in said if line.endswith("\n")]


async def account(path: Path, put: set[str], acked: set[str], storage: Storage) -> None:
    """Nothing acknowledged is lost, nothing is doubled, no file is there by half."""
    async with await Spool.open(path, instance="i", storage=storage, clock=FakeClock()) as spool:
        entries = await spool.entries(limit=1_000_000)
        states = {entry.report_id: entry.state for entry in entries}
        assert len(states) == len(entries)
        assert put <= states.keys()
        assert {one for one in acked if states[one] is not EntryState.COMPLETED} == set()
        counts = spool.counts
        tally = Counter(states.values())
        assert (counts.queued, counts.completed) == (tally[EntryState.QUEUED], tally[EntryState.COMPLETED])
        per_source = Counter(entry.source for entry in entries)
        rows = {str(row.path) for row in await spool.unreleased()}
        assert rows == set(per_source)
        for entry in entries:
            assert await spool.payload(entry.id) is not None


async def test_killed_at_any_moment_nothing_acknowledged_is_lost(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    put: set[str] = set()
    acked: set[str] = set()
    chance = random.Random(7)  # noqa: S311 - not a secret
    for turn in range(KILLS):
        work = tmp_path / f"work{turn}"
        work.mkdir()
        process = start(sys.executable, str(HERE / "writer.py"), str(path), str(work), str(turn))
        for line in await asyncio.to_thread(heard, process, chance.randint(1, 200)):
            kind, _, name = line.partition(" ")
            if kind == "put":
                put.add(name)
            elif kind == "ack":
                acked.add(name)
        shutil.rmtree(work)
        await account(path, put, acked, storage)
    assert len(put) > 100
    assert acked
    assert check(path) == ""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64", "ftruncate"])
async def test_killed_in_the_middle_of_a_durable_call(tmp_path: Path, storage: Storage, call: str) -> None:
    path = tmp_path / "spool.db"
    put: set[str] = set()
    acked: set[str] = set()
    for when in (1, 4, 9, 30, 90, 300):
        work = tmp_path / f"work{when}"
        work.mkdir()
        process = start(
            "strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}:signal=KILL:when={when}",
            sys.executable, str(HERE / "writer.py"), str(path), str(work), f"{call}{when}",
        )  # fmt: skip
        for line in await asyncio.to_thread(heard, process, 400):
            kind, _, name = line.partition(" ")
            if kind == "put":
                put.add(name)
            elif kind == "ack":
                acked.add(name)
        await account(path, put, acked, storage)
    assert put


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
async def test_every_take_is_flushed_before_it_returns(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    work = tmp_path / "work"
    work.mkdir()
    process = start(
        "strace", "-f", "-qq", "-o", str(log), "-e", "trace=fdatasync,fsync,write",
        sys.executable, str(HERE / "patient.py"), str(tmp_path / "spool.db"), str(work),
    )  # fmt: skip
    await asyncio.to_thread(process.communicate, None, 60)
    flushes = 0
    for line in log.read_text().splitlines():
        flushes += "sync(" in line
        if ' write(1, "taken\\n"' in line:
            assert flushes > 0, "a take returned without a flush"
            flushes = 0
    assert log.read_text().count(' write(1, "taken\\n"') == 60


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("errno", ["ENOSPC", "EIO"])
async def test_a_disk_that_fails_for_a_while_loses_nothing(
    tmp_path: Path, storage: Storage, errno: str
) -> None:
    path = tmp_path / "spool.db"
    work = tmp_path / "work"
    work.mkdir()
    process = start(
        "strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject=pwrite64:error={errno}:when=200..220",
        sys.executable, str(HERE / "patient.py"), str(path), str(work),
    )  # fmt: skip
    said, _ = await asyncio.to_thread(process.communicate, None, 60)
    assert process.returncode == 0, said
    lines = said.split()
    assert "refused" in lines
    await account(path, {report_id(f"{n}.{m}") for n in range(60) for m in range(3)}, set(), storage)
    async with await Spool.open(path, instance="i", storage=storage, clock=FakeClock()) as spool:
        assert spool.counts == Counts(completed=180)
