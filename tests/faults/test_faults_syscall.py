"""`kill -9` at the n-th durable call of the agent: in spool put, file release, acknowledgement, salvage.

strace delivers the signal as the call is entered: everything before it has happened, and it has not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.station import Line, Station, needs_strace
from fakes.waiting import until

pytestmark = pytest.mark.faults
"""Each start under strace takes seconds, and where the n-th call lands depends on the machine's load."""

LOG = "spool.db-wal"
INBOX = "line1-"
CALLS = ("fdatasync", "fsync", "pwrite64", "rename", "link", "unlink")
LONGEST_WALK = 400


@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
async def test_a_kill_in_the_put_loses_and_doubles_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        line = await _warm(station)
        line.server.stop()
        await _kill_in(station, call, LOG, drop=True)
        await line.server.start()
        await station.start()
        await station.conserved()


@pytest.mark.parametrize("call", ["rename", "link", "unlink", "fsync"])
async def test_a_kill_in_a_files_release_loses_and_doubles_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        await _warm(station)
        await _kill_in(station, call, INBOX, drop=True)
        await station.start()
        await station.conserved()


async def test_a_kill_in_an_acknowledgement_loses_and_doubles_nothing(tmp_path: Path) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        line = await _warm(station)
        await _queue_up(line)
        before = len(line.server.submits())
        await line.server.start(delay=0.05)
        await _kill_in(station, "fdatasync", LOG, when=lambda: len(line.server.submits()) > before)
        await station.start()
        await station.conserved()


@pytest.mark.parametrize(("call", "where"), [("rename", "spool.db"), ("fsync", "/data/line1>")])
async def test_a_kill_in_the_salvage_of_a_damaged_spool_loses_nothing(
    tmp_path: Path, call: str, where: str
) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        await _damaged(station)
        await _kill_in(station, call, where)
        await station.start()
        await station.conserved()


@pytest.mark.faults
@pytest.mark.parametrize("call", CALLS)
async def test_a_kill_at_every_durable_call_loses_and_doubles_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    async with Station(tmp_path) as station:
        await _make(station)
        for n in _walk(call):
            if await _killed_at(station, call, n, drop=True) is None:
                break
            station.kill()
        else:
            pytest.fail(f"after {LONGEST_WALK} kills there were still more calls of {call}")
        await station.conserved()


@pytest.mark.faults
@pytest.mark.parametrize("call", CALLS)
async def test_a_kill_at_every_call_of_a_salvage_loses_nothing(tmp_path: Path, call: str) -> None:
    needs_strace()
    for n in _walk(call):
        async with Station(tmp_path / str(n)) as station:
            await _damaged(station)
            killed = await _killed_at(station, call, n)
            if killed is not None:
                await station.start()
            await station.conserved()
            if killed is None:
                return


# -------------------------------------------------------------------- the station under strace
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
    await line.station.until(lambda snapshot: snapshot.instances[0].counts.queued == 4 * 9)
    assert await line.station.terminate() == 0


async def _damaged(station: Station) -> Line:
    """Reports wait in a spool whose first bytes are overwritten."""
    line = await _warm(station)
    await _queue_up(line)
    await line.server.start()
    with station.home.spool("line1").open("r+b") as file:
        file.write(b"this was a header " * 5)
    return line


def _drop(line: Line) -> None:
    for box in line.inboxes:
        box.drop(line.equipment.make("wstf", units=3))


async def _kill_in(
    station: Station, call: str, where: str, *, drop: bool = False, when: Callable[[], bool] = lambda: True
) -> None:
    """Kill the agent at each call of this kind until one was about `where`, with `when()` true."""
    seen: list[str] = []
    for n in range(1, 30):
        killed = await _killed_at(station, call, n, drop=drop)
        assert killed is not None, f"no {call} was about {where}: {seen}"
        if where in killed and when():
            return
        seen.append(killed)
    pytest.fail(f"no {call} was about {where}: {seen}")


async def _killed_at(station: Station, call: str, n: int, *, drop: bool = False) -> str | None:
    """Let an agent work until its n-th call of this kind kills it; that call, None if it delivers all."""
    line, log = station.lines["line1"], station.root / "trace"
    if drop:
        _drop(line)
    inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={n}"]
    await station.start("strace", "-f", "-qq", "-y", "-s", "256", "-o", str(log), *inject)
    agent = station.agent
    assert agent is not None
    await until(lambda: agent.poll() is not None or not line.faults(), seconds=60, what="kill or delivery")
    for _ in range(20):  # what comes last may still come to that call
        if agent.poll() is not None:
            text = log.read_text(errors="replace").splitlines()
            return "\n".join(one for one in text if one.endswith(("= ?", "<unfinished ...>")))
        await asyncio.sleep(0.05)
    return None
