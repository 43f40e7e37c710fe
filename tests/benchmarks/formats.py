"""Every format: MB and reports a second, with one worker and with two.

`python tests/benchmarks/formats.py`: a line for each built-in converter, then the rows with a limit. It reads
the real files where STATIONMASTER_CORPUS names them, else the samples of the tests: those are small, and
tell more of the cost of a file than of its bytes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks import row as rows
from corpus.oracle import oracles
from stationmaster.clock import Clock
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.dry_run import DryLimits
from stationmaster.convert.job import Conversion, Job
from stationmaster.convert.pool import ConverterPool
from stationmaster.convert.slot import Slots
from stationmaster.model import SourceState

DATA = Path(__file__).parents[1] / "data"
SECONDS = 1.0
"""That one worker works on a format."""
LARGEST = 3
"""Files of a format, the largest ones."""
OPTIONS: dict[str, Any] = {
    "part_number": "P-1",
    "process_code": 10,
    "serial_number_pattern": "(?P<sn>.+)",
    "placeholders": [],
}


@dataclass(frozen=True)
class Figure:
    """What so many workers did in a second."""

    megabytes: float
    reports: float


def _files(name: str) -> list[tuple[Path, dict[str, Any]]]:
    """The largest files of a converter, with their options."""
    corpus = os.environ.get("STATIONMASTER_CORPUS", "")
    found = [
        (Path(corpus) / oracle.folder / file.path, oracle.options_for(file))
        for oracle in oracles()
        if corpus and oracle.converter == name
        for file in oracle.file
        if file.reports
    ]
    found = found or [(path, OPTIONS) for path in sorted((DATA / name).glob("*")) if path.is_file()]
    found = [one for one in found if one[0].is_file()]
    return sorted(found, key=lambda one: -one[0].stat().st_size)[:LARGEST]


def _job(path: Path, name: str, options: dict[str, Any]) -> Job:
    status = path.stat()
    state = SourceState(path=path, size=status.st_size, mtime_ns=status.st_mtime_ns)
    return Job(path=path, state=state, converters=(name,), instance_id=UUID(int=7), options={name: options})


async def _convert(pool: ConverterPool, job: Job) -> int:
    """Reports of one file; 0 where it is one that no report comes of."""
    outcome = await pool.convert(job)
    if not isinstance(outcome, Conversion):
        return 0
    count = len(outcome.reports)
    outcome.discard()
    return count


async def _measured(root: Path, jobs: Sequence[Job], workers: int) -> Figure:
    pool = ConverterPool(
        "bench",
        folder=root / "converters",
        temp=root / "temp",
        limits=DryLimits(max_concurrent=workers),
        slots=Slots(workers, lend_slow=True),
        clock=Clock(),
    )
    async with pool:
        await asyncio.gather(*(_convert(pool, job) for job in [*jobs] * workers))
        size = reports = 0

        async def work() -> None:
            nonlocal size, reports
            while time.perf_counter() < end:
                for job in jobs:
                    made = await _convert(pool, job)  # alone: the sum must not be read before it waits
                    reports, size = reports + made, size + job.state.size

        start = time.perf_counter()
        end = start + SECONDS
        await asyncio.gather(*(work() for _ in range(2 * workers)))
        seconds = time.perf_counter() - start
    return Figure(size / seconds / 1e6, reports / seconds)


async def main() -> int:
    """Measure and print; the exit code."""
    one = two = 0.0
    heads = ("1 worker: MB/s", "reports/s", "2 workers: MB/s", "reports/s")
    print(f"{'format':<22}", *(f"{head:>15}" for head in heads))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "converters").mkdir()
        for name in BUILT_INS:
            jobs = [_job(path, name, options) for path, options in _files(name)]
            if not jobs:
                print(f"{name:<22} no file of it is here")
                continue
            alone, both = await _measured(root, jobs, 1), await _measured(root, jobs, 2)
            figures = (alone.megabytes, alone.reports, both.megabytes, both.reports)
            print(f"{name:<22}", *(f"{figure:>15.2f}" for figure in figures), flush=True)
            if alone.megabytes:
                one, two = one + 1, two + both.megabytes / alone.megabytes
    if (os.cpu_count() or 1) < 2 or not one:
        print(f"{rows.FORMATS_TWO.name}: this machine has one core, nothing to measure")
        return 0
    return 0 if rows.FORMATS_TWO.tell(two / one) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
