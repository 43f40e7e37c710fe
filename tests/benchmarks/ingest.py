"""Watch folders: a burst of 60,000 files, a folder with 100,000 known ones, the delay of one new file.

`python tests/benchmarks/ingest.py`: prints name, figure, limit and ok; exits 1 on a missed limit.
"""

from __future__ import annotations

import asyncio
import math
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import row as rows
from stationmaster.clock import Clock
from stationmaster.config.schema import WatchFolder
from stationmaster.ingest.access import make_files
from stationmaster.ingest.claim import Ledger, Outcome
from stationmaster.ingest.files import Files, LocalFiles
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.scan import Selection
from stationmaster.ingest.settle import Stat
from stationmaster.ingest.wakeup import WakeUp
from stationmaster.ingest.watcher import Watcher
from stationmaster.model import Lane
from stationmaster.spool.record import LedgerRow, LedgerState

BURST = 60_000
KNOWN = 100_000
WATCHED_S = 30.0
SETTLE = 0.5
ROUNDS = 60
SCANS = 15


class Rows:
    """A ledger that knows these files."""

    def __init__(self, folder: Path, names: Iterable[str] = ()) -> None:
        self._folder = folder
        self._names = list(names)

    async def ledger(self, folder: str) -> AsyncIterator[list[LedgerRow]]:
        """Rows of empty files, in slices."""
        for start in range(0, len(self._names), 2_000):
            yield [self._row(folder, self._folder / name) for name in self._names[start : start + 2_000]]
            await asyncio.sleep(0)

    async def forget(self, folder: str, gone: Iterable[Path]) -> None:
        """Not needed here."""

    def _row(self, folder: str, path: Path) -> LedgerRow:
        return LedgerRow(
            source_id=1, path=path, folder=folder, size=0, mtime_ns=path.stat().st_mtime_ns, digest="",
            state=LedgerState.TAKEN, released=True, after="keep", place=path, resume=None, converter="wsjf",
            lane=Lane.LIVE, taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip


class Looks(LocalFiles):
    """Notes when each file was looked at."""

    looked: dict[str, float]

    async def stats(self, names: list[str]) -> list[Stat | None]:
        """Note the looks."""
        found = await super().stats(names)
        self.looked.update(dict.fromkeys(names, time.monotonic()))
        return found


@asynccontextmanager
async def _running(folder: Path, ledger: Ledger, looks: list[Looks] | None = None) -> AsyncIterator[Watcher]:
    """A watcher with the agent's file system watch."""

    def make(root: str, selection: Selection, *, child: bool) -> Files:
        if looks is None or child:
            return make_files(root, selection, child=child)
        made = Looks(root, selection, copier=lambda: make(root, selection, child=True))
        made.looked = {}
        looks.append(made)
        return made

    clock = Clock()
    wakeup = WakeUp(clock)
    settings = WatchFolder(path=str(folder), converters=("wsjf",), settle=SETTLE)
    watcher = Watcher([settings], ledger, clock, wakeup=wakeup, make=make)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wakeup.run()), group.create_task(watcher.run())]
        while not watcher.idle:  # noqa: ASYNC110 - it is level-triggered: there is no event for it
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)  # the watch stands
        yield watcher
        for task in tasks:
            task.cancel()


def _create(folder: Path, count: int, stem: str) -> list[str]:
    names = [f"{stem}-{number:06d}.xml" for number in range(count)]
    for name in names:
        os.close(os.open(folder / name, os.O_CREAT | os.O_WRONLY))
    return names


async def _burst(folder: Path) -> tuple[int, int, float]:
    """Files missed, files offered twice, seconds until the last claim."""
    async with _running(folder, Rows(folder)) as watcher:
        began = time.perf_counter()
        names = await asyncio.to_thread(_create, folder, BURST, "burst")
        seen: list[str] = []
        try:
            while len(seen) < BURST:
                async with asyncio.timeout(20):
                    claim = await watcher.claim()
                if claim is None:
                    break
                seen.append(claim.state.path.name)
                watcher.done(claim, Outcome.CONVERTED)
        except TimeoutError:
            pass
        return len(set(names) - set(seen)), len(seen) - len(set(seen)), time.perf_counter() - began


async def _known(folder: Path) -> tuple[float, float, float]:
    """Milliseconds of a scan of names, longest seconds without a look at a file, CPU per cent meanwhile."""
    names = _create(folder, KNOWN, "known")
    looks: list[Looks] = []
    async with _running(folder, Rows(folder, names), looks):
        looks[0].looked.clear()
        began, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(WATCHED_S)
        busy = (time.process_time() - cpu) / WATCHED_S * 100
        now, looked = time.monotonic(), looks[0].looked
        oldest = max(now - looked[name] if looked.get(name, 0.0) >= began else math.inf for name in names)
    return await _scan_ms(folder, names), oldest, busy


async def _scan_ms(folder: Path, names: list[str]) -> float:
    """Milliseconds of a whole scan with nothing new, one after the other: the median."""
    known, taken = KnownFiles(), []
    for name in names:
        known.settle(name, Stat(0, 0))
    files = LocalFiles(str(folder), Selection(), copier=lambda: files)
    for _ in range(SCANS):
        began, done = time.perf_counter(), False
        restart = True
        while not done:
            part = await files.names(known, restart=restart)
            done, restart = part.done, False
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


async def _delay(folder: Path) -> tuple[float, float]:
    """Milliseconds from a file's end to its claim beyond the settle time: median, 99th of 100."""
    async with _running(folder, Rows(folder)) as watcher:
        found = []
        for number in range(ROUNDS):
            (folder / f"{number}.xml").write_text("x", encoding="utf-8")
            closed = time.perf_counter()
            claim = await watcher.claim()
            found.append((time.perf_counter() - closed - SETTLE) * 1000)
            if claim is not None:
                watcher.done(claim, Outcome.CONVERTED)
        return statistics.median(found), statistics.quantiles(found, n=100)[98]


async def main() -> int:
    """Run all three; 1 when a limit was missed."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    with tempfile.TemporaryDirectory() as temp:
        folders = [Path(temp, name) for name in ("burst", "known", "delay")]
        for folder in folders:
            folder.mkdir()
        p50, p99 = await _delay(folders[2])
        missed, twice, seconds = await _burst(folders[0])
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        scan, look, busy = await _known(folders[1])
    print(f"ingest: the burst was taken in {seconds:.1f} s with at most {rss:.0f} MB in all")
    print(f"ingest: {KNOWN} known files take {busy:.1f} % of a core")
    found = (
        rows.INGEST_P50.tell(p50),
        rows.INGEST_P99.tell(p99),
        rows.INGEST_MISSED.tell(missed),
        rows.INGEST_TWICE.tell(twice),
        rows.INGEST_SCAN.tell(scan),
        rows.INGEST_LOOK.tell(look),
    )
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
