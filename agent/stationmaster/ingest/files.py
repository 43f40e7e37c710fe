"""All looks at and changes of a watch folder go through a `Files`: bounded, and never in the loop.

`LocalFiles` works in one thread for all local folders (see `blocking`). `ChildFiles` (in `remote`) works in a
child process, for folders that may hang. Both have a deadline, and both run the same functions.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Container
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.errors import TransientError
from stationmaster.ingest import release, tree
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.release import Release, Released, Way
from stationmaster.ingest.scan import NameScan, Selection, Sieve, stats
from stationmaster.ingest.settle import Stat
from stationmaster.ingest.writer import is_written

DEADLINE = 20.0
"""Seconds that one call may take before its folder counts as hanging."""

LOCAL_NAMES = 10_000
"""Names that one slice of a scan reads."""

LOCAL_COPY_BYTES = 8 * 1024 * 1024
"""Larger files are compared, and copied to another disk, in a child, so that nothing waits for it."""

_T = TypeVar("_T")


class FolderHangsError(TransientError):
    """A folder did not answer in time. What was asked for may still happen."""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """A slice of a scan.

    Attributes:
        found: names that count and were not known.
        hidden: names of files in the middle of a release.
        unreadable: sub-folders that could not be read, with the reason; told with the last slice.
        unmarked: sub-folders without the marker that would make them a source; told with the last slice.
        done: nothing is left.
        identity: device and inode of the folder.
    """

    found: list[str]
    hidden: list[str]
    unreadable: list[tuple[str, str]]
    unmarked: list[tuple[str, Stat]] = msgspec.field(default_factory=list)
    done: bool
    identity: tuple[int, int]


class Files(Protocol):
    """A watch folder's files. Every call is bounded and may be repeated.

    All raise OSError for what the system says, and FolderHangsError when there is no answer in time.
    """

    async def names(self, known: KnownFiles, *, restart: bool) -> Names:
        """The next slice of the scan for names; `restart` begins a new one."""
        ...

    async def stats(self, names: list[str]) -> list[Stat | None]:
        """See `scan.stats`."""
        ...

    async def resolve(self) -> str:
        """The folder's real path."""
        ...

    async def is_written(self, path: Path) -> bool | None:
        """See `writer.is_written`."""
        ...

    async def release(self, job: Release) -> Released:
        """See `release.release`."""
        ...

    async def put_back(self, name: str) -> None:
        """See `release.put_back`."""
        ...

    async def aclose(self) -> None:
        """Let go of everything. Idempotent."""
        ...


class FolderFiles:
    """The synchronous side, in the agent's thread or in a child.

    `close` may come from another thread while a slice is read: it is then closed by the one that reads. To
    close a folder under a reading thread ends the whole process.
    """

    def __init__(self, root: str, selection: Selection) -> None:
        """Nothing is opened yet."""
        self.root = root
        self._sieve = Sieve(selection)
        self._scan: NameScan | None = None
        self._familiar: set[int] = set()
        self._dropped = 0
        self._reading = threading.Lock()
        self._closed = False

    def names(self, known: Container[str], *, restart: bool, limit: int, dropped: int = 0) -> Names:
        """One slice.

        Args:
            dropped: grows whenever a name leaves `known`.

        Raises:
            OSError: the folder cannot be read; the next call begins a new scan.
        """
        with self._reading:
            names = self._slice(known, restart=restart, limit=limit, dropped=dropped)
        if self._closed:
            self.close()
        return names

    def stats(self, names: list[str]) -> list[Stat | None]:
        """See `scan.stats`."""
        return stats(self.root, names, plain=self._sieve.plain, marker=self._sieve.marker)

    def _slice(self, known: Container[str], *, restart: bool, limit: int, dropped: int) -> Names:
        if restart or self._scan is None:
            self._end()
            if dropped != self._dropped:
                self._familiar, self._dropped = set(), dropped
            self._scan = NameScan(self.root, self._sieve, self._familiar)
        scan = self._scan
        try:
            found = scan.step(known, limit)
        except OSError:
            self._end()
            raise
        if scan.done:
            self._end()
            self._familiar = scan.familiar
        return Names(
            found=found,
            hidden=scan.take_hidden(),
            unreadable=scan.unreadable if scan.done else [],
            unmarked=scan.unmarked() if scan.done else [],
            done=scan.done,
            identity=scan.identity,
        )

    def close(self) -> None:
        """Let go of the folder. Idempotent."""
        self._closed = True
        if self._reading.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._reading.release()

    def _end(self) -> None:
        scan, self._scan = self._scan, None
        if scan is not None:
            scan.close()


class LocalFiles:
    """A folder on a disk of this machine.

    Args:
        copier: makes the `Files` that compare large files, and copy them to another disk.
    """

    def __init__(
        self,
        root: str,
        selection: Selection,
        *,
        copier: Callable[[], Files],
        deadline: float = DEADLINE,
    ) -> None:
        """Nothing is opened yet."""
        self._folder = FolderFiles(root, selection)
        self._copier = copier
        self._deadline = deadline

    async def names(self, known: KnownFiles, *, restart: bool) -> Names:
        """The next slice of the scan."""
        names, dropped = known.names, known.dropped
        return await self._call(
            lambda: self._folder.names(names, restart=restart, limit=LOCAL_NAMES, dropped=dropped)
        )

    async def stats(self, names: list[str]) -> list[Stat | None]:
        """Size and mtime of each."""
        return await self._call(lambda: self._folder.stats(names))

    async def resolve(self) -> str:
        """The folder's real path."""
        return await self._call(lambda: os.path.realpath(self._folder.root))

    async def is_written(self, path: Path) -> bool | None:
        """Has somebody this file open to write to it?"""
        return await self._call(lambda: is_written(path))

    async def release(self, job: Release) -> Released:
        """In the thread, unless much is to be read or copied."""
        if job.size > LOCAL_COPY_BYTES and (release.is_read(job) or await self._call(lambda: _copies(job))):
            return await self._copied(job)
        released = await self._call(lambda: None if _copies_folder(job) else release.release(job))
        return released or await self._copied(job)

    async def _copied(self, job: Release) -> Released:
        """In a child: it may take its time, and goes away if it takes too long."""
        copier = self._copier()
        try:
            return await copier.release(job)
        finally:
            await copier.aclose()

    async def put_back(self, name: str) -> None:
        """Give a hidden file its name back."""
        await self._call(lambda: release.put_back(self._folder.root, name))

    async def aclose(self) -> None:
        """End a scan that is under way."""
        self._folder.close()

    async def _call(self, call: Callable[[], _T]) -> _T:
        try:
            return await THREAD.call(call, deadline=self._deadline)
        except CallHangsError:
            raise FolderHangsError(f"The folder {self._folder.root} does not answer.") from None


async def held(files: Files, job: Release) -> bool:
    """Somebody writes to this file, or may go on doing so: it must not be taken away."""
    if job.way in (Way.KEEP, Way.COPY):
        return False
    written = await files.is_written(job.path)
    return job.growing if written is None else written


def _copies_folder(job: Release) -> bool:
    """Is this a folder that may hold thousands of files, to be copied one by one?"""
    return (tree.is_tree(job.path) or tree.is_tree(release.hidden_path(job))) and _copies(job)


def _copies(job: Release) -> bool:
    """Does this release copy the content, rather than give it another name?"""
    if job.way is Way.COPY:
        return True
    if job.way is not Way.MOVE:
        return False
    target = job.folder
    while not target.exists() and target != target.parent:
        target = target.parent
    try:
        return target.stat().st_dev != Path(job.path.parent).stat().st_dev
    except OSError:
        return False
