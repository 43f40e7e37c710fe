"""Taking over what another WATS client left in its folder of reports: waiting, under way, or in error.

A file is marked as taken only once its report is on disk here. A report that was under way may have been
sent already: it goes out again under the same id, of which the server keeps one.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from stationmaster.api import Station
from stationmaster.api.defaults import at_station
from stationmaster.api.wsjf import encode
from stationmaster.control.protocol import MAX_BODY
from stationmaster.errors import NoAgentError, StationmasterError
from stationmaster.home.file_system import flush_folder
from stationmaster.ingest.writer import is_written
from stationmaster.runtime.desk import LEFT, NEEDS_AGENT, START_IT, Desk
from stationmaster.submit import whole

TAKEN = ".imported"
FRESH = 60.0
"""Seconds after its last write for which a file says that the other client may be running still."""

_LARGEST_NOTE = 1 << 20
_OTHER = "other"
"""Outcome of a report in error whose id is known with other content; see `Imported`."""


class Was(StrEnum):
    """What a report was there."""

    QUEUED = "queued"
    PROCESSING = "processing"
    ERROR = "error"


ENDINGS = {
    ".queued": Was.QUEUED,
    ".processing": Was.PROCESSING,
    ".error": Was.ERROR,
    ".pending.wsjf": Was.QUEUED,
    ".processing.wsjf": Was.PROCESSING,
    ".failed.wsjf": Was.ERROR,
}
"""Endings of the published clients' files, in their folder of reports and in their queue."""

_NOTES = (".info", ".reason.txt", ".txt")
"""What is appended to the name of a file in error for the note that says why."""


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """A file that another client left."""

    path: Path
    was: Was
    size: int
    mtime_ns: int


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a leftover.

    Attributes:
        outcome: of the report, "" where it was not taken; see `Desk.report`.
        trouble: why it was not taken, and lies where it lay.
    """

    path: str
    was: Was
    outcome: str = ""
    reason: str = ""
    trouble: str = ""


def leftovers(folder: Path) -> list[Leftover]:
    """The files to take over, the oldest first.

    Raises:
        StationmasterError: the folder cannot be read.
    """
    try:
        return sorted(_found(folder), key=lambda one: (one.mtime_ns, one.path.name))
    except OSError as error:
        raise StationmasterError(
            f"{folder} cannot be read: {error.strerror}.", next_step="Check its name and rights."
        ) from error


def _found(folder: Path) -> Iterator[Leftover]:
    for path in folder.iterdir():
        was = next((was for ending, was in ENDINGS.items() if path.name.endswith(ending)), None)
        if was is not None and path.is_file():
            seen = path.stat()
            yield Leftover(path=path, was=was, size=seen.st_size, mtime_ns=seen.st_mtime_ns)


def running_still(folder: Path, found: list[Leftover], now: datetime) -> str:
    """What speaks for it that the other client runs, in a sentence; "" for nothing."""
    for place in (folder, folder.parent):
        for lock in sorted(place.glob("*.lock")):
            pid = _pid_in(lock)
            if pid and _alive(pid):
                return f"Process {pid} holds {lock}."
    newest = max(found, key=lambda one: one.mtime_ns, default=None)
    if newest is not None and abs(now.timestamp() - newest.mtime_ns / 1e9) < FRESH:
        return f"{newest.path} was written less than {FRESH:.0f} s ago."
    return ""


def _pid_in(lock: Path) -> int:
    """The process that a lock file names, as JSON or as a plain number; 0 where it names none."""
    try:
        text = lock.read_text(encoding="utf-8", errors="replace")[:4096]
    except OSError:
        return 0
    match = re.fullmatch(r"\s*(\d{1,9})\s*", text) or re.search(r'"pid"\s*:\s*(\d{1,9})', text)
    return int(match[1]) if match else 0


def _alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # a signal would end it there; a lock that was left behind is removed by hand
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


async def take(desk: Desk, leftover: Leftover) -> Taken:
    """Take one over: store its report, then mark the file. Done again it stores nothing twice.

    Raises:
        SpoolError: nothing can be stored now.
    """

    async def store(content: bytes, reason: str) -> str:
        outcome = await desk.report(content, str(leftover.path), reason=reason)
        if outcome != _OTHER:
            _mark(leftover)
        return outcome

    return await _tried(leftover, store)


async def foresee(desk: Desk, leftover: Leftover, station: Station) -> Taken:
    """What `take` would come to, by everything that it looks at; nothing is written.

    Args:
        station: that of the instance; a report may leave it to be filled in.
    """

    async def look(content: bytes, reason: str) -> str:
        report = at_station(await asyncio.to_thread(whole, content), station)
        if reason and not desk.online:
            raise NoAgentError(NEEDS_AGENT, next_step=START_IT)
        if not os.access(leftover.path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if not desk.online:
            return LEFT
        known = [one for one in await desk.find(report.sn) if one.report_id == report.id.lower()]
        digest = hashlib.sha256(encode(report)).hexdigest()
        if any(one.digest == digest for one in known):
            return "same"
        return (_OTHER if reason else "revised") if known else "new"

    return await _tried(leftover, look)


async def _tried(leftover: Leftover, work: Callable[[bytes, str], Awaitable[str]]) -> Taken:
    """What comes of `work` with the file's content and, where it was in error, the reason."""
    path, reason = leftover.path, ""
    if leftover.was is Was.ERROR:
        reason = _reason(path) or "The client that had it before could not deliver it, and does not say why."
    taken = Taken(path=str(path), was=leftover.was, reason=reason)
    try:
        outcome = await work(_content(leftover), reason)
    except OSError as error:
        return _left(taken, f"It cannot be read or renamed: {error.strerror}.")
    except StationmasterError as error:
        return _left(taken, error.text)
    if outcome == _OTHER:
        return _left(taken, "A report of this id is known with other content.")
    return msgspec.structs.replace(taken, outcome=outcome)


def _left(taken: Taken, trouble: str) -> Taken:
    return msgspec.structs.replace(taken, trouble=trouble)


def _content(leftover: Leftover) -> bytes:
    if leftover.size > MAX_BODY:
        raise StationmasterError(f"It is larger than {MAX_BODY // 1024**2} MB.")
    if is_written(leftover.path):
        raise StationmasterError("A program has it open to write to it.")
    content = leftover.path.read_bytes()
    if _changed(leftover):
        raise StationmasterError("It changed just now: the other client may be running.")
    return content


def _changed(leftover: Leftover) -> bool:
    seen = leftover.path.stat()
    return (seen.st_size, seen.st_mtime_ns) != (leftover.size, leftover.mtime_ns)


def _mark(leftover: Leftover) -> None:
    """Give it a name that says that it is taken, beside all others."""
    path = leftover.path
    if _changed(leftover):
        raise StationmasterError("It changed as it was taken: take it over again.")
    target, number = path.with_name(path.name + TAKEN), 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}{TAKEN}-{number}")
    path.rename(target)
    flush_folder(path.parent)


def _reason(path: Path) -> str:
    """Why the other client could not deliver it, by the note beside it."""
    notes = [path.with_name(path.name + ending) for ending in _NOTES]
    if path.name.endswith(".wsjf"):
        notes.append(path.with_suffix(".meta.json"))
    for note in notes:
        try:
            if note.stat().st_size > _LARGEST_NOTE:
                continue
            text = note.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        if found := _said(text):
            return found[:4000]
    return ""


def _said(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, dict):
        return str(value.get("error") or value.get("last_error") or "")
    return text
