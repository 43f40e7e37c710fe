"""The spool: it opens, it is sound, and what waits in it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import msgspec

from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.clock import Clock
from stationmaster.diagnostics.check import good, of_problem, warned
from stationmaster.errors import SpoolError
from stationmaster.home.paths import Home
from stationmaster.model import Check, Hop, Problem
from stationmaster.spool.peek import Peek, peek
from stationmaster.spool.problem import damaged, unwritable
from stationmaster.spool.record import Health
from stationmaster.spool.recovery import quick_check

_DEADLINE = 20.0
_CHECK_DEADLINE = 60.0
_SOUND = Health(size=0, wal=0, unclean=False)


async def spool_check(home: Home, name: str, health: Health | None, *, clock: Clock) -> Check:
    """The spool itself.

    Args:
        health: what the running instance says of it; None where it does not run.
    """
    path, began = home.spool(name), clock.monotonic()
    if not path.exists():
        return good(Hop.SPOOL, "There is none yet: it is made when the station first runs.", instance=name)
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
