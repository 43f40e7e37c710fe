"""What a transaction is made of: writes, verdicts, and what they change once they are committed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any, Literal, NamedTuple

from stationmaster.errors import SpoolError
from stationmaster.model import EntryState


class Change:
    """What a transaction does to counts and leases once it is committed."""

    __slots__ = ("entered", "left", "moves", "settled")

    def __init__(self) -> None:
        self.moves: Counter[str] = Counter()
        self.left: set[int] = set()
        self.entered: set[int] = set()
        self.settled: list[int] = []

    def added(self, state: EntryState) -> None:
        """A row was inserted."""
        self.moves[state] += 1

    def removed(self, state: str, count: int = 1) -> None:
        """Rows were deleted."""
        self.moves[state] -= count

    def moved(self, entry_id: int, old: str, new: str) -> None:
        """A row went from one state to another."""
        self.moves[old] -= 1
        self.moves[new] += 1
        if old == EntryState.QUEUED:
            self.left.add(entry_id)
            self.entered.discard(entry_id)
        if new == EntryState.QUEUED:
            self.entered.add(entry_id)
            self.left.discard(entry_id)

    def merge(self, other: Change) -> None:
        """Take over what a nested write did."""
        self.moves.update(other.moves)
        self.left = (self.left - other.entered) | other.left
        self.entered = (self.entered - other.left) | other.entered
        self.settled += other.settled


Work = Callable[[sqlite3.Connection, Change], Any]
"""A write. It returns its result, or it is a generator that yields where it may be interrupted."""


class Verdict(NamedTuple):
    """How a lease ended. `until` is the new not-before in microseconds."""

    entry_id: int
    what: Literal["ack", "retry", "hold", "reject", "release"]
    now: int
    text: str = ""
    until: int = 0


class Write:
    """One write in a batch, with its outcome."""

    __slots__ = ("error", "result", "work")

    def __init__(self, work: Work | Verdict) -> None:
        self.work = work
        self.result: Any = None
        self.error: Exception | None = None


class Batch:
    """Writes that share a transaction, and how far they are."""

    __slots__ = ("change", "done", "failure", "inner", "steps", "writes")

    def __init__(self, writes: list[Write]) -> None:
        self.writes = writes
        self.done = 0
        self.change = Change()
        self.inner = Change()
        self.steps: Generator[None, None, Any] | None = None
        self.failure: SpoolError | None = None
