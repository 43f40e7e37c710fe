"""The two programs of `make bundle`: how large they are, and how soon they are there."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import row as rows
from fakes import bundle
from fakes.desktop import missing, screen, session_bus, windows

RUNS = 7
MB = 1_000_000


def started(folder: Path) -> float:
    """Seconds of `stationmaster --version`."""
    began = time.monotonic()
    subprocess.run(
        [bundle.CONSOLE, "--version"], env=bundle.environment(folder), check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - began


def seen(env: dict[str, str]) -> bool:
    """The window is on the screen; the look fails where another one goes just then."""
    try:
        return bool(windows(env))
    except subprocess.CalledProcessError:
        return False


def shown(folder: Path, desktop: dict[str, str]) -> float:
    """Seconds from the tray's start to its window on the screen; an agent runs already."""
    env = {**bundle.environment(folder), **desktop, "STATIONMASTER_HOME": str(folder / "home")}
    began = time.monotonic()
    with subprocess.Popen([bundle.TRAY], env=env, stderr=subprocess.DEVNULL) as tray:
        try:
            while not seen(env):
                assert tray.poll() is None, "the tray ended"
                time.sleep(0.02)  # a look costs the tray time, too
            return time.monotonic() - began
        finally:
            tray.terminate()


def main() -> int:
    """Print the rows; 1 where a limit was missed."""
    why_not = bundle.not_built(bundle.CONSOLE, bundle.TRAY) or missing()
    if why_not:
        print(f"Skipped: {why_not}")
        return 0
    good = [
        rows.BUNDLE_SIZE.tell(bundle.CONSOLE.stat().st_size / MB),
        rows.BUNDLE_TRAY_SIZE.tell(bundle.TRAY.stat().st_size / MB),
    ]
    with tempfile.TemporaryDirectory() as name, screen(Path(name)) as display, session_bus() as bus:
        folder = Path(name)
        started(folder)  # the first one reads it from the disk
        good.append(rows.BUNDLE_START.tell(statistics.median(started(folder) for _ in range(RUNS))))
        env = {**os.environ, **bundle.environment(folder), "STATIONMASTER_HOME": str(folder / "home")}
        subprocess.run([bundle.CONSOLE, "agent", "start"], env=env, check=True, stdout=subprocess.DEVNULL)
        try:
            desktop = {**display, **bus}
            shown(folder, desktop)
            good.append(
                rows.BUNDLE_TRAY_WINDOW.tell(statistics.median(shown(folder, desktop) for _ in range(RUNS)))
            )
        finally:
            subprocess.run([bundle.CONSOLE, "agent", "stop"], env=env, check=True, stdout=subprocess.DEVNULL)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
