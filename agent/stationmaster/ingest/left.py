"""What lies in the watch folders and is not taken, and why: for a run that ends."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stationmaster.file_name import shown
from stationmaster.ingest.claim import Outcome
from stationmaster.ingest.folder import FolderWatch

_REASONS = {
    Outcome.BUSY: "cannot be opened: another program holds it, or this account may not read it",
    Outcome.INCOMPLETE: "is not complete: its end is missing",
    Outcome.CHANGED: "is still being written",
}


@dataclass(frozen=True, slots=True)
class Left:
    """A file or folder that is not taken.

    Attributes:
        path: where it lies, as it can be shown.
        reason: goes on after the path.
    """

    path: str
    reason: str


def left_of(folders: Sequence[FolderWatch]) -> Iterator[Left]:
    """All that is left there, as the last looks saw it."""
    for folder in folders:
        for candidate in folder.roster.pending:
            # One that is offered again and again without a trouble changes each time.
            reason = _REASONS.get(candidate.trouble or Outcome.CHANGED, "could not be taken yet")
            yield Left(_path(folder, candidate.name), reason)
        if len(folder.roster.arrivals):
            yield Left(
                shown(folder.root), f"holds {len(folder.roster.arrivals)} files that nobody looked at yet"
            )
        for name in folder.sight.unmarked:
            yield Left(_path(folder, name), f"has no marker {shown(folder.folder.marker)}")


def _path(folder: FolderWatch, name: str) -> str:
    return shown(f"{folder.root}{os.sep}{name}")
