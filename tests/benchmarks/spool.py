"""The spool alone: reports a flush, the cost of leasing and acking, and a million reports in the queue.

`python tests/benchmarks/spool.py`: prints name, figure, limit and ok; exits 1 on a missed limit.
The disk's own rate is measured first: a small append and its flush, one after the other.
"""

from __future__ import annotations

import asyncio
import math
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no annotations

from benchmarks import row as rows
from fakes.spooled import source_of, write_results
from stationmaster.clock import Clock
from stationmaster.spool import Spool, Storage

FLUSH_MS = 0.4
"""The flush that the limit of reports a second is for; on another disk it is that much higher or lower."""

SIZE = 4000
MILLION = 1_000_000
DRAINED = 1000
PAIRS = 7
SLOTS = 16


def fsync_seconds(folder: Path) -> float:
    """What the disk needs for a small durable append."""
    times = []
    with (folder / "flush").open("ab", buffering=0) as file:
        for _ in range(200):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


async def ingest(folder: Path) -> tuple[float, float]:
    """100 source files at a time, one report each: reports a commit, and reports a second."""
    async with (
        Storage() as storage,
        await Spool.open(folder / "ingest.db", instance="bench", storage=storage, clock=Clock()) as spool,
    ):
        content = b"x" * SIZE

        async def station(number: int) -> None:
            results = folder / f"results{number}"
            for turn in range(40):
                metas = write_results(results, [f"{number}.{turn}"], payloads=[content])
                await spool.take(source_of(f"/in/{number}.{turn}"), metas, results)

        begun = time.perf_counter()
        await asyncio.gather(*(station(number) for number in range(100)))
        took = time.perf_counter() - begun
        return 4000 / spool.commits, 4000 / took


async def drain(spool: Spool, count: int) -> tuple[float, float]:
    """Lease and ack as the uploader does; reports a second, and CPU milliseconds a report."""
    begun, cpu = time.perf_counter(), time.process_time()
    done = 0
    last: asyncio.Future[None] | None = None
    while done < count:
        leases = await spool.lease(min(SLOTS, count - done))
        for lease in leases:
            last = lease.ack('{"status":"OK"}')
        await asyncio.sleep(0)
        done += len(leases)
    if last is not None:
        await last
    return count / (time.perf_counter() - begun), (time.process_time() - cpu) / count * 1000


def make(path: Path, count: int) -> None:
    """A spool with `count` reports queued, written directly: this is not what is measured."""
    asyncio.run(_create(path))
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("BEGIN")
    now = int(time.time() * 1e6)
    content = b"x" * 500
    for first in range(1, count + 1, 10_000):
        ids = range(first, min(first + 10_000, count + 1))
        db.executemany(
            "INSERT INTO entry(id, kind, report_id, state, lane, serial_number, serial_key, part_number,"
            " result, start, converter, size, digest, stored, created_at, updated_at)"
            " VALUES(?,'report',?,'queued','live',?,?,'PN','P','2026-01-01T00:00:00','wsjf',500,?,1,?,?)",
            ((n, str(uuid.uuid4()), f"SN{n}", f"sn{n}", uuid.uuid4().hex * 2, now, now) for n in ids),
        )
        db.executemany("INSERT INTO payload VALUES(?,?)", ((n, content) for n in ids))
    db.execute("COMMIT")
    db.close()


async def _create(path: Path) -> None:
    async with Storage() as storage:
        await (await Spool.open(path, instance="bench", storage=storage, clock=Clock())).aclose()


async def backlog(path: Path) -> None:
    """In a process of its own: open a spool, drain some of it, look a unit up, print what it took."""
    async with Storage() as storage:
        begun = time.perf_counter()
        spool = await Spool.open(path, instance="bench", storage=storage, clock=Clock())
        opened = time.perf_counter() - begun
        rate, cpu = await drain(spool, DRAINED)
        begun = time.perf_counter()
        found = await spool.find("Sn900")
        looked_up = time.perf_counter() - begun
        rss = psutil.Process().memory_info().rss / 1024 / 1024
        await spool.aclose()
    print(opened, rss, rate, cpu, looked_up if found else math.inf)


def measure(path: Path) -> list[float]:
    """Run `backlog` in a fresh process: seconds to open, MB, reports/s, CPU ms a report, seconds to find."""
    done = subprocess.run(
        [sys.executable, __file__, "backlog", str(path)], stdout=subprocess.PIPE, check=True
    )
    return [float(word) for word in done.stdout.split()]


def compare(folder: Path) -> list[list[float]]:
    """The million against a thousand, in turns; the medians of the million, then of the thousand."""
    make(folder / "million.db", MILLION)
    rows: tuple[list[list[float]], list[list[float]]] = ([], [])
    for turn in range(PAIRS):
        small = folder / f"thousand{turn}.db"
        make(small, DRAINED)
        rows[0].append(measure(folder / "million.db"))
        rows[1].append(measure(small))
    return [[statistics.median(column) for column in zip(*group, strict=True)] for group in rows]


def main() -> int:
    """Print the rows; 1 when a limit was missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flush = fsync_seconds(folder) * 1000
        group, rate = asyncio.run(ingest(folder))
        big, small = compare(folder)
    found = (
        rows.SPOOL_FLUSH.tell(flush),
        rows.SPOOL_GROUP.tell(group),
        rows.SPOOL_RATE.tell(rate * max(1.0, flush / FLUSH_MS)),
        rows.SPOOL_CPU.tell(small[3]),
        rows.SPOOL_OPEN.tell(big[0]),
        rows.SPOOL_MEMORY.tell(big[1]),
        rows.SPOOL_FIND.tell(big[4]),
        rows.SPOOL_DRAIN.tell(big[2] / small[2]),
    )
    return 0 if all(found) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["backlog"]:
        asyncio.run(backlog(Path(sys.argv[2])))
    else:
        sys.exit(main())
