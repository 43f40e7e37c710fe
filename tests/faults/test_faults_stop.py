"""The agent is told to stop while uploads are under way: it ends in time, and nothing is lost or doubled."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from fakes.station import Station
from fakes.waiting import until

LIMIT = 30.0
SLOW = 1.0


async def test_a_stop_with_uploads_in_flight_is_quick_and_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(delay=SLOW), "archive", "keep")
        for _ in range(20):
            for box in line.inboxes:
                box.drop(line.equipment.make("wstf", units=3))
        await station.start()
        await until(lambda: len(line.server.submits()) >= 5, what="uploads under way")

        began = time.monotonic()
        assert await station.terminate() == 0

        assert time.monotonic() - began <= LIMIT
        assert len(line.server.ids()) < len(line.account.expected), "it stopped when all was delivered"
        await station.start()
        await station.conserved()
        # what was under way was waited for, so not even the same report went twice
        assert set(Counter(seen.report_id for seen in line.server.submits()).values()) == {1}
