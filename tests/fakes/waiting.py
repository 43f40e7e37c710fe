"""Waiting for something real (a process, a file) without guessing how long it takes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = float(os.environ.get("STATIONMASTER_PATIENCE", "60"))
"""Real seconds after which a wait has failed. A test that passes never waits that long."""


async def until(
    true: Callable[[], object], *, seconds: float = PATIENCE, what: str = "it", every: float = 0.005
) -> None:
    """Look every few milliseconds until `true()`; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        await asyncio.sleep(every)


def running(pid: int) -> bool:
    """The process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
