"""Small blocking calls share a thread: one that hangs holds up neither the others nor anything else."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from fakes.waiting import until
from stationmaster import blocking
from stationmaster.blocking import MOST_ALONE, THREAD, BlockingExecutor, BlockingThread, CallHangsError
from stationmaster.ingest.files import FolderHangsError, LocalFiles
from stationmaster.ingest.scan import Selection

LONG = 60.0


@pytest.fixture
def hang() -> Iterator[threading.Event]:
    """What a call waits for that hangs, until the end of the test."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "MOVE_ON", 0.05)


def fail() -> None:
    raise PermissionError(13, "Permission denied")


async def test_a_result_or_an_error_comes_back_and_the_thread_ends() -> None:
    folders = BlockingThread()
    assert await folders.call(lambda: 7, deadline=LONG) == 7
    with pytest.raises(PermissionError):
        await folders.call(fail, deadline=LONG)
    await until(
        lambda: "blocking" not in {one.name for one in threading.enumerate()}, what="the thread's end"
    )
    assert await folders.call(lambda: 8, deadline=LONG) == 8, "it begins again"


async def test_a_timeout_of_the_system_is_an_error_of_the_call() -> None:
    def gone() -> None:
        raise TimeoutError(110, "Connection timed out")

    with pytest.raises(TimeoutError, match="Connection timed out"):
        await BlockingThread().call(gone, deadline=LONG)


async def test_those_behind_a_call_that_hangs_go_on_and_it_may_still_come_back(hang: threading.Event) -> None:
    folders = BlockingThread()
    slow = asyncio.create_task(folders.call(lambda: hang.wait() and "late", deadline=LONG))
    rest = [asyncio.create_task(folders.call(partial(abs, n), deadline=LONG)) for n in range(3)]
    async with asyncio.timeout(LONG):
        assert await asyncio.gather(*rest) == [0, 1, 2]
        assert not slow.done()
        hang.set()
        assert await slow == "late"


async def test_who_waits_for_a_call_that_hangs_is_told(hang: threading.Event) -> None:
    folders = BlockingThread()
    with pytest.raises(CallHangsError):
        await folders.call(hang.wait, deadline=0.1)
    assert await folders.call(lambda: 1, deadline=LONG) == 1


async def test_a_call_that_hangs_and_nobody_waits_for_holds_up_nobody(hang: threading.Event) -> None:
    folders = BlockingThread()
    began = threading.Event()

    def call() -> bool:
        began.set()
        return hang.wait()

    given_up = asyncio.create_task(folders.call(call, deadline=LONG))
    await until(began.is_set, what="the call")
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    async with asyncio.timeout(LONG):
        assert await folders.call(lambda: 1, deadline=LONG) == 1


async def test_many_folders_that_hang_end_looks_at_folders_but_not_the_rest(hang: threading.Event) -> None:
    """All of them may lie on one disk that is dying; the way to the server is another matter."""
    folders, before = BlockingThread(), threading.active_count()
    calls = [asyncio.create_task(folders.call(hang.wait, deadline=LONG)) for _ in range(2 * MOST_ALONE)]
    await until(lambda: threading.active_count() >= before + MOST_ALONE + 1, what="the threads")
    with pytest.raises(CallHangsError):
        await folders.call(lambda: 1, deadline=LONG)
    asyncio.get_running_loop().set_default_executor(BlockingExecutor(folders))
    async with asyncio.timeout(LONG):
        assert await asyncio.to_thread(abs, -1) == 1
        assert await asyncio.get_running_loop().getaddrinfo("localhost", 1)
    hang.set()
    assert all(await asyncio.gather(*calls))
    await until(lambda: threading.active_count() == before, what="the threads' end")
    assert await folders.call(lambda: 1, deadline=LONG) == 1


async def test_a_local_folder_that_hangs_is_told_and_others_are_looked_at(tmp_path: Path) -> None:
    """A pipe that nobody writes to behaves as a file on a dying disk: opening it never returns."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    bad = LocalFiles(str(tmp_path), Selection(), copier=lambda: bad, deadline=0.2)
    good = LocalFiles(str(tmp_path), Selection(), copier=lambda: good, deadline=LONG)
    hanging = asyncio.create_task(bad._call(lambda: os.close(os.open(pipe, os.O_RDONLY))))
    try:
        assert await good.resolve()
        with pytest.raises(FolderHangsError, match="does not answer"):
            await hanging
    finally:
        os.close(os.open(pipe, os.O_RDWR))


async def test_the_loops_own_calls_share_it_and_go_on_behind_one_that_hangs(hang: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(BlockingExecutor(THREAD))
    threads = threading.active_count()
    hanging = asyncio.create_task(asyncio.to_thread(hang.wait))
    folder = LocalFiles("/", Selection(), copier=lambda: folder, deadline=LONG)
    async with asyncio.timeout(LONG):
        assert await loop.getaddrinfo("localhost", 1)
        assert await asyncio.to_thread(abs, -1) == 1
        assert await folder.resolve() == "/"
        with pytest.raises(PermissionError):
            await asyncio.to_thread(fail)
        assert threading.active_count() <= threads + 2
        hang.set()
        assert await hanging


def test_a_call_that_hangs_keeps_no_program_from_ending(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, os\n"
        "from stationmaster.blocking import THREAD, BlockingExecutor\n"
        "async def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    loop.set_default_executor(BlockingExecutor(THREAD))\n"
        f"    hangs = loop.run_in_executor(None, os.open, {str(pipe)!r}, os.O_RDONLY)\n"
        "    await asyncio.wait({hangs}, timeout=0.2)\n"
        "    assert not hangs.done()\n"
        "asyncio.run(main())\n"
        "print('ended')\n"
    )
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
