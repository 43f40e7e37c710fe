from __future__ import annotations

import asyncio
from pathlib import Path

from fakes.clock import FakeClock
from fakes.waiting import until
from stationmaster.home.frozen import Frozen
from stationmaster.runtime.renewal import LOOK_EVERY, Renewal


async def test_an_agent_ends_once_its_program_is_another_one_for_good(tmp_path: Path) -> None:
    file, unpacked = tmp_path / "program", tmp_path / "_MEI1"
    file.write_text("old")
    unpacked.mkdir()
    clock, stop = FakeClock(), asyncio.Event()
    renewal = Renewal(Frozen(file, unpacked), clock, stop.set)

    async def look() -> None:
        """Let it look, to the end."""
        await until(lambda: clock.sleeping, what="the time for a look")
        await clock.advance(LOOK_EVERY)
        await until(lambda: clock.sleeping or running.done(), what="what it makes of it")

    async with asyncio.TaskGroup() as group:
        running = group.create_task(renewal.run())
        await look()
        file.unlink()  # as by somebody who then copies a new one
        await look()
        file.write_text("new and longer")
        await look()
        assert not stop.is_set()
        assert not renewal.reason
        await look()
        await running
    assert stop.is_set()
    assert "was replaced" in renewal.reason


async def test_what_is_no_single_file_is_never_renewed() -> None:
    renewal = Renewal(None, FakeClock(), lambda: None)
    await renewal.run()
    assert renewal.reason == ""
