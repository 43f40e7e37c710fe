"""Folders that may hang, in a killable child: a real child, a real hang.

What a child and the agent's own thread do alike is in `tests/contract/test_contract_files.py`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.ingest import FakeLedger, folder_at
from fakes.waiting import PATIENCE, until
from stationmaster.clock import Clock
from stationmaster.config.schema import After, NetworkChoice
from stationmaster.errors import NeedsUserError
from stationmaster.ingest import plan, remote
from stationmaster.ingest.access import Access, look_at, make_files
from stationmaster.ingest.claim import Outcome
from stationmaster.ingest.files import Files, FolderHangsError, LocalFiles
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.release import Standing
from stationmaster.ingest.remote import ChildFiles
from stationmaster.ingest.scan import Selection
from stationmaster.ingest.watcher import Watcher
from stationmaster.model import ProblemCode, SourceState
from stationmaster.worker.process import ChildProcess

DEADLINE = 6.0
"""Seconds after which a share counts as hanging."""
SHARES = "1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / {} rw - nfs4 server:/share rw\n"


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[ChildFiles]:
    """A folder in a child."""
    (tmp_path / "in").mkdir()
    made = ChildFiles(str(tmp_path / "in"), Selection(recursive=True))
    yield made
    await made.aclose()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares are scanned every 0.2 s."""
    monkeypatch.setattr("stationmaster.ingest.folder.NETWORK_INTERVAL", 0.2)
    monkeypatch.setattr("stationmaster.ingest.folder.LOCAL_INTERVAL", 0.2)


async def test_a_child_that_is_killed_is_replaced(files: ChildFiles, tmp_path: Path) -> None:
    (tmp_path / "in" / "a.xml").touch()
    await files.names(KnownFiles(), restart=True)
    assert files.pid is not None
    os.kill(files.pid, signal.SIGSTOP)
    asking = asyncio.create_task(files.stats(["a.xml"]))
    await asyncio.sleep(0)
    os.kill(files.pid, signal.SIGKILL)

    with pytest.raises(FolderHangsError):
        await asking
    assert (await files.stats(["a.xml"]))[0] is not None


async def test_a_stopped_child_is_given_up_after_the_deadline(tmp_path: Path) -> None:
    files = ChildFiles(str(tmp_path), Selection(), deadline=2.0)
    await files.resolve()
    stopped = files.pid
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)
    began = time.monotonic()

    with pytest.raises(FolderHangsError, match="does not answer"):
        await files.stats(["a.xml"])

    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)
    assert await files.stats(["a.xml"]) == [None]
    await files.aclose()


async def test_children_that_cannot_be_killed_do_not_pile_up(tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / "a.xml").touch()
    files = ChildFiles(str(tmp_path), Selection(), deadline=2.0, clock=clock, is_there=lambda _pid: True)
    pids: set[int | None] = set()
    for number in range(6):
        if number < remote.STUCK:
            await files._child.start()
            assert files.pid is not None
            os.kill(files.pid, signal.SIGSTOP)
            pids.add(files.pid)
        with pytest.raises(FolderHangsError):
            await files.stats(["a.xml"])
    assert len(pids) == remote.STUCK
    assert files.pid is None

    await clock.advance(remote.STUCK_FOR)
    assert (await files.stats(["a.xml"]))[0] is not None
    await files.aclose()


async def test_a_bug_in_the_child_is_not_taken_for_a_hang(files: ChildFiles) -> None:
    with pytest.raises(Exception, match="KeyError"):
        await files._ask("stats", {}, 5.0)


async def test_large_copies_from_a_local_folder_are_made_in_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stationmaster.ingest.files.LOCAL_COPY_BYTES", 10)
    made: list[ChildFiles] = []
    (tmp_path / "in").mkdir()
    root = str(tmp_path / "in")

    def copier() -> ChildFiles:
        made.append(ChildFiles(root, Selection()))
        return made[-1]

    local = LocalFiles(root, Selection(), copier=copier)
    folder = folder_at(tmp_path / "in", after=After.KEEP)
    path = tmp_path / "in" / "large.xml"
    path.write_bytes(b"x" * 100)
    state = SourceState(path=path, size=100, mtime_ns=path.stat().st_mtime_ns)

    await local.release(plan.after_failure(folder, state, errors=tmp_path / "errors", reason="No."))
    assert len(made) == 1
    assert made[0].pid is None
    assert (tmp_path / "errors" / "large.xml").stat().st_size == 100
    moved = folder_at(tmp_path / "in", after=After.MOVE, move_to=str(tmp_path / "deep" / "out"))
    await local.release(plan.after_commit(moved, state, archive=tmp_path, taken_at=Clock().now()))
    assert len(made) == 1
    deleted = folder_at(tmp_path / "in", after=After.DELETE)
    path.write_bytes(b"y" * 100)
    state = SourceState(path=path, size=100, mtime_ns=path.stat().st_mtime_ns)
    await local.release(plan.after_commit(deleted, state, archive=tmp_path, taken_at=Clock().now()))
    assert len(made) == 1
    assert not path.exists()


async def test_a_local_folder_that_does_not_answer_in_time(tmp_path: Path) -> None:
    local = LocalFiles(str(tmp_path), Selection(), copier=lambda: local, deadline=0.05)
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> None:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()

    with pytest.raises(FolderHangsError):
        await local._call(hang)
    gate.set()


async def test_where_a_folder_lies_decides_and_may_change(tmp_path: Path) -> None:
    table = [SHARES.format("/mnt/elsewhere")]
    made: list[bool] = []

    def make(root: str, selection: Selection, *, child: bool) -> Files:
        made.append(child)
        return make_files(root, selection, child=child)

    clock = FakeClock()
    access = Access(
        str(tmp_path), Selection(), NetworkChoice.AUTO, clock=clock, make=make, mounts=lambda: table[0]
    )
    first = await access.files()
    assert await access.files() is first
    before = access.child
    assert not before
    assert await access.apart(Path("/mnt/elsewhere/out")) is not None
    assert await access.apart(tmp_path) is None

    table[0] = SHARES.format(tmp_path)
    await clock.advance(6)
    assert isinstance(await access.files(), ChildFiles)
    assert access.child
    await clock.advance(6)
    await access.files()
    assert made == [False, True, True]
    assert await access.apart(Path("/mnt/elsewhere/out")) is None
    await access.aclose()
    await access.aclose()


@pytest.mark.parametrize(("network", "child"), [(NetworkChoice.YES, True), (NetworkChoice.NO, False)])
async def test_the_setting_decides_where_it_says_so(
    tmp_path: Path, network: NetworkChoice, *, child: bool
) -> None:
    access = Access(
        str(tmp_path), Selection(), network, clock=Clock(), mounts=lambda: SHARES.format(tmp_path)
    )
    await access.files()
    assert access.child is child
    access.hung()
    await access.files()
    assert access.child
    await access.aclose()


@pytest.mark.usefixtures("quick")
async def test_release_into_a_share_is_made_in_a_child(tmp_path: Path) -> None:
    share = tmp_path / "share"
    folder = folder_at(tmp_path / "in", settle=0.0, after=After.MOVE, move_to=str(share))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").write_text("x")
    watcher = Watcher([folder], FakeLedger(), Clock(), mounts=lambda: SHARES.format(share))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watcher.run())
        async with asyncio.timeout(PATIENCE):
            claim = await watcher.claim()
        assert claim is not None
        job = plan.after_commit(folder, claim.state, archive=tmp_path, taken_at=Clock().now())
        assert (await watcher.release(claim.key, job)).standing is Standing.DONE
        watcher.done(claim, Outcome.CONVERTED)
        share.rename(tmp_path / "away")
        share.write_text("in the way")
        (tmp_path / "in" / "b.xml").write_text("x")
        async with asyncio.timeout(PATIENCE):
            claim = await watcher.claim()
        assert claim is not None
        job = plan.after_commit(folder, claim.state, archive=tmp_path, taken_at=Clock().now())
        with pytest.raises(NeedsUserError):
            await watcher.release("/not/watched", job)
        task.cancel()

    assert (tmp_path / "away" / "a.xml").exists()


# ------------------------------------------------------------------ a share that hangs


def strace_works() -> bool:
    """May we trace our own children here?"""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(
        ["strace", "-f", "-e", "inject=getdents64:delay_enter=1", "-o", "/dev/null", "true"],
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0


@pytest.fixture
def hanging() -> Iterator[Callable[[int], subprocess.Popen[bytes]]]:
    """Let every listing of a process hang for a minute; ends when its tracer is ended."""
    if sys.platform != "linux" or not strace_works():
        pytest.skip("strace cannot trace here")
    tracers: list[subprocess.Popen[bytes]] = []

    def hang(pid: int) -> subprocess.Popen[bytes]:
        tracer = subprocess.Popen(
            ["strace", "-f", "-p", str(pid), "-e", "inject=getdents64:delay_enter=60000000"],
            stderr=subprocess.PIPE,
        )
        tracers.append(tracer)
        assert tracer.stderr is not None
        assert b"attached" in tracer.stderr.readline()
        return tracer

    yield hang
    for tracer in tracers:
        tracer.kill()
        tracer.wait()
        assert tracer.stderr is not None
        tracer.stderr.close()


async def latencies(watcher: Watcher, folder: Path, count: int) -> list[float]:
    """Seconds from a file's end to its claim, one after the other."""
    found = []
    for number in range(count):
        path = folder / f"{time.monotonic_ns()}-{number}.xml"
        path.write_text("x")
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            while (claim := await watcher.claim()) is not None and claim.state.path != path:
                watcher.done(claim, Outcome.CONVERTED)
        assert claim is not None
        found.append(time.monotonic() - began)
        watcher.done(claim, Outcome.CONVERTED)
    return found


@pytest.mark.usefixtures("quick")
async def test_a_share_that_hangs_disturbs_nobody_and_heals(
    tmp_path: Path, hanging: Callable[[int], subprocess.Popen[bytes]]
) -> None:
    local, share = tmp_path / "local", tmp_path / "share"
    local.mkdir()
    share.mkdir()
    children: list[ChildProcess] = []

    def child_of(module: str) -> ChildProcess:
        children.append(ChildProcess(module))
        return children[-1]

    def make(root: str, selection: Selection, *, child: bool) -> Files:
        if not child:
            return make_files(root, selection, child=False)
        return ChildFiles(root, selection, deadline=DEADLINE, child=child_of)

    folders = [
        folder_at(local, settle=0.1),
        folder_at(share, settle=0.1, network=NetworkChoice.YES),
    ]
    watcher = Watcher(folders, FakeLedger(), Clock(), make=make)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watcher.run())
        (share / "before.xml").write_text("x")
        async with asyncio.timeout(PATIENCE):
            claim = await watcher.claim()
        assert claim is not None
        assert claim.state.path.parent == share
        watcher.done(claim, Outcome.CONVERTED)
        await latencies(watcher, local, 1)
        well = await latencies(watcher, local, 8)

        pid = children[0].pid
        assert pid is not None
        tracer = hanging(pid)
        (share / "during.xml").write_text("x")
        hung = await latencies(watcher, local, 8)
        await until(lambda: [p.code for p in watcher.problems()] == [ProblemCode.FOLDER_HANGING])
        assert not watcher.status()[1].reachable
        assert watcher.status()[0].reachable
        assert sorted(hung)[4] < sorted(well)[4] + DEADLINE / 2

        # The child was killed; the next one is not traced: the share is well.
        async with asyncio.timeout(PATIENCE):
            claim = await watcher.claim()
        assert claim is not None
        assert claim.state.path.name == "during.xml"
        assert watcher.problems() == ()
        tracer.kill()  # held by it, the child could not even be killed, like one that waits for a dead server
        task.cancel()


async def test_one_file_is_looked_at_wherever_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"12345")
    (tmp_path / "loop.xml").symlink_to(tmp_path / "loop.xml")

    found = await look_at(path, clock=Clock())
    assert found is not None
    assert found.size == 5
    assert await look_at(tmp_path / "gone.xml", clock=Clock()) is None
    with pytest.raises(PermissionError):
        await look_at(tmp_path / "loop.xml", clock=Clock())
