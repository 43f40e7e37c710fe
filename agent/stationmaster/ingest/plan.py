"""What is to be done with a file once it is on record, by its folder's settings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from stationmaster.config.schema import After, WatchFolder
from stationmaster.ingest.outbox import COMPLETED, ERROR, QUEUED, is_outbox
from stationmaster.ingest.release import Release, Way
from stationmaster.model import SourceState

_HARSHNESS = {After.KEEP: 0, After.MOVE: 1, After.ARCHIVE: 1, After.DELETE: 2}


def gentler(folder: WatchFolder, after: str) -> WatchFolder:
    """`folder`, but with the `after` that was on record for a file where that does less to it.

    What a person set when the file was taken holds for it; what they set since then may spare it.
    """
    recorded = After(after)
    if _HARSHNESS[recorded] >= _HARSHNESS[folder.after]:
        return folder
    return msgspec.structs.replace(folder, after=recorded)


def after_commit(
    folder: WatchFolder,
    state: SourceState,
    *,
    archive: Path,
    taken_at: datetime,
    digest: str = "",
    growing: bool = False,
) -> Release:
    """How a file is released whose reports are committed; one of the outbox becomes `*.completed`.

    Args:
        archive: the instance's archive folder, for a folder that names none.
        taken_at: when it was committed; the archive's folder per day follows from it, in local time, so
            that doing it again tomorrow finds the same place.
        digest: hex SHA-256 of what was read of it, "" where nobody knows.
        growing: more may be written to it.
    """
    if is_outbox(folder):
        return _renamed(state, COMPLETED, digest=digest)
    way = {After.KEEP: Way.KEEP, After.DELETE: Way.DELETE}.get(folder.after, Way.MOVE)
    target = Path(folder.move_to) if folder.move_to else archive
    if folder.after is After.ARCHIVE:
        target /= f"{taken_at.astimezone():%Y-%m-%d}"
    if way is Way.MOVE and target == state.path.parent:
        way = Way.KEEP
    return Release(
        path=state.path,
        size=state.size,
        mtime_ns=state.mtime_ns,
        digest=digest,
        way=way,
        folder=target,
        growing=growing,
    )


def after_failure(folder: WatchFolder, state: SourceState, *, errors: Path, reason: str) -> Release:
    """How a file is released that cannot be converted: into the error folder, with the reason beside it.

    From a folder whose files are kept it is a copy that goes there. A file of the outbox becomes `*.error`.
    """
    if is_outbox(folder):
        return _renamed(state, ERROR, reason=reason)
    way = Way.COPY if folder.after is After.KEEP else Way.MOVE
    return Release(
        path=state.path, size=state.size, mtime_ns=state.mtime_ns, way=way, folder=errors, reason=reason
    )


def _renamed(state: SourceState, ending: str, *, reason: str = "", digest: str = "") -> Release:
    path = state.path
    return Release(
        path=path,
        size=state.size,
        mtime_ns=state.mtime_ns,
        digest=digest,
        way=Way.MOVE,
        folder=path.parent,
        name=path.name.removesuffix(QUEUED) + ending,
        reason=reason,
    )
