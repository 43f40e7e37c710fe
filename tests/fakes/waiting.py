"""Waiting for something real (a process, a file) without guessing how long it takes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PATIENCE = float(os.environ.get("STATIONMASTER_PATIENCE", "60"))
"""Real seconds after which a wait has failed. A test that passes never waits that long."""


async def until(
    true: Callable[[], object],
    *,
    seconds: float = PATIENCE,
    what: str | Callable[[], str] = "it",
    every: float = 0.005,
    meanwhile: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Look every few milliseconds until `true()`; fail after `seconds`."""

    async def ask() -> object:
        return true()

    await answer(ask, seconds=seconds, what=what, every=every, meanwhile=meanwhile)


async def answer(
    ask: Callable[[], Awaitable[T]],
    *,
    seconds: float = PATIENCE,
    what: str | Callable[[], str] = "it",
    every: float = 0.005,
    meanwhile: Callable[[], Awaitable[object]] | None = None,
) -> T:
    """Ask again and again until the answer counts as true, and give it; fail after `seconds`.

    The only place in which tests look again and again: where something tells, wait for that instead.

    Args:
        what: what is waited for, said when it does not happen.
        every: seconds between two looks.
        meanwhile: done after each look in vain, such as to move a clock.
    """
    end = time.monotonic() + seconds
    while not (found := await ask()):
        late = time.monotonic() >= end
        assert not late, f"{what() if callable(what) else what} did not happen within {seconds} s"
        await asyncio.sleep(every)
        if meanwhile is not None:
            await meanwhile()
    return found


def running(pid: int) -> bool:
    """The process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
