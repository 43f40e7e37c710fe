"""Calls that block: many that hang hold up neither the others nor the tray's end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.station import Station
from fakes.tray import attached
from stationmaster_tray import threads as threads_module
from stationmaster_tray.threads import Threads

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes of this kind")

HUNG = 20


@asynccontextmanager
async def hanging(pipe: Path) -> AsyncIterator[Sequence[asyncio.Future[bytes]]]:
    """Many files that are being read on a share that does not answer, which a pipe stands for."""
    os.mkfifo(pipe)
    reading = [asyncio.ensure_future(asyncio.to_thread(pipe.read_bytes)) for _ in range(HUNG)]
    try:
        yield reading
    finally:
        while not all(one.done() for one in reading):
            await asyncio.sleep(0.02)
            try:
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                continue  # nobody is at it now


@pytest.mark.usefixtures("app")
async def test_files_that_hang_keep_no_agent_from_being_followed(tmp_path: Path) -> None:
    async with hanging(tmp_path / "pipe") as reading, Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk:
            assert desk.seen.status is not None
            assert not any(one.done() for one in reading)


def test_a_call_hands_over_its_result_and_its_error() -> None:
    executor = Threads()
    assert executor.submit(sorted, [2, 1], reverse=True).result(60) == [2, 1]
    with pytest.raises(ZeroDivisionError):
        executor.submit(lambda: 1 // 0).result(60)
    executor.shutdown()


def test_the_end_waits_for_a_call_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    executor, go = Threads(), threading.Event()
    done = executor.submit(go.wait)
    monkeypatch.setattr(threads_module, "LAST", 0.05)
    executor.shutdown()
    assert not done.done()
    monkeypatch.setattr(threads_module, "LAST", 60.0)
    go.set()
    executor.shutdown()
    assert done.done()


def test_a_program_ends_while_a_file_hangs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from stationmaster_tray import loop, threads\n"
        "threads.LAST = 0.1\n"
        "async def main():\n"
        "    asyncio.ensure_future(asyncio.to_thread(Path(sys.argv[1]).read_bytes))\n"
        "    await asyncio.sleep(0.1)\n"
        "loop.run(QApplication([]), main)\n"
        "print('over')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "pipe")],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "over\n"), ended.stderr
