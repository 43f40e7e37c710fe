"""A program that fills and drains a spool until it is killed, and tells what was acknowledged to it.

``python writer.py SPOOL WORK SEED``: prints ``put ID`` after a take returned, ``ack ID`` after an ack did.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from fakes.spooled import source_of, write_results
from stationmaster.clock import Clock
from stationmaster.spool import Spool, Storage


def say(text: str) -> None:
    """Tell the test, unbuffered: what was said before the kill counts."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def put(spool: Spool, work: Path, names: list[str]) -> None:
    """Take one source file."""
    results = work / names[0]
    metas = write_results(results, names)
    await spool.take(source_of(f"/in/{names[0]}"), metas, results)
    for meta in metas:
        say(f"put {meta.report_id}")


async def deliver(spool: Spool) -> None:
    """Ack a few reports; nobody waits between."""
    leases = await spool.lease(4)
    verdicts = [lease.ack("ok") for lease in leases]
    for lease, verdict in zip(leases, verdicts, strict=True):
        await verdict
        say(f"ack {lease.report_id}")


async def main(path: Path, work: Path, seed: str) -> None:
    """Write for ever."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    async with Storage() as storage:
        spool = await Spool.open(path, instance="i", storage=storage, clock=Clock())
        say("open")
        for turn in range(1_000_000):
            files = [[f"{seed}.{turn}.{n}.{m}" for m in range(chance.randint(1, 5))] for n in range(6)]
            await asyncio.gather(*(put(spool, work, names) for names in files), deliver(spool))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
