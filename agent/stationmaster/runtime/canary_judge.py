"""What a canary makes of a file, compared with what the live converter made of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.canary import MOST_VALUES, CanaryValue, Judged, Verdict
from stationmaster.clock import Clock
from stationmaster.convert.attempt import ConvertLimits
from stationmaster.convert.canary_child import ROOM
from stationmaster.convert.job import Conversion, Failed, Job, NotYet, Outcome
from stationmaster.convert.pool import ConverterPool
from stationmaster.convert.slot import Slots
from stationmaster.file_name import to_wire
from stationmaster.runtime.canary_store import CanaryStore
from stationmaster.worker.error import ChildError
from stationmaster.worker.process import ChildProcess

CHILD, WORKER = "stationmaster.convert.canary_child", "stationmaster.convert.canary_worker"

MOST_REPORTS = 1000
"""So many reports of a file are compared; beyond that their number alone."""
COMPARE_SECONDS, COMPARE_MB = 30.0, 1024
MOST_LEFT = 512 * 1024 * 1024
"""Bytes that all its files in its workers' folder may have; what it makes of the file counts."""
LOOK_EVERY = 1.0
"""Seconds between two looks at that during a conversion; there is one after it, too."""

_SKIPPED = {"busy", "changed", "vanished", "full", "unstored"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy that waits for the canary.

    Attributes:
        canary: id of the canary that it is for.
        name: of the file, as its tester wrote it.
        folder: all that was kept lies in it; `live` in it has the live payloads.
        job: to convert the copy.
        live: what the live converter made of it; its own files are gone.
        spans: offset and size of the first payloads.
        count: how many there are.
    """

    canary: str
    name: str
    folder: Path
    job: Job
    live: Conversion
    spans: tuple[tuple[int, int], ...]
    count: int


class CanaryJudge:
    """Converts one file at a time, in workers of its own: what they meet is no Problem of the instance."""

    def __init__(
        self, instance: str, store: CanaryStore, *, limits: ConvertLimits, slots: Slots, clock: Clock
    ) -> None:
        """No process runs yet."""
        self._instance = instance
        self._store = store
        self._limits = limits
        self._slots = slots
        self._clock = clock
        self._pool: tuple[str, ConverterPool] | None = None
        """Its workers, with the id of the canary that they belong to."""
        self._comparer = ChildProcess(CHILD, memory_mb=COMPARE_MB)

    @property
    def runs(self) -> bool:
        """There are processes to end."""
        return self._pool is not None or self._comparer.alive

    async def aclose(self) -> None:
        """End its processes; what one is at is given up. Idempotent."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool[1].aclose()
        await self._comparer.aclose()

    async def judge(self, kept: Kept) -> Judged:
        """Convert the copy, compare what comes of it; trouble with the canary is an answer."""
        began = self._clock.monotonic()
        pool = await self._pool_of(kept.canary)
        outcome = await self._converted(pool, kept.job)
        waited = self._clock.monotonic() - began
        match outcome:
            case NotYet() if outcome.reason in _SKIPPED:
                return Judged(verdict=Verdict.SKIPPED, text=outcome.text or outcome.reason)
            case NotYet():
                refused = outcome.reason == "incomplete"
                return _without(kept, outcome.text, waited, fault=not refused)
            case Failed():
                return _without(kept, outcome.reason, waited, fault=outcome.fault)
            case Conversion():
                try:
                    return await self._compared(kept, outcome)
                finally:
                    outcome.discard()

    async def _converted(self, pool: ConverterPool, job: Job) -> Outcome:
        """Its end, or that of the room that it may take: its workers' folder is on the spool's disk."""
        converting = asyncio.ensure_future(pool.convert(job))
        full: Outcome | None = None
        try:
            while full is None and not converting.done():
                await asyncio.wait({converting}, timeout=LOOK_EVERY)
                full = await asyncio.to_thread(_full, self._store.work, job)
        finally:
            if not converting.done():
                converting.cancel()
            await asyncio.wait({converting})
        if full is None:
            return converting.result()
        await self.aclose()
        await asyncio.to_thread(shutil.rmtree, self._store.work, ignore_errors=True)
        return full

    async def _compared(self, kept: Kept, new: Conversion) -> Judged:
        spans = [(meta.offset, meta.size) for meta in islice(new.reports, MOST_REPORTS)]
        live = kept.folder / "live" if kept.live.results else None
        message = {
            "op": "compare",
            "old": _side(live, kept.spans, kept.count),
            "new": _side(new.results, spans, len(new.reports)),
            "most": MOST_VALUES,
        }
        try:
            await self._comparer.start()
            answer = await self._comparer.request(message, COMPARE_SECONDS)
        except ChildError as error:
            return Judged(verdict=Verdict.SKIPPED, text=f"The reports cannot be compared: {error.text}")
        return Judged(
            verdict=Verdict.DIFFERENT if answer["count"] else Verdict.SAME,
            values=msgspec.convert(answer["values"], tuple[CanaryValue, ...]),
            count=answer["count"],
            reader=kept.live.reader,
            seconds=new.seconds,
            beside_seconds=kept.live.seconds,
            grows=new.resume is not None or kept.live.resume is not None,
        )

    async def _pool_of(self, number: str) -> ConverterPool:
        if self._pool is not None and self._pool[0] == number:
            return self._pool[1]
        if self._pool is not None:
            await self._pool[1].aclose()
        pool = ConverterPool(
            self._instance,
            folder=self._store.code,
            temp=self._store.work,
            limits=self._limits,
            slots=self._slots,
            clock=self._clock,
            slow_seconds=0.0,  # it waits for a core like batch work, and gives it to others at once
            module=WORKER,
        )
        self._pool = (number, await pool.__aenter__())
        return pool


def _full(folder: Path, job: Job) -> Outcome | None:
    """What to say of a conversion that leaves too much in its folder, or no room beside it."""
    left = 0
    for top, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # gone meanwhile
                left += os.lstat(os.path.join(top, name)).st_size  # noqa: PTH118 - as os.walk has it
    if left > MOST_LEFT:
        text = f"It left more than {MOST_LEFT >> 20} MB of files in its working folder."
        return Failed(converter=job.converters[0], reason=text, fault=True)
    with contextlib.suppress(OSError):  # it was stopped meanwhile
        if left and shutil.disk_usage(folder).free < ROOM:
            return NotYet(reason="full", text="There is too little room on the disk.")
    return None


def _side(file: Path | None, spans: Sequence[tuple[int, int]], reports: int) -> dict[str, Any]:
    return {"file": to_wire(file) if file else "", "spans": list(spans), "count": reports}


def _without(kept: Kept, text: str, seconds: float, *, fault: bool) -> Judged:
    return Judged(
        verdict=Verdict.FAILED if fault else Verdict.REFUSED,
        text=text.replace(f"{kept.job.path.parent}{os.sep}", ""),
        reader=kept.live.reader,
        seconds=seconds,
        beside_seconds=kept.live.seconds,
        grows=kept.live.resume is not None,
    )
