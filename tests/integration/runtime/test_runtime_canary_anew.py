"""An order about a canary whose instance begins anew while the order is being written down."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.rig import rig
from stationmaster.canary import Canary, Ended
from stationmaster.control.canary_protocol import CanaryRequest, StopRequest
from stationmaster.runtime import canary_store
from stationmaster.runtime.canary import CanaryRun


@pytest.fixture
async def line(hosted: Hosted, oracle: Oracle) -> AsyncIterator[Hosted]:
    """An instance whose folder uses the converter `rig`."""
    watch = hosted.watch(hosted.folder("line1"), "rig")
    await hosted.line("line1", oracle, patch={"watch": [watch]})
    rig(hosted.home.converters("line1"), "1")
    async with hosted:
        await hosted.running("line1")
        yield hosted


def now(hosted: Hosted) -> CanaryRun | None:
    return hosted.supervisor("line1").instance.canary


def writes() -> bool:
    """A thread is about to write the file."""
    code = canary_store.CanaryStore.write.__code__
    tops = sys._current_frames().values()
    return any(frame.f_code is code for top in tops for frame, _ in traceback.walk_stack(top))


async def begun(hosted: Hosted, root: Path) -> Canary:
    file = rig(root / "new", "2")
    request = CanaryRequest(filename="rig.py", content=file.read_text())
    return await hosted.agent.start_canary("line1", request)


async def anew(hosted: Hosted) -> None:
    """The instance with another `CanaryRun`, which has read the file already."""
    before = now(hosted)
    await hosted.agent.configure("line1", {"convert.timeout": 7.0})
    await hosted.until(lambda: now(hosted) not in {None, before}, what="another one")
    await hosted.running("line1")
    run = now(hosted)
    assert run is not None
    await run.open()


async def test_one_that_is_being_begun_runs_in_the_instance_of_now(line: Hosted, tmp_path: Path) -> None:
    store = canary_store.CanaryStore(line.home, "line1")
    with canary_store._WRITING:  # as a disk that hangs: others have their turn after a second
        starting = asyncio.create_task(begun(line, tmp_path))
        await line.moment(writes, what="all but the file itself")
        await anew(line)
        run = now(line)
        assert run is not None
        assert run.status() is None
    started = await starting
    assert now(line) is run
    assert run.canary == started == store.read()
    (line.folder("line1") / "a.txt").write_text("SN1,5.0\n")
    await line.until(lambda: run.canary and run.canary.compared, what="its first file")
    assert run.canary.same == 1


async def test_one_that_is_being_stopped_is_so_in_the_instance_of_now(line: Hosted, tmp_path: Path) -> None:
    started = await begun(line, tmp_path)
    store = canary_store.CanaryStore(line.home, "line1")
    with canary_store._WRITING:
        await line.drained("line1")
        stopping = asyncio.create_task(line.agent.stop_canary("line1", StopRequest(canary=started.id)))
        await line.moment(writes, what="all but the file itself")
        await line.agent.resume("line1")
        await line.running("line1")
        run = now(line)
        assert run is not None
        await run.open()
        assert run.canary == started
    stopped = await stopping
    assert stopped.ended is Ended.STOPPED
    assert now(line) is run
    assert run.canary == stopped == store.read()
