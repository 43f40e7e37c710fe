"""A canary beside the live converter: what it would make of the files that were just taken.

It must never endanger or delay what it watches. It gets a private copy of a file, made within a bounded time
by a process that can be killed, after the reports are committed and before the file is released; where that
cannot be done the file is skipped. It converts in workers of its own, one file at a time, and nothing of it
reaches the spool. See docs/adr/0014-canary.md.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any

from stationmaster.canary import Canary, CanaryStatus, Judged, Verdict
from stationmaster.clock import Clock
from stationmaster.convert.attempt import ConvertLimits
from stationmaster.convert.job import Conversion, Job
from stationmaster.convert.slot import Slots
from stationmaster.errors import StationmasterError
from stationmaster.file_name import from_wire, shown, to_wire
from stationmaster.log import Lasting, bound
from stationmaster.model import Lane, SourceState
from stationmaster.runtime.canary_judge import CHILD, MOST_REPORTS, CanaryJudge, Kept
from stationmaster.runtime.canary_store import CanaryStore
from stationmaster.runtime.intake import Setting
from stationmaster.runtime.task import Task
from stationmaster.sentence import closed
from stationmaster.worker.error import ChildError
from stationmaster.worker.process import ChildProcess

_LOG = logging.getLogger(__name__)
QUEUE = 8
"""So many files wait for the canary, or are being copied for it; the next one is skipped."""
PATIENCE = 2.0
"""Seconds that the release of a file waits for its copy at most."""
REST = 30.0
"""Seconds in which nothing is copied after one copy was too slow: its share hangs. They double each time,"""
MOST_REST = 600.0
"""up to these."""
MOST_BYTES = 64 * 1024 * 1024
"""A larger file, or one with larger reports, is skipped."""
SAVE_EVERY = 15.0
"""Seconds after which what was skipped is written down; what was compared is at once."""


class _SkippedError(Exception):
    """Inside this module: why there is no copy of a file, in words."""


class CanaryRun:
    """The canary of one instance, if it has one. `run` lives until cancelled and never raises."""

    def __init__(
        self,
        setting: Setting,
        store: CanaryStore,
        *,
        limits: ConvertLimits,
        slots: Slots,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        """There is no canary before `run` has read the file.

        Args:
            limits: of its conversions, as of the live ones.
            slots: shared by all instances.
            changed: called when `status` is another one.
        """
        self._setting = setting
        self._store = store
        self._clock = clock
        self._changed = changed
        self._log = bound(_LOG, setting.name)
        self._lasting = Lasting(self._log)
        self._canary: Canary | None = None
        self._written: Canary | None = None
        self._judging = CanaryJudge(setting.name, store, limits=limits, slots=slots, clock=clock)
        self._copier = ChildProcess(CHILD)
        self._copying = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._opened = False
        self._waiting: deque[Kept] = deque()
        self._under_way = 0
        """Files that are being copied or converted."""
        self._numbers = count(1)
        self._rest, self._rests_until = REST, float("-inf")
        self._news = asyncio.Event()

    # ---------------------------------------------------------------- what it says, and orders
    @property
    def canary(self) -> Canary | None:
        """The canary, or the last one."""
        return self._canary

    def status(self) -> CanaryStatus | None:
        """For the snapshot."""
        return self._canary.status() if self._canary else None

    async def open(self) -> None:
        """Read what was written down, once: before that nobody knows whether a canary runs.

        Raises:
            ConfigError: the folder for files cannot be made.
        """
        async with self._opening:
            if not self._opened:
                found = await asyncio.to_thread(self._store.open)
                self._opened = True
                if found is not None and self._canary is None:
                    self._written = found
                    self._set(found)

    async def begin(self, canary: Canary) -> None:
        """Another canary; its code lies in the store's folder.

        Raises:
            ConfigError: the folder cannot be written.
        """
        await asyncio.to_thread(self._store.sweep)
        await asyncio.to_thread(self._store.write, canary)
        self._rest, self._rests_until = REST, float("-inf")
        self._set(canary)
        self._written = canary
        where = f"{canary.converter} version {canary.version} beside {canary.beside}"
        self._log.info("canary: %s, for %d files", where, canary.files)

    async def put(self, canary: Canary) -> None:
        """The same canary, otherwise: ended, or promoted.

        Raises:
            ConfigError: it cannot be written down; it is so all the same, until the agent ends.
        """
        self._set(canary)
        if not canary.running:
            await self._end()
        await asyncio.to_thread(self._store.write, canary)
        self._written = canary

    def _set(self, canary: Canary) -> None:
        self._canary = canary
        self._changed()

    # ---------------------------------------------------------------- the live side
    async def keep(self, task: Task, result: Conversion) -> None:
        """Take a copy of a file whose reports are committed, within `PATIENCE`; trouble is no matter here."""
        canary = self._canary
        if canary is None or not self._wants(canary, task, result):
            return
        waiting = len(self._waiting) + self._under_way
        if canary.compared + waiting >= canary.files:
            return
        name = shown(self._setting.places.origin(task.state.path).name)
        why = self._why_not(task, waiting)
        if why:
            grows = task.resume is not None
            self._judge(canary.id, Judged(verdict=Verdict.SKIPPED, text=why, grows=grows), name)
            return
        folder = self._store.kept / f"{next(self._numbers)}"
        self._under_way += 1
        kept = None
        try:
            kept = await self._copied(canary, task, result, folder)
        except _SkippedError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is: the live file goes on
            why = closed(f"It could not be kept: {error}")
            self._lasting.met("keep", f"canary: a file could not be kept for it: {error}")
        finally:
            self._under_way -= 1
            if kept is not None and self._runs(canary.id):
                self._waiting.append(kept)
                self._news.set()
            else:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if kept is None:
            self._judge(canary.id, Judged(verdict=Verdict.SKIPPED, text=why), name)

    def _why_not(self, task: Task, waiting: int) -> str:
        """Why nothing is copied of this file, "" where it is tried."""
        if task.resume is not None:
            return "It grew, and the live converter read only what was new."
        if waiting >= QUEUE:
            return f"{QUEUE} files waited for the canary already."
        if self._clock.monotonic() < self._rests_until:
            return "A file before it could not be copied in time, so nothing was copied for a while."
        return ""

    def _wants(self, canary: Canary, task: Task, result: Conversion) -> bool:
        if not canary.running or result.converter != canary.beside:
            return False
        place = Path(task.folder.path)
        fetched = place.parent.name if place.parent.parent == self._setting.places.fetched else None
        return not canary.sources or task.folder.path in canary.sources or fetched in canary.sources

    async def _copied(self, canary: Canary, task: Task, result: Conversion, folder: Path) -> Kept:
        """The copy.

        Raises:
            _SkippedError: there is none.
        """
        metas = list(islice(result.reports, MOST_REPORTS))
        if sum(meta.size for meta in metas) > MOST_BYTES:
            raise _SkippedError(f"Its reports have more than {MOST_BYTES >> 20} MB.")
        message = {
            "op": "keep",
            "source": to_wire(task.path),
            "into": to_wire(folder),
            "results": to_wire(result.results) if result.results else "",
            "is_folder": bool(task.folder.marker),
            "most": MOST_BYTES,
        }
        try:
            async with asyncio.timeout(PATIENCE), self._copying:
                await self._copier.start()
                answer = await self._copier.request(message, PATIENCE)
        except (TimeoutError, ChildError) as error:
            self._pause(str(error) or "no time")
            raise _SkippedError(f"It could not be copied within {PATIENCE:g} s.") from error
        self._rest = REST
        trouble = answer.get("trouble")
        if trouble is None and answer["digest"] != result.digest:
            trouble = "It is another one since it was converted."
        if trouble is not None:
            self._lasting.met("keep", f"canary: {task.path} is not kept for it. {trouble}")
            raise _SkippedError(trouble)
        self._lasting.over("keep", "canary: files are kept for it again")
        copy = Path(from_wire(answer["path"]))
        state = SourceState(path=copy, size=answer["size"], mtime_ns=answer["mtime_ns"])
        return Kept(
            canary=canary.id,
            name=shown(self._setting.places.origin(task.state.path).name),
            folder=folder,
            job=self._job(canary, task, state),
            live=result,
            spans=tuple((meta.offset, meta.size) for meta in metas),
            count=len(result.reports),
        )

    def _pause(self, why: str) -> None:
        """Several files may wait for one share: that is one pause."""
        now = self._clock.monotonic()
        if now >= self._rests_until:
            self._rests_until = now + self._rest
            self._lasting.met("keep", f"canary: nothing is kept for it for {self._rest:g} s: {why}")
            self._rest = min(2 * self._rest, MOST_REST)

    def _job(self, canary: Canary, task: Task, state: SourceState) -> Job:
        return Job(
            path=state.path,
            origin=self._setting.places.origin(task.state.path),
            state=state,
            converters=(canary.converter,),
            options=_options(task.folder.options, canary),
            station=self._setting.station,
            instance_id=self._setting.instance_id,
            lane=Lane.BATCH,
            is_folder=bool(task.folder.marker),
            marker=task.folder.marker,
            ask=len(task.folder.converters) > 1,
        )

    # ---------------------------------------------------------------- the canary's side
    async def run(self) -> None:
        """Convert what was kept, one file at a time, until cancelled."""
        try:
            await self._guarded("open", self.open)
            while True:
                await self._clock.wait(self._news, SAVE_EVERY)
                self._news.clear()
                while self._waiting:
                    await self._guarded("convert", self._next)
                await self._guarded("save", self._save)
        finally:
            await self._guarded("save", self._save)
            await self._end()

    async def _guarded(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except StationmasterError as error:
            self._lasting.met(name, f"canary: {error}")
        except Exception as error:  # noqa: BLE001 - a bug here must not end the instance
            self._log.error("canary: a bug", exc_info=error)
        else:
            self._lasting.over(name, "canary: all is well again")

    async def _save(self) -> None:
        canary = self._canary
        if canary is None:
            return
        if not canary.running and (self._judging.runs or self._copier.alive):
            await self._end()
        if canary != self._written:
            await asyncio.to_thread(self._store.write, canary)
            self._written = canary

    async def _next(self) -> None:
        kept = self._waiting.popleft()
        self._under_way += 1
        judged = Judged(verdict=Verdict.SKIPPED)
        try:
            if self._runs(kept.canary):
                judged = await self._judging.judge(kept)
            if judged.verdict is Verdict.SKIPPED and judged.text:
                self._lasting.met("skipped", f"canary: {kept.name} is skipped. {judged.text}")
        finally:
            self._under_way -= 1
            self._judge(kept.canary, judged, kept.name)
            await asyncio.to_thread(shutil.rmtree, kept.folder, ignore_errors=True)
        await self._save()

    def _runs(self, number: str) -> bool:
        return self._canary is not None and self._canary.id == number and self._canary.running

    def _judge(self, number: str, judged: Judged, name: str) -> None:
        """Count a file; of a canary that is over nothing is counted any more."""
        canary = self._canary
        if canary is None or not self._runs(number):
            return
        self._set(after := canary.counted(judged, name, self._clock.now()))
        if not after.running:
            told = f"{after.same} same, {after.different} different, {after.failed} failed"
            self._log.info(
                "canary: %s version %s has seen its %d files: %s, %d refused, %d skipped",
                *(after.converter, after.version, after.files, told, after.refused, after.skipped),
            )

    async def _end(self) -> None:
        """End its processes, remove what waits."""
        self._waiting.clear()
        await asyncio.gather(self._judging.aclose(), self._copier.aclose())
        await asyncio.to_thread(self._store.clear)


def _options(options: Mapping[str, Mapping[str, Any]], canary: Canary) -> dict[str, Mapping[str, Any]]:
    """Its own where the folder has some; else those of the live one, which it is to take the place of."""
    name = canary.converter if canary.converter in options else canary.beside
    return {canary.converter: options[name]} if name in options else {}
