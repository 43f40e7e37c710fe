"""Save what can be read of a damaged spool into a new one. Runs in a process of its own.

``python -m stationmaster.spool.salvage OLD NEW NOTE`` writes NEW; OLD is only read. NOTE is a `Salvage` as
JSON; it is completed, kept in NEW and printed. Exit code 3: NEW could not be written.
``python -m stationmaster.spool.salvage --check PATH`` prints what SQLite's quick check finds, nothing if
sound.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

import msgspec

from stationmaster.spool import schema
from stationmaster.spool.record import Salvage
from stationmaster.spool.saving import CANNOT_WRITE, check, salvage


def main() -> None:
    """The process; see the module."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    """Do what the arguments ask for; the exit code."""
    if sys.platform != "win32":
        os.nice(10)  # the agent goes first
    if arguments[0] == "--check":
        sys.stdout.write(check(Path(arguments[1])))
        return 0
    old, new, note = Path(arguments[0]), Path(arguments[1]), msgspec.json.decode(arguments[2], type=Salvage)
    try:
        outcome = salvage(old, new, note)
    except (OSError, sqlite3.Error) as error:
        sys.stdout.write(str(schema.spool_error(error, new)))
        return CANNOT_WRITE
    sys.stdout.write(msgspec.json.encode(outcome).decode())
    return 0


if __name__ == "__main__":
    main()
