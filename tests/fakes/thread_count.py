"""Runs a program and keeps count of its Python threads: `/proc` knows the system's threads only.

`python -m fakes.thread_count FILE python -m PROGRAM ARGUMENT...` runs PROGRAM in this process. FILE holds the
most threads there were at one time, without the one that counts.
"""

from __future__ import annotations

import runpy
import sys
import threading
import time
from pathlib import Path

EVERY = 0.01
"""Seconds between two looks."""


def prefix(file: Path) -> tuple[str, ...]:
    """What to put before a command line."""
    return (sys.executable, "-m", "fakes.thread_count", str(file))


def _count(file: Path) -> None:
    most = 0
    while True:
        now = threading.active_count() - 1
        if now > most:
            most = now
            file.write_text(str(most))
        time.sleep(EVERY)


def main() -> None:
    """Count, and run the program."""
    file, (_, option, program, *arguments) = Path(sys.argv[1]), sys.argv[2:]
    assert option == "-m"
    sys.argv = [program, *arguments]
    threading.Thread(target=_count, args=(file,), daemon=True).start()
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
