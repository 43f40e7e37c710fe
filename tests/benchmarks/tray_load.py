"""The tray app: from its start to its window, its memory, and how late its timers are while work goes on.

The start is that of the program, on a screen of its own. The timers are measured in this process, with a real
agent that uploads a thousand reports while every call of the control channel takes 200 ms.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import psutil  # type: ignore[import-untyped]  # it ships no annotations
from PySide6.QtWidgets import QApplication

from benchmarks import row as rows
from fakes.desktop import screen, session_bus, windows
from fakes.gaps import BEAT, Gaps
from fakes.slow_channel import slow
from fakes.station import Station
from fakes.waiting import until
from stationmaster.hosting.launch import Launcher
from stationmaster_tray import loop, theme
from stationmaster_tray.app import TrayApp
from stationmaster_tray.memory import Memory
from stationmaster_tray.pages import PAGES
from stationmaster_tray.single import Single

REPORTS = 1_000
UNITS = 20
"""Reports of a file; one comes each half second."""
CALL = 0.2
STARTS = 3
MB = 1_000_000


async def start_and_memory(root: Path) -> tuple[float, float]:
    """Seconds from start to window, the best of some, and megabytes of the program at rest."""
    took, memory = [], 0.0
    async with Station(root) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        with screen(root) as display, session_bus() as bus:
            variables = {**display, **bus}
            for _ in range(STARTS):
                begin = time.perf_counter()
                tray = subprocess.Popen(  # noqa: ASYNC220 - milliseconds
                    [sys.executable, "-m", "stationmaster_tray"], env={**station.env, **variables}
                )
                await until(lambda: windows(variables), what="the window")
                took.append(time.perf_counter() - begin)
                await asyncio.sleep(2)
                memory = psutil.Process(tray.pid).memory_info().rss / MB
                tray.terminate()
                tray.wait(timeout=30)
    return min(took), memory


async def lateness(app: QApplication, root: Path) -> Gaps:
    """How late the timers of the window are while reports are uploaded and calls are slow.

    Each page is opened for the first time while that is measured.
    """
    async with Station(root) as station:
        line = await station.line("line1", await station.server(), "archive")
        files = [line.equipment.make("wstf", units=UNITS) for _ in range(REPORTS // UNITS)]
        await station.start()
        async with slow(station.home.socket, CALL):
            os.environ["STATIONMASTER_HOME"] = station.env["STATIONMASTER_HOME"]
            tray = TrayApp(
                app, Launcher("user", station.env), Single("sm-benchmark"), Memory(root / "tray.json")
            )
            running = asyncio.create_task(tray.run())
            await until(
                lambda: hasattr(tray, "window") and tray.desk.seen.status is not None, what="the tray"
            )
            with Gaps() as gaps:
                for number, file in enumerate(files):
                    await asyncio.to_thread(line.inboxes[0].drop, file)
                    tray.window.open_page(PAGES[number % len(PAGES)].id)
                    await asyncio.sleep(0.5)
                await until(lambda: _delivered(tray), what="the last report")
            tray.quit()
            await running
    return gaps


def _delivered(tray: TrayApp) -> bool:
    status = tray.desk.seen.status
    return status is not None and status.instances[0].counts.completed >= REPORTS


async def measure(app: QApplication) -> int:
    """Measure and print; the exit code."""
    with tempfile.TemporaryDirectory(prefix="sm") as folder:
        start, memory = await start_and_memory(Path(folder))
    with tempfile.TemporaryDirectory(prefix="sm") as folder:
        gaps = await lateness(app, Path(folder))
    good = (
        rows.TRAY_START.tell(start),
        rows.TRAY_MEMORY.tell(memory),
        rows.TRAY_LATE.tell(gaps.share(0.999) - BEAT),
        rows.TRAY_LATEST.tell(gaps.longest - BEAT),
    )
    return 0 if all(good) else 1


def main() -> int:
    """Run it on the loop that Qt and asyncio share."""
    app = QApplication(["benchmark"])
    theme.apply(app)
    return loop.run(app, lambda: measure(app))


if __name__ == "__main__":
    sys.exit(main())
