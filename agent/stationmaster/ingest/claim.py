"""What the watcher hands out, what it is told in return, and what it needs of the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from stationmaster.config.schema import WatchFolder
from stationmaster.model import Lane, SourceState
from stationmaster.spool.record import LedgerRow


class Outcome(StrEnum):
    """What became of a claim."""

    CONVERTED = "converted"
    """Its reports are committed to the spool."""
    FAILED = "failed"
    """It is on the error list, committed."""
    BUSY = "busy"
    """It is locked, or cannot be read now."""
    INCOMPLETE = "incomplete"
    """The tester has not finished writing it."""
    CHANGED = "changed"
    """It changed between the claim and the end of its conversion."""
    VANISHED = "vanished"
    """It is not there any more."""
    RETURNED = "returned"
    """Nothing was done with it (the instance stops, the spool takes nothing now): it is offered again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A file that came to rest and waits to be converted.

    Attributes:
        state: the file as it rests; path, size and mtime are the claim's identity.
        folder: the watch folder it belongs to.
        key: the folder's name in the ledger, for `TakenSource.folder`.
        first_seen: when this file, in this state or an earlier one, was first seen.
        rested: seconds that it has rested in this state.
        resume: how far a growing file was converted, as `done` or the ledger told; None: from its start.
    """

    state: SourceState
    folder: WatchFolder
    key: str
    lane: Lane
    first_seen: datetime
    rested: float
    resume: bytes | None = None

    @property
    def overdue(self) -> bool:
        """It has rested so long that, where it is still incomplete, it is to be failed."""
        return self.rested >= self.folder.incomplete_after


class Ledger(Protocol):
    """What the watcher needs of the spool."""

    def ledger(self, folder: str) -> AsyncIterator[list[LedgerRow]]:
        """The files known to lie in a folder, in slices."""
        ...

    async def forget(self, folder: str, gone: Iterable[Path]) -> None:
        """These files left their folder for good."""
        ...
