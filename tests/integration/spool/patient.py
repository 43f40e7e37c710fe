"""A program that takes 60 files and delivers their reports, trying again whenever the disk refuses.

``python patient.py SPOOL WORK``: prints ``refused`` for each refusal, ``taken`` for each file, ``done`` at
the end.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from fakes.spooled import source_of, write_results
from fakes.waiting import PATIENCE
from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.spool import Spool, Storage, committer


async def take(spool: Spool, work: Path, number: int) -> None:
    """Take one file, however long it needs."""
    results = work / str(number)
    metas = write_results(results, [f"{number}.{m}" for m in range(3)])
    while True:
        try:
            await spool.take(source_of(f"/in/{number}"), metas, results)
        except SpoolError:
            sys.stdout.write("refused\n")
            await asyncio.sleep(0.01)
        else:
            return


async def main(path: Path, work: Path) -> None:
    """Take all files, ack all reports."""
    committer.MEND_AFTER = 0.01
    async with (
        Storage() as storage,
        await Spool.open(path, instance="i", storage=storage, clock=Clock()) as spool,
    ):
        for number in range(60):
            await take(spool, work, number)
            sys.stdout.write("taken\n")
            sys.stdout.flush()
            for lease in await spool.lease(10):
                lease.ack("ok")
        async with asyncio.timeout(PATIENCE):
            while spool.counts.queued or spool.counts.processing:
                for lease in await spool.lease(10):
                    lease.ack("ok")
                await asyncio.sleep(0.01)
    sys.stdout.write("done\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
