"""What is leased ahead, with a real spool."""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from pathlib import Path

from fakes.clock import FakeClock
from fakes.spooled import meta_of, payload_of
from stationmaster.deliver.ahead import Ahead
from stationmaster.log import bound
from stationmaster.spool import Spool, Storage


async def test_a_clock_that_is_set_back_keeps_no_report_waiting(tmp_path: Path, clock: FakeClock) -> None:
    async with (
        Storage() as storage,
        await Spool.open(tmp_path / "spool.db", instance="line1", storage=storage, clock=clock) as spool,
    ):
        await spool.submit(payload_of("a"), meta_of("a"))
        (lease,) = await spool.lease(1)
        await lease.retry(clock.now() + timedelta(seconds=60), "busy")
        ahead = Ahead(spool, clock, random.Random(1), lambda: None, bound(logging.getLogger(), "line1"))  # noqa: S311 - no secret
        await ahead.fill(8, 0)
        assert ahead.due_at() == clock.monotonic() + 60
        clock.set_back(86400)
        for _ in range(3):
            await clock.advance(61)
            ahead.note_due()
            await ahead.fill(8, 0)
        assert len(ahead.ready) == 1
        ahead.give_back()
