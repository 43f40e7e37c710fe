"""What is done about a damaged spool before it is opened: salvage in a child process, then a swap.

Safe against a crash at any point: the damaged database stays where it is until the new one is complete
under the name `*.salvaged`; from then on every start finishes the swap before anything else.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import msgspec

from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.home.file_system import flush_folder
from stationmaster.spool import schema
from stationmaster.spool.engine import damage_marker
from stationmaster.spool.record import Salvage
from stationmaster.spool.saving import CANNOT_WRITE, empty
from stationmaster.spool.storage import Storage
from stationmaster.worker.environment import child_command, child_environment

SALVAGE_TIMEOUT = 1800.0
CHECK_TIMEOUT = 1800.0
"""Seconds; a million reports take minutes, the rest is for slow disks."""

_CRASHES = frozenset({-4, -6, -7, -8, -10, -11})
"""Exit codes after SIGILL, SIGABRT, SIGBUS (7 or 10), SIGFPE and SIGSEGV: what a wreck can do to its reader.
Every other signal comes from outside: somebody, or a kernel that is short of memory."""

_COMPANIONS = ("-wal", "-shm")


def find_damage(path: Path, now: datetime) -> str:
    """Finish an earlier salvage, then say why the database must be salvaged, "" if nothing speaks for it.

    Raises:
        SpoolError: the folder cannot be read or changed.
    """
    try:
        finish_swap(path, _aside(path, now))
        return _known_damage(path)
    except OSError as error:
        raise schema.spool_error(error, path) from error


def _known_damage(path: Path) -> str:
    """What the files beside the database tell."""
    marker = damage_marker(path)
    if marker.exists():
        return marker.read_text(encoding="utf-8", errors="replace") or "Damage was found."
    if schema.has_lost_base(path):
        return "The database file is missing or empty, but its log is there."
    return ""


async def rescue(path: Path, reason: str, *, storage: Storage, clock: Clock) -> None:
    """Salvage the database at `path` and put the new one in its place.

    Raises:
        SpoolError: the new database cannot be written, or the salvage is killed; the damaged one was not
            touched. A wreck that crashes the salvage is given up instead: it would do so for ever.
    """
    aside = _aside(path, clock.now())
    note = Salvage(at=clock.now(), reason=reason, damaged=aside.name)
    new = schema.beside(path, ".salvaging")
    code, error = 0, ""
    for _ in range(2):  # a child that was killed gets a second chance
        code, output = await _child(
            str(path), str(new), msgspec.json.encode(note).decode(), limit=SALVAGE_TIMEOUT
        )
        if code == 0:
            error = ""
            break
        if code == CANNOT_WRITE:
            raise SpoolError(
                f"The damaged spool {path} cannot be salvaged now: {output}",
                next_step="Nothing of it was changed; salvage begins anew with the next start.",
                damaged=True,
            )
        error = f"The salvage process ended with code {code}: {output[-500:]}"
    if code < 0 and code not in _CRASHES:
        raise SpoolError(
            f"The damaged spool {path} cannot be salvaged now: the salvage was ended from outside.",
            next_step="Nothing of it was changed; it is tried again. Is the computer short of memory?",
            damaged=True,
        )
    await storage.run(_swap, path, new, msgspec.structs.replace(note, error=error))


def _swap(path: Path, new: Path, note: Salvage) -> None:
    """Declare the new database complete and put it in place; on the storage thread."""
    try:
        if note.error:
            empty(new, note)
        new.replace(_salvaged(path))
        flush_folder(path.parent)
        finish_swap(path, path.with_name(note.damaged))
    except OSError as error:
        raise schema.spool_error(error, path) from error


def finish_swap(path: Path, aside: Path) -> None:
    """Put a complete salvaged database in place, if there is one; the damaged one is moved aside."""
    salvaged = _salvaged(path)
    if not salvaged.exists():
        return
    for suffix in (*_COMPANIONS, ""):  # the log first: it must never meet the new database
        if schema.beside(path, suffix).exists():
            schema.beside(path, suffix).replace(schema.beside(aside, suffix))
    damage_marker(path).unlink(missing_ok=True)
    flush_folder(path.parent)
    salvaged.replace(path)
    flush_folder(path.parent)


async def quick_check(path: Path) -> str:
    """What SQLite's quick check finds wrong with the database, in a child process; "" if nothing.

    It reads beside the running spool; a check that cannot be made finds nothing.
    """
    code, output = await _child("--check", str(path), limit=CHECK_TIMEOUT)
    return output.strip() if code == 0 else ""


async def _child(*arguments: str, limit: float) -> tuple[int, str]:
    """Run the salvage module; its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *child_command("stationmaster.spool.salvage"),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=child_environment(),
        start_new_session=True,  # a Ctrl+C in the agent's terminal is not meant for it
    )
    try:
        async with asyncio.timeout(limit):
            output, complaint = await process.communicate()
    except TimeoutError:
        return -1, f"it took more than {limit:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    code = process.returncode or 0
    return code, (output or complaint).decode(errors="replace") if code else output.decode(errors="replace")


def _salvaged(path: Path) -> Path:
    """The complete new database before it is in place."""
    return schema.beside(path, ".salvaged")


def _aside(path: Path, now: datetime) -> Path:
    """Where the damaged database is moved."""
    return path.with_name(f"{path.stem}.damaged-{now:%Y%m%dT%H%M%S%f}{path.suffix}")
