"""`kill -9` at a durable call of the agent: in spool put, file release, acknowledgement, salvage.

strace delivers the signal as the call is entered: everything before it has happened, and it has not.
It counts calls for each thread by itself, so "the n-th unlink" is whichever thread comes first to its own
n-th: a call is only found for sure when strace is told which files it is about (`-P`) and sees no others.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.account import Inbox
from fakes.station import Line, Station, needs_strace
from fakes.waiting import until
from stationmaster.ingest.release import Release, Way, hidden_path

CALLS = ("fdatasync", "fsync", "pwrite64", "rename", "link", "unlink")
IN_A_TRANSACTION = [
    ("fdatasync", 1),
    pytest.param("pwrite64", 1, marks=pytest.mark.faults),
    pytest.param("pwrite64", 6, marks=pytest.mark.faults),
]
RELEASING = ("rename", "link", "unlink", "fsync")
SALVAGING = ("fdatasync", "fsync", "pwrite64", "rename")
LONGEST_WALK = 400
SALVAGE_KILLED = "the salvage was ended from outside"
UNITS = 3
PAGE = 4096
"""A write of the spool's log is a page: strace must show the whole of it, for the serial numbers in it."""


@pytest.mark.parametrize(("call", "n"), IN_A_TRANSACTION)
async def test_a_kill_in_the_put_loses_and_doubles_nothing(tmp_path: Path, call: str, n: int) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        line = await _warm(station)
        line.server.stop()
        await station.start()
        async with _attached(station, call, n):
            _drop(line)
        await line.server.start()
        await station.start()
        await station.conserved()


@pytest.mark.parametrize("call", RELEASING)
async def test_a_kill_in_a_files_release_loses_and_doubles_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        line = await _warm(station)
        await _kill_about(station, call, _released(line, _drop(line)))
        await station.start()
        await station.conserved()


@pytest.mark.parametrize(("call", "n"), IN_A_TRANSACTION)
async def test_a_kill_in_an_acknowledgement_loses_and_doubles_nothing(
    tmp_path: Path, call: str, n: int
) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        line = await _warm(station)
        await _queue_up(line)
        before = len(line.server.submits())
        for _ in range(5):  # what the stop left to be released may be committed first, and meet the kill
            await station.start()
            async with _attached(station, call, n):
                await line.server.start()
            if len(line.server.submits()) > before:
                break
            line.server.stop()
        assert len(line.server.submits()) > before
        await station.start()
        await station.conserved()


@pytest.mark.parametrize("call", ["rename", "fsync"])
async def test_a_kill_in_the_salvage_of_a_damaged_spool_loses_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        await _damaged(station)
        spool = station.home.spool("line1")
        await _kill_about(station, call, [spool, spool.parent])
        await station.start()
        await station.conserved()


@pytest.mark.faults
@pytest.mark.parametrize("call", CALLS)
async def test_a_kill_at_every_durable_call_loses_and_doubles_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        line, kills = await _make(station), 0
        for n in _walk(call):
            _drop(line)
            if not await _killed_at(station, call, n):
                break
            kills += 1
        else:
            pytest.fail(f"after {LONGEST_WALK} kills there were still more calls of {call}")
        assert kills, f"the agent did its work without a single {call}: this shows nothing"
        await station.start()
        await station.conserved()


@pytest.mark.faults
@pytest.mark.parametrize("call", RELEASING)
async def test_a_kill_at_every_call_of_a_release_loses_and_doubles_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        line = await _warm(station)
        kills = 0
        while await _killed_at(station, call, kills + 1, about=_released(line, _drop(line))):
            kills += 1
        await station.start()
        await station.conserved()
        assert kills >= len(line.inboxes) - 1  # a file that is deleted needs no second name


@pytest.mark.faults
@pytest.mark.parametrize("call", CALLS)
async def test_a_kill_at_every_call_of_a_salvage_loses_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    for n in _walk(call):
        async with Station(tmp_path / str(n)) as station:
            await _damaged(station)
            killed = await _killed_at(station, call, n)
            if not killed:
                assert n > 1 or call not in SALVAGING, f"a salvage without any {call} shows nothing"
                return
            await station.start()
            await station.conserved()


# -------------------------------------------------------------------- a station with work to do
def _walk(call: str) -> range:
    return range(1, LONGEST_WALK, 7 if call == "pwrite64" else 1)


async def _make(station: Station) -> Line:
    return await station.line("line1", await station.server(), "archive", "move", "delete")


async def _warm(station: Station) -> Line:
    """A station that has worked before: its spool and its folders are there."""
    line = await _make(station)
    _drop(line)
    await station.start()
    await station.conserved()
    assert await station.terminate() == 0
    return line


async def _queue_up(line: Line) -> None:
    """Let reports wait in the spool, the server stopped, the agent too."""
    line.server.stop()
    for _ in range(4):
        _drop(line)
    await line.station.start()
    waiting = 4 * len(line.inboxes) * UNITS
    await line.station.until(lambda snapshot: snapshot.instances[0].counts.queued == waiting)
    assert await line.station.terminate() == 0


async def _damaged(station: Station) -> None:
    """Reports wait in a spool whose first bytes are overwritten."""
    line = await _warm(station)
    await _queue_up(line)
    await line.server.start()
    with station.home.spool("line1").open("r+b") as file:
        file.write(b"this was a header " * 5)


def _drop(line: Line) -> list[Path]:
    """A file for each inbox; where they lie."""
    return [_dropped(box, line) for box in line.inboxes]


def _dropped(box: Inbox, line: Line) -> Path:
    box.drop(line.equipment.make("wstf", units=UNITS))
    return box.written[-1].path


def _released(line: Line, files: Iterable[Path]) -> list[Path]:
    """What a release of these files renames, links, removes and flushes."""
    about = [box.path for box in line.inboxes]
    for path in files:
        seen = path.stat()
        job = Release(path=path, size=seen.st_size, mtime_ns=seen.st_mtime_ns, way=Way.MOVE)
        about += [path, hidden_path(job)]
    return about


# -------------------------------------------------------------------- the station under strace
async def _kill_about(station: Station, call: str, about: Sequence[Path]) -> None:
    """Kill the agent at its first call of this kind about one of these files."""
    assert await _killed_at(station, call, 1, about=about), f"no {call} was about {about}"


@asynccontextmanager
async def _attached(station: Station, call: str, n: int) -> AsyncIterator[None]:
    """The agent, which is at rest, is killed at its n-th call from now on about the log of its spool.

    What it writes at its start has been written then: the next transaction is what the block makes it do.
    """
    line, agent, trace = station.lines["line1"], station.agent, station.root / "trace"
    assert agent is not None
    await station.until(lambda snapshot: snapshot.instances[0].lifecycle == "running")
    log = Path(f"{station.home.spool('line1')}-wal")
    command = _strace(trace, call, n, about=[log], show="pwrite64,fdatasync")
    with _spawned([*command, "-p", str(agent.pid)]) as strace:
        await until(lambda: strace.poll() is not None or _traced(agent.pid), what="strace's hold")
        if strace.returncode is not None:
            pytest.skip("strace may not attach to a running process here")
        yield
        await until(lambda: agent.poll() is not None, seconds=60, what=f"{call} about {log}")
    # a flush has all of its transaction before it; the first write does not tell what it is about
    written = trace.read_text(errors="replace")
    assert call != "fdatasync" or any(serial in written for serial in line.account.expected.values())


def _spawned(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)


def _traced(pid: int) -> bool:
    """Does strace hold every thread of it?"""
    threads = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return all("TracerPid:\t0\n" not in one for one in threads)


async def _killed_at(station: Station, call: str, n: int, *, about: Sequence[Path] = ()) -> bool:
    """Let an agent work until a thread's n-th call of this kind kills it; False if it delivers all.

    Where it is its salvage that is killed, again and again, the agent waits with the spool as it was, and is
    killed in the end.
    """
    line, talk = station.lines["line1"], station.root / "agent.log"
    await station.start(*_strace(station.root / "trace", call, n, about=about))
    agent = station.agent
    assert agent is not None
    await until(
        lambda: agent.poll() is not None or SALVAGE_KILLED in talk.read_text() or not line.faults(),
        seconds=60,
        what="kill or delivery",
    )
    with contextlib.suppress(AssertionError):  # what comes last may still come to that call
        await until(lambda: agent.poll() is not None)
    killed = agent.poll() is not None or SALVAGE_KILLED in talk.read_text()
    station.kill()
    return killed


def _strace(trace: Path, call: str, n: int, *, about: Sequence[Path], show: str = "") -> list[str]:
    """A strace that kills at the n-th call of a thread; only calls about these files count, or all.

    Without --seccomp-bpf, though it is quicker: a signal injected at a seccomp stop is never delivered.
    """
    paths = [word for path in about for word in ("-P", str(path))]
    what = ["-e", f"trace={show or call}", "-e", f"inject={call}:signal=KILL:when={n}"]
    return ["strace", "-f", "-qq", "-s", str(PAGE), "-o", str(trace), *paths, *what]
