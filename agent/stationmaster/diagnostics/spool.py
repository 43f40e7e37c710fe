"""The spool: its disk has room and flushes in time, it opens, it is sound, and what waits in it."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from datetime import datetime
from pathlib import Path

import msgspec

from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.clock import Clock
from stationmaster.diagnostics.check import bad, good, of_problem, warned
from stationmaster.errors import SpoolError
from stationmaster.home.paths import Home
from stationmaster.model import Check, Hop, Problem
from stationmaster.spool.peek import Peek, peek
from stationmaster.spool.problem import damaged, unwritable
from stationmaster.spool.record import Health
from stationmaster.spool.recovery import quick_check
from stationmaster.spool.schema import spool_error

LITTLE = 512 * 1024 * 1024
"""Bytes; with less free space a person should know."""

SLOW = 0.1
"""Seconds; a disk whose flush takes longer keeps few reports a second."""

_DEADLINE = 20.0
_CHECK_DEADLINE = 60.0
_FLUSHES = 5
_TRIAL = 64 * 1024
_SOUND = Health(size=0, wal=0, unclean=False)


class Disk(msgspec.Struct, frozen=True):
    """What a look at a disk found: bytes, and seconds of one flush."""

    free: int
    total: int
    flush: float


async def disk_check(home: Home, name: str, *, clock: Clock) -> Check:
    """Room and speed of the disk that the spool lies on."""
    folder, began = home.instance_dir(name), clock.monotonic()
    try:
        disk = await THREAD.call(lambda: try_disk(folder), deadline=_DEADLINE)
    except CallHangsError:
        text = f"The disk of {folder} does not answer within {_DEADLINE:g} s."
        return bad(Hop.DISK, text, "Check that disk; see the system's log.", instance=name)
    except OSError as error:
        return of_problem(_unwritable(name, spool_error(error, home.spool(name)), clock.now()), Hop.DISK)
    if disk.free < LITTLE:
        text = f"Only {disk.free // 1024**2} MB are free on the disk of {folder}."
        return warned(Hop.DISK, text, "Make room on the disk before it is full.", instance=name)
    if disk.flush > SLOW:
        text = f"The disk of {folder} takes {disk.flush * 1000:.0f} ms to flush what was written."
        step = "Expect few reports a second. Put the home on a faster disk, or find what keeps this one busy."
        return warned(Hop.DISK, text, step, instance=name)
    return good(
        Hop.DISK,
        f"{disk.free / 1024**3:.1f} GB are free; a flush takes {disk.flush * 1000:.1f} ms.",
        instance=name,
        subject=str(folder),
        seconds=clock.monotonic() - began,
        details={"free": str(disk.free), "total": str(disk.total), "flush": f"{disk.flush:.6f}"},
    )


def try_disk(folder: Path) -> Disk:
    """Write and flush a little file a few times. Blocking.

    Raises:
        OSError: it cannot be written there, or the disk is full.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    trial = folder / f".stationmaster-probe-{secrets.token_hex(4)}"
    took = []
    try:
        with trial.open("xb", buffering=0) as file:
            for _ in range(_FLUSHES):
                began = time.perf_counter()
                file.write(bytes(_TRIAL))
                os.fsync(file.fileno())
                took.append(time.perf_counter() - began)
    finally:
        trial.unlink(missing_ok=True)
    return Disk(usage.free, usage.total, sorted(took)[_FLUSHES // 2])


async def spool_check(home: Home, name: str, health: Health | None, *, clock: Clock) -> Check:
    """The spool itself.

    Args:
        health: what the running instance says of it; None where it does not run.
    """
    path, began = home.spool(name), clock.monotonic()
    if not path.exists():
        return good(Hop.SPOOL, "There is none yet: it is made when the instance first runs.", instance=name)
    health = health or _SOUND
    if health.error:
        return of_problem(unwritable(name, health.error, full=health.disk_full, now=clock.now()), Hop.SPOOL)
    try:
        found = await THREAD.call(lambda: peek(path), deadline=_DEADLINE)
        damage = health.damage or await _damage(path)
    except (CallHangsError, TimeoutError):
        text = f"The check of the spool {path} did not end in time."
        step = "Nothing to do where it is large and reports are delivered; else check the disk."
        return warned(Hop.SPOOL, text, step, instance=name)
    except SpoolError as error:
        if not error.damaged:
            return of_problem(_unwritable(name, error, clock.now()), Hop.SPOOL)
        damage, found = error.text.rstrip("."), None
    if damage or health.salvage or found is None:
        health = msgspec.structs.replace(health, damage=damage)
        return of_problem(damaged(name, health, now=clock.now()), Hop.SPOOL)
    return good(
        Hop.SPOOL,
        f"It is sound: {_holds(found, clock.now())}.",
        instance=name,
        subject=str(path),
        seconds=clock.monotonic() - began,
        details={"size": str(found.size), "queued": str(found.queued), "errors": str(found.errors)},
    )


async def _damage(path: Path) -> str:
    """What SQLite's check finds in a child process, "" if nothing."""
    async with asyncio.timeout(_CHECK_DEADLINE):
        return await quick_check(path)


def _holds(found: Peek, now: datetime) -> str:
    queued = f"{found.queued} reports wait" if found.queued else "nothing waits"
    if found.oldest is not None:
        queued += f", the oldest for {max(0.0, (now - found.oldest).total_seconds()) / 60:.0f} min"
    errors = f", {found.errors} in the error list" if found.errors else ""
    return f"{found.size / 1024**2:.1f} MB, {queued}{errors}"


def _unwritable(name: str, error: SpoolError, now: datetime) -> Problem:
    return unwritable(name, error.text, full=error.disk_full, now=now)
