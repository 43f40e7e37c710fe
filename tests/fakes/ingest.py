"""A ledger in memory, and a rig that moves a watcher through scripted time over real folders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from fakes.clock import FakeClock, settle
from fakes.waiting import PATIENCE, until
from stationmaster.config.schema import WatchFolder
from stationmaster.errors import SpoolError
from stationmaster.ingest import tree
from stationmaster.ingest.claim import Claim, Outcome
from stationmaster.ingest.watcher import Watcher
from stationmaster.model import Lane, ProblemCode
from stationmaster.spool.record import LedgerRow, LedgerState

NOW = FakeClock().now().timestamp()


class FakeLedger:
    """The spool's ledger, as far as the watcher needs it."""

    def __init__(self, rows: Iterable[LedgerRow] = ()) -> None:
        self.rows = list(rows)
        self.forgotten: list[Path] = []
        self.failures = 0

    async def ledger(self, folder: str) -> AsyncIterator[list[LedgerRow]]:
        """Rows in slices of two."""
        self._fail()
        rows = [row for row in self.rows if row.folder == folder]
        for start in range(0, len(rows), 2):
            yield rows[start : start + 2]

    async def forget(self, folder: str, gone: Iterable[Path]) -> None:
        """Forget, and note what was to be forgotten."""
        self._fail()
        paths = list(gone)
        self.forgotten += paths
        self.rows = [row for row in self.rows if row.folder != folder or row.path not in paths]

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise SpoolError("The spool cannot be used now.")


def row_of(folder: Path, path: Path, *, resume: bytes | None = None) -> LedgerRow:
    """The row of a file, or of a folder that is one source, that was taken as it is now."""
    seen = path.stat()
    size, mtime_ns = tree.look(path) if tree.is_tree(path) else (seen.st_size, seen.st_mtime_ns)
    return LedgerRow(
        source_id=1, path=path, folder=str(folder), size=size, mtime_ns=mtime_ns, digest="00",
        state=LedgerState.TAKEN, released=True, after="keep", place=path, resume=resume, converter="wsjf",
        lane=Lane.LIVE, taken_at=FakeClock().now(),
    )  # fmt: skip


class Rig:
    """A watcher on real folders and scripted time, without the file system watch."""

    def __init__(
        self,
        folders: Sequence[WatchFolder],
        ledger: Any = None,
        *,
        clock: FakeClock | None = None,
        **settings: Any,
    ) -> None:
        self.clock = clock or FakeClock()
        self.ledger = ledger or FakeLedger()
        self.watcher = Watcher(folders, self.ledger, self.clock, instance="line-1", **settings)
        self._count = len(folders)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.watcher.run())
        await self.quiet()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def quiet(self) -> None:
        """Until every folder's task waits for time to pass."""
        await settle()
        await until(lambda: self.clock.sleeping >= self._count or self._task is None or self._task.done())
        if self._task is not None and self._task.done():
            self._task.result()

    async def go(self, seconds: float, step: float = 0.1) -> None:
        """Let time pass; everybody does all there is to do whenever somebody wakes, and at each step."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 1e-9:
            await self.clock.advance(min(left, step, self._until_next()))
            await self.quiet()

    def _until_next(self) -> float:
        due = [at for at, _, future in self.clock._sleepers if not future.done()]
        return max(1e-6, min(due) - self.clock._elapsed) if due else PATIENCE

    async def scan(self) -> None:
        """Scan now, then let what was found come to rest."""
        self.watcher.nudge()
        await self.quiet()
        await self.go(1.2)

    def take(self) -> list[Claim]:
        """All that can be claimed now."""
        claims = []
        while (claim := self.watcher._next()) is not None:
            claims.append(claim)
        return claims

    def names(self, outcome: Outcome = Outcome.CONVERTED) -> list[str]:
        """Claim all there is, and deal with it; the file names."""
        claims = self.take()
        for claim in claims:
            self.watcher.done(claim, outcome)
        return sorted(claim.state.path.name for claim in claims)


def folder_at(path: Path, **settings: Any) -> WatchFolder:
    """A watch folder with settle time 1 s."""
    return WatchFolder(path=str(path), converters=("wsjf",), **settings)


def write(path: Path, text: str = "x", *, age: float | None = 1.0) -> Path:
    """Write a file of that age, by the rig's clock; None: of now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if age is not None:
        os.utime(path, (NOW - age - 0.4, NOW - age - 0.4))  # whole seconds mean a coarse clock
    return path


def codes(rig: Rig) -> list[ProblemCode]:
    """The Problems of now."""
    return [problem.code for problem in rig.watcher.problems()]
