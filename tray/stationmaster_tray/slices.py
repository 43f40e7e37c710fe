"""Long work on the window's own thread, a slice at a time.

Widgets can be made on that thread alone. Who makes many of them writes a generator that yields wherever it
may be interrupted; `sliced` runs it so that timers, keys and paint have their turn in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

SLICE = 0.004
"""Seconds after which others have their turn. A frame of the screen is 16 ms, and what was made is laid out
and painted in it too."""


class Gradual(Generic[T]):
    """Something that is made in steps while nobody waits for it, or at once when somebody does.

    Attributes:
        made: it, once it is whole.
        steps: what is left to do; each is quick by itself.
    """

    def __init__(self, maker: Generator[None, None, T]) -> None:
        """Nothing is made yet; `maker` yields wherever it may be interrupted, and returns what it made."""
        self.made: T | None = None
        self.steps = self._taken(maker)

    def finish(self) -> T:
        """It, made to its end."""
        while self.made is None:
            next(self.steps)
        return self.made

    def _taken(self, maker: Generator[None, None, T]) -> Iterator[None]:
        self.made = yield from maker
        yield  # for `finish`, which would see the end otherwise


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
