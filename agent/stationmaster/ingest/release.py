"""What happens to a source once it is committed: it is kept, moved, archived or deleted.

A source is a file, or a folder that was taken as one: then all of this holds for the folder as a whole.

Never before the commit, never overwriting, and only if the file still is the one that was taken. A file is
first renamed to a hidden name beside it, in one step, so that a file that a tester writes under the same
name at that very moment is never hit; what was caught by mistake is put back, and so is what has nowhere to
go now. Every call may be made again after a kill at any point, with the same values.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from enum import StrEnum
from pathlib import Path

import msgspec

from stationmaster.file_name import shown
from stationmaster.ingest import place, tree
from stationmaster.ingest.scan import MARK, OWN_PREFIX
from stationmaster.ingest.settle import Stat

REASON_ENDING = ".reason.txt"


class Way(StrEnum):
    """What is done with a file."""

    KEEP = "keep"
    COPY = "copy"
    MOVE = "move"
    DELETE = "delete"


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One file to release.

    Attributes:
        path: the file as it was taken; `size` and `mtime_ns` are of that moment.
        digest: hex SHA-256 of its bytes then, "" where nobody read them: compared before the file goes away,
            since a clock may be too coarse to tell two contents of one size apart.
        folder: where it goes, for `move` and `copy`.
        name: how it is to be called there, "" for its own name.
        reason: written beside it as `<name>.reason.txt`; "" for none.
        growing: more may be written to it; it is left alone unless it is known that nobody has it open.
    """

    path: Path
    size: int
    mtime_ns: int
    digest: str = ""
    way: Way
    folder: Path = Path()
    name: str = ""
    reason: str = ""
    growing: bool = False


class Standing(StrEnum):
    """How a release ended."""

    DONE = "done"
    CHANGED = "changed"
    """The file is another one by now: it stays, and is offered as new."""
    GONE = "gone"
    """The file is not there, and it was not we who moved it."""
    OPEN = "open"
    """Somebody writes to the file, or may go on doing so: it stays, and is to be released later."""


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """What a release did.

    Attributes:
        place: where the file is now, None when it is deleted or unknown.
        copy: where a copy of a kept file lies, with its reason.
    """

    standing: Standing
    place: Path | None = None
    copy: Path | None = None


def release(job: Release) -> Released:
    """Do it. Idempotent.

    Raises:
        OSError: it cannot be done now; the file is where it was. Only where that fails too it stays in its
            hidden place beside it, from where the next call goes on.
    """
    if job.way in (Way.KEEP, Way.COPY):
        return _keep(job)
    tree.finish(_gone_path(job))
    private = hidden_path(job)
    if place.is_one_file(private, job.path):  # an earlier call was interrupted as it put it back
        private.unlink()
    if _look(private) is None:
        if _look(job.path) != _stat(job):
            return _done_before(job)
        try:
            job.path.rename(private)
        except FileNotFoundError:
            return _done_before(job)
    try:
        if _look(private) == _stat(job) and _holds_what_was_taken(private, job):
            return _take_away(private, job)
    except OSError:
        with contextlib.suppress(OSError):
            _put_back(private, job.path.name)
        raise
    _put_back(private, job.path.name)
    return Released(standing=Standing.CHANGED)


def put_back(root: str, name: str) -> Path:
    """Give a file or folder its own name back that a release hid and never came back for.

    Args:
        name: the hidden name, as a path below `root`.

    Raises:
        OSError: it cannot be done now.
    """
    private = Path(root, name)
    return _put_back(private, private.name[len(OWN_PREFIX) + MARK + 1 :])


def _put_back(private: Path, name: str) -> Path:
    return tree.put_back(private, name) if tree.is_tree(private) else place.put_back(private, name)


def _look(path: Path) -> Stat | None:
    return tree.look(path) if tree.is_tree(path) else place.look(path)


def hidden_path(job: Release) -> Path:
    """Where the file is while it is being released."""
    mark = _mark(job)
    room = place.NAME_BYTES - len(OWN_PREFIX) - len(mark) - 1
    return job.path.parent / f"{OWN_PREFIX}{mark}-{place.fit(job.path.name, room)}"


def _gone_path(job: Release) -> Path:
    """Where a folder is while it is removed: nobody gives it its name back."""
    return job.path.parent / f"{OWN_PREFIX}{_mark(job)}.gone"


def _mark(job: Release) -> str:
    text = f"{job.path.name}\0{job.size}\0{job.mtime_ns}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:MARK]


def _stat(job: Release) -> Stat:
    return Stat(job.size, job.mtime_ns)


def _name(job: Release) -> str:
    return job.name or job.path.name


def _spare(job: Release) -> int:
    return len(REASON_ENDING) if job.reason else 0


def is_read(job: Release) -> bool:
    """Does this release read the whole file, to compare it?"""
    return bool(job.digest) and job.way in (Way.MOVE, Way.DELETE)


def _holds_what_was_taken(private: Path, job: Release) -> bool:
    if not is_read(job):
        return True
    if tree.is_tree(private):
        return tree.digest(private) == job.digest
    with private.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == job.digest


def _take_away(private: Path, job: Release) -> Released:
    whole = tree.is_tree(private)
    if job.way is Way.DELETE:
        if whole:
            tree.vanish(private, _gone_path(job))
        else:
            private.unlink()
            place.flush_folder(private.parent)
        return Released(standing=Standing.DONE)
    if whole:
        target = tree.put(private, job.folder, _name(job), gone=_gone_path(job), spare=_spare(job))
    else:
        target = place.put(private, job.folder, _name(job), spare=_spare(job))
    _write_reason(job, target)
    return Released(standing=Standing.DONE, place=target)


def _keep(job: Release) -> Released:
    seen = _look(job.path)
    if seen is None:
        return Released(standing=Standing.GONE)
    if seen != _stat(job):
        return Released(standing=Standing.CHANGED)
    if job.way is Way.KEEP:
        return Released(standing=Standing.DONE, place=job.path)
    put_copy = tree.put_copy if tree.is_tree(job.path) else place.put_copy
    copy = put_copy(job.path, job.folder, _name(job), spare=_spare(job))
    _write_reason(job, copy)
    return Released(standing=Standing.DONE, place=job.path, copy=copy)


def _done_before(job: Release) -> Released:
    """The file is not what was taken: an earlier call moved it, or somebody else did something."""
    there = place.look(job.path) is not None
    if job.way is Way.DELETE:
        return Released(standing=Standing.CHANGED if there else Standing.DONE)
    found = _find(job)
    if found is not None:
        _write_reason(job, found)
        return Released(standing=Standing.DONE, place=found)
    return Released(standing=Standing.CHANGED if there else Standing.GONE)


def _find(job: Release) -> Path | None:
    """Where an earlier call brought it, None when it cannot be told."""
    for candidate in place.candidates(_name(job), place.mark_of(_stat(job)), spare=_spare(job)):
        found = job.folder / candidate
        seen = _look(found)
        # another file system may have rounded the times of what was copied there
        if seen == _stat(job) or (job.digest and tree.is_tree(found) and tree.digest(found) == job.digest):
            return found
        if seen is None:
            return None
    return None


def _write_reason(job: Release, target: Path) -> None:
    """The reason, whole or not at all; one of an earlier try is replaced."""
    if not job.reason:
        return
    final = target.with_name(target.name + REASON_ENDING)
    temporary = target.with_name(f"{OWN_PREFIX}{_mark(job)}.reason")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(shown(job.reason.rstrip()) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(final)
    place.flush_folder(final.parent)
