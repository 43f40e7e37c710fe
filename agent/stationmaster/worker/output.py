"""What a child prints: counted, its last bit kept, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Callable

TAIL_BYTES = 4096
"""Kept of what a child prints, for the texts that say why it failed."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Output:
    """Collects a child's output; calls `on_flood` once when it passes `limit` bytes."""

    def __init__(self, limit: int, on_flood: Callable[[], None]) -> None:
        """Start a count of 0."""
        self._limit = limit
        self._on_flood = on_flood
        self._count = 0
        self._tail = b""

    @property
    def flooded(self) -> bool:
        """More than the limit came since `reset`."""
        return self._count > self._limit

    @property
    def tail(self) -> str:
        """The last bit as text a person can read: whole lines where possible, no control characters."""
        text = self._tail.decode("utf-8", errors="replace").replace("\r\n", "\n")
        return _CONTROL.sub("", text).strip()

    def reset(self) -> None:
        """A new request: forget what came before."""
        self._count = 0
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Take what the child printed."""
        before = self.flooded
        self._count += len(data)
        self._tail = (self._tail + data)[-TAIL_BYTES:] if len(data) < TAIL_BYTES else data[-TAIL_BYTES:]
        if self.flooded and not before:
            self._on_flood()
