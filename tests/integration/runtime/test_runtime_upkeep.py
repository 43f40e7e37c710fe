"""What the agent does by itself about its spool: old reports, damage, a full disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Rule, Script, status
from stationmaster.errors import ControlError
from stationmaster.model import EntryState, Lifecycle, ProblemCode, Severity
from stationmaster.runtime.upkeep import SWEEP_EVERY

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")
DAMAGED = ProblemCode.SPOOL_DAMAGED
FULL = ProblemCode.DISK_FULL
DAY = 86400.0


# -------------------------------------------------------------------- retention


async def test_delivered_reports_go_with_time_and_nothing_else_does(hosted: Hosted, oracle: Oracle) -> None:
    patch = {"retention.payload_days": 900 / DAY, "retention.completed_days": 2700 / DAY}
    folder = await hosted.line("line1", oracle, patch=patch)
    oracle.script = Script([Rule(behaviour=status(400), contains="BAD")])
    old = hosted.home.outbox("line1") / "old.completed"
    old.write_text("{}")
    os.utime(old, (1, 1))
    async with hosted:
        hosted.drop(folder, sn="BAD1")
        done = hosted.drop(folder)
        await hosted.until(lambda: hosted.agent.supervisors and hosted.completed("line1") == 1)
        await hosted.until(lambda: hosted.instance("line1").counts.error == 1)
        await hosted.until(lambda: not old.exists(), what="the end of an old file of the outbox")
        await oracle.stop()
        waiting = hosted.drop(folder)
        await hosted.until(lambda: hosted.waiting("line1") == 1)
        (entry,) = await hosted.entries("line1", EntryState.COMPLETED)
        assert await hosted.agent.payload("line1", entry.id)
        await hosted.clock.advance(900 + SWEEP_EVERY)
        await _emptied(hosted, entry.id)
        assert (await hosted.agent.entry("line1", entry.id)).report_id == done
        await hosted.clock.advance(1800)
        await hosted.until(lambda: hosted.completed("line1") == 0)
        rest = {one.report_id: one.state for one in await hosted.entries("line1")}
        assert rest[waiting] is EntryState.QUEUED
        assert sorted(rest.values()) == [EntryState.ERROR, EntryState.QUEUED]
        await oracle.start()
        await hosted.until(lambda: waiting in ids(oracle))


# -------------------------------------------------------------------- damage


async def test_a_spool_that_is_no_database_is_made_anew_and_told(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    spool = hosted.home.spool("line1")
    spool.write_bytes(b"no database at all " * 500)
    name = hosted.drop(folder)
    async with hosted:
        await hosted.until(lambda: ids(oracle) == [name])
        await hosted.until(lambda: hosted.problem(DAMAGED))
        problem = hosted.problem(DAMAGED)
        assert problem is not None
        assert "made anew" in problem.text
        (aside,) = spool.parent.glob("spool.damaged-*.db")
        assert aside.name in problem.next_step
        for path in spool.parent.glob("spool.damaged-*"):
            path.unlink()
        await hosted.until(lambda: not hosted.problem(DAMAGED))


async def test_damage_that_a_check_finds_is_told_and_mended_by_the_next_start(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    await oracle.stop()
    async with hosted:
        names = {hosted.drop(folder) for _ in range(30)}
        await hosted.until(lambda: hosted.agent.supervisors and hosted.waiting("line1") == 30)
        await hosted.stop()
        _spoil_index(hosted.home.spool("line1"))
        await hosted.start()
        await hosted.until(lambda: hosted.problem(DAMAGED), what="the check's finding")
        problem = hosted.problem(DAMAGED)
        assert problem is not None
        assert (problem.severity, problem.text[:14]) == (Severity.ERROR, "A check found:")
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING
        await hosted.restart()
        await hosted.until(lambda: hosted.problem(DAMAGED))
        problem = hosted.problem(DAMAGED)
        assert problem is not None
        assert "30 entries" in problem.text
        await oracle.start()
        await hosted.until(lambda: set(ids(oracle)) == names)


async def test_a_kill_alone_is_no_damage(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    data, kept = hosted.home.instance_dir("line1"), hosted.root / "kept"
    await oracle.stop()
    async with hosted:
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.agent.supervisors and hosted.waiting("line1") == 1)
        kept.mkdir()
        for path in data.glob("spool.db*"):  # as a kill leaves them
            shutil.copy(path, kept)
        await hosted.stop()
        for path in data.glob("spool.db*"):
            path.unlink()
        for path in kept.iterdir():
            shutil.copy(path, data)
        await oracle.start()
        await hosted.start()
        await hosted.until(lambda: ids(oracle) == [name])
        await hosted.clock.advance(60.0)
        assert not hosted.problem(DAMAGED)


# -------------------------------------------------------------------- a full disk


@pytest.fixture
def small_data(hosted: Hosted) -> Iterator[Path]:
    """The agent's data lie on a disk of 4 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    data = hosted.home.data
    data.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(data)]
    mounted = subprocess.run(command, check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"this machine does not let us mount: {mounted.stderr.decode()}")
    yield data
    subprocess.run(["umount", "--lazy", str(data)], check=True)


async def test_on_a_full_disk_files_stay_where_they_are_until_there_is_space(
    hosted: Hosted, oracle: Oracle, small_data: Path
) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        first = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [first])
        _fill(small_data / "ballast")
        names = {hosted.drop(folder) for _ in range(5)}
        await hosted.until(lambda: hosted.problem(FULL), what="the problem")
        problem = hosted.problem(FULL)
        assert problem is not None
        assert (problem.severity, problem.instance) == (Severity.ERROR, "line1")
        assert "Make room" in problem.next_step
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING
        await hosted.clock.advance(120.0)
        left = len(list(folder.iterdir())) + hosted.waiting("line1") + hosted.completed("line1")
        assert left >= 1 + len(names), "a file is gone, its report is nowhere"
        assert hosted.instance("line1").counts.error == 0
        (small_data / "ballast").unlink()
        await hosted.until(lambda: set(ids(oracle)) == {first, *names}, what="the rest")
        await hosted.until(lambda: not hosted.problem(FULL), what="the end of the problem")
        await hosted.until(lambda: not list(folder.iterdir()))


async def test_an_instance_that_starts_on_a_full_disk_runs_once_there_is_space(
    hosted: Hosted, oracle: Oracle, small_data: Path
) -> None:
    folder = await hosted.line("line1", oracle)
    _fill(small_data / "ballast")
    name = hosted.drop(folder)
    async with hosted:
        await hosted.until(lambda: hosted.lifecycle("line1") is Lifecycle.FAILED)
        problem = hosted.problem(ProblemCode.INSTANCE_FAILED)
        assert problem is not None
        assert "line1 cannot run now" in problem.title
        (small_data / "ballast").unlink()
        await hosted.until(lambda: ids(oracle) == [name])
        assert not hosted.problem(ProblemCode.INSTANCE_FAILED)


async def _emptied(hosted: Hosted, number: int) -> None:
    """Until the content of an entry is gone; the sweep's own thread takes its time."""
    for _ in range(1000):
        try:
            await hosted.agent.payload("line1", number)
        except ControlError:
            return
        await hosted.clock.advance(1.0)
    raise AssertionError("the content stays")


def _fill(path: Path) -> None:
    """Write until nothing fits any more."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            return


def _spoil_index(spool: Path) -> None:
    """Damage that only a check finds (the index for look-ups), and the mark of a run that ended badly."""
    with closing(sqlite3.connect(spool, isolation_level=None)) as db:
        (size,) = db.execute("PRAGMA page_size").fetchone()
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entry_serial'").fetchone()
        db.execute("UPDATE meta SET value = '0' WHERE key = 'clean'")
    with spool.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"noise" * (size // 5))
