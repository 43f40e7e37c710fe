"""`make bench`: every benchmark in turn; leaves with 1 when one of them missed a limit.

Each prints its rows: name, figure, limit, ok. What the rows mean: docs/benchmarks.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
BENCHMARKS = (
    "upload",
    "spool",
    "ingest",
    "convert",
    "formats",
    "stdf",
    "station",
    "backlog",
    "tray",
    "tray_load",
    "bundle",
    "peer",
)


def main() -> int:
    """Run those named on the command line, or all; the exit code."""
    wanted = sys.argv[1:] or BENCHMARKS
    env = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    missed = []
    for name in wanted:
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, str(FOLDER / f"{name}.py")], env=env, check=False)
        if done.returncode:
            missed.append(name)
    print(f"\nMissed: {', '.join(missed)}" if missed else "\nEverything is within its limits.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
