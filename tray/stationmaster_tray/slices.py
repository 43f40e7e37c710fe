"""Long work on the window's own thread, a slice at a time.

Widgets can be made on that thread alone. Who makes many of them writes a generator that yields wherever it
may be interrupted; `sliced` runs it so that timers, keys and paint have their turn in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

SLICE = 0.004
"""Seconds after which others have their turn. A frame of the screen is 16 ms, and what was made is laid out
and painted in it too."""


async def sliced(steps: Iterable[object], pause: Callable[[], Awaitable[None]] | None = None) -> None:
    """Take the steps, as many at a time as a slice holds.

    Args:
        steps: each is quick by itself.
        pause: awaited between two slices; by default it lets the loop turn once.
    """
    began = time.perf_counter()
    for _step in steps:
        if time.perf_counter() - began >= SLICE:
            await (pause() if pause else asyncio.sleep(0))
            began = time.perf_counter()
