"""A watch folder that may hang: all is done in a child process with a deadline."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.clock import Clock
from stationmaster.file_name import from_wire, to_wire
from stationmaster.ingest.files import DEADLINE, FolderHangsError, Names
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.release import Release, Released
from stationmaster.ingest.scan import Selection
from stationmaster.ingest.settle import Stat
from stationmaster.ingest.wire import release_to_wire, released_from_wire, selection_to_wire
from stationmaster.sentence import closed
from stationmaster.worker.error import ChildError, ChildHandlerError
from stationmaster.worker.process import ChildProcess

MODULE = "stationmaster.ingest.child"
CHILD_NAMES = 4_000
"""Names in one answer of the child: no more than fit into one message."""

RELEASE_DEADLINE = 60.0
"""Seconds for a release, which may have to flush a slow disk."""

STUCK = 3
STUCK_FOR = 600.0
"""A child that waits for a dead server cannot even be killed: no more than so many in so many seconds."""

BYTES_PER_SECOND = 1_000_000
"""A copy may take as long as it takes at this rate, on top of its deadline."""


class ChildFiles:
    """Each call has a deadline; past it the child is killed, and the next call starts another."""

    def __init__(
        self,
        root: str,
        selection: Selection,
        *,
        deadline: float = DEADLINE,
        child: Callable[[str], ChildProcess] = ChildProcess,
        clock: Clock | None = None,
        is_there: Callable[[int], bool] | None = None,
    ) -> None:
        """Nothing is started yet.

        Args:
            is_there: does a process still exist?
        """
        self._root = root
        self._head = {"root": to_wire(root), "selection": selection_to_wire(selection)}
        self._deadline = deadline
        self._child = child(MODULE)
        self._turn = asyncio.Lock()
        self._clock = clock or Clock()
        self._is_there = is_there or _is_there
        self._stuck: dict[int, float] = {}

    @property
    def pid(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._child.pid

    async def names(self, known: KnownFiles, *, restart: bool) -> Names:
        """The next slice; the child names all, what is known is left out here."""
        answer = await self._ask("names", {"restart": restart, "limit": CHILD_NAMES}, self._deadline)
        names = msgspec.convert(answer, Names)
        return msgspec.structs.replace(
            names,
            found=[name for name in map(from_wire, names.found) if name not in known.names],
            hidden=list(map(from_wire, names.hidden)),
            unreadable=[(from_wire(name), reason) for name, reason in names.unreadable],
            unmarked=[(from_wire(name), state) for name, state in names.unmarked],
        )

    async def stats(self, names: list[str]) -> list[Stat | None]:
        """Size and mtime of each."""
        answer = await self._ask("stats", {"names": list(map(to_wire, names))}, self._deadline)
        return [None if each is None else Stat(*each) for each in answer["stats"]]

    async def resolve(self) -> str:
        """The folder's real path."""
        return from_wire((await self._ask("resolve", {}, self._deadline))["path"])

    async def is_written(self, path: Path) -> bool | None:
        """A file server does not tell who writes at the other end."""
        del path
        return None

    async def release(self, job: Release) -> Released:
        """In the child; a large copy has more time."""
        seconds = max(self._deadline, RELEASE_DEADLINE) + job.size / BYTES_PER_SECOND
        return released_from_wire(await self._ask("release", {"job": release_to_wire(job)}, seconds))

    async def put_back(self, name: str) -> None:
        """Give a hidden file its name back."""
        await self._ask("put_back", {"name": to_wire(name)}, self._deadline)

    async def aclose(self) -> None:
        """End the child. Idempotent."""
        await self._child.aclose()

    async def _ask(self, op: str, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        pid: int | None = None
        async with self._turn:
            self._check_stuck()
            try:
                await self._child.start()
                pid = self._child.pid
                return await self._child.request({"op": op, **self._head, **message}, seconds)
            except ChildHandlerError as error:
                if error.errno is None:
                    raise
                raise OSError(error.errno, os.strerror(error.errno), self._root) from error
            except ChildError as error:
                if pid is not None and self._is_there(pid):
                    self._stuck[pid] = self._clock.monotonic()
                raise FolderHangsError(closed(f"The folder {self._root} does not answer: {error}")) from error

    def _check_stuck(self) -> None:
        """Start no further child while several wait for the same dead server."""
        now = self._clock.monotonic()
        self._stuck = {
            pid: since
            for pid, since in self._stuck.items()
            if now - since < STUCK_FOR and self._is_there(pid)
        }
        if len(self._stuck) >= STUCK:
            raise FolderHangsError(f"The folder {self._root} does not answer: {STUCK} processes wait for it.")


def _is_there(pid: int) -> bool:
    """Does a child that was killed still exist? Windows ends them at once."""
    if sys.platform == "win32":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
