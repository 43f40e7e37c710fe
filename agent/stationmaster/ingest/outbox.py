"""The outbox: WSJF reports that other programs leave as `*.queued`, as other WATS clients write them.

It is a watch folder like any other, with the WSJF converter; only the release differs: what was taken
becomes `*.completed`, what cannot be taken `*.error` with the reason beside it (see `plan`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from stationmaster.config.schema import After, LaneChoice, NetworkChoice, WatchFolder

QUEUED = ".queued"
COMPLETED = ".completed"
ERROR = ".error"

SETTLE = 0.2
"""Programs write a report at once; `stationmaster.submit` renames a finished one into place."""

_SLICE = 1_000
"""Files that one call of `prune` looks at."""


class DropFolder(WatchFolder, frozen=True, kw_only=True):
    """A folder of ours where other programs, and other users, leave files: only plain files count there."""


def outbox_folder(path: Path) -> WatchFolder:
    """The outbox as a watch folder."""
    return DropFolder(
        path=str(path),
        converters=("wsjf",),
        include=(f"*{QUEUED}",),
        settle=SETTLE,
        network=NetworkChoice.NO,  # it lies in the agent's home, which is refused on a network
        lane=LaneChoice.AUTO,
        after=After.MOVE,
        move_to=str(path),
    )


def is_outbox(folder: WatchFolder) -> bool:
    """Is this an outbox?"""
    return folder.include == (f"*{QUEUED}",) and folder.move_to == folder.path


def prune(path: Path, *, now: datetime, days: float) -> int:
    """Delete `*.completed` that are older than `days`; how many. A bounded number at a time.

    Raises:
        OSError: the folder cannot be read, or a file not deleted.
    """
    oldest = (now - timedelta(days=days)).timestamp()
    count = 0
    for file in islice(_completed(path), _SLICE):
        if file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
            count += 1
    return count


def _completed(path: Path) -> Iterator[Path]:
    return (file for file in path.glob(f"*{COMPLETED}") if file.is_file())
