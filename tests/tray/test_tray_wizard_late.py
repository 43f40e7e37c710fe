"""The last step of the wizard, where the agent does what it is asked for and its answer does not come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from fakes.lost_answer import answers_lost
from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster.errors import ControlError
from stationmaster_tray.desk import Desk
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.end_step import SummaryStep
from stationmaster_tray.wizard.try_server import TryServer

pytestmark = pytest.mark.usefixtures("app")


@asynccontextmanager
async def summary(root: Path) -> AsyncIterator[tuple[Desk, SummaryStep]]:
    """The step before something is made, by a client that does not wait long for the agent."""
    async with Station(root) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with answers_lost(station.home.socket, b"POST /v1/instances "), attached(station) as desk:
            desk.client._timeout = aiohttp.ClientTimeout(total=5.0)
            draft = Draft(server="http://127.0.0.1:9", name="hall2", converter="wsjf", make_folder=True)
            draft.folder, draft.in_file = str(root / "new" / "folder"), True
            yield desk, SummaryStep(desk, draft, TryServer(desk))


async def names(desk: Desk) -> set[str]:
    return {one.name for one in (await desk.client.status()).instances}


async def test_a_station_that_was_made_though_nobody_heard_of_it_is_set_up(tmp_path: Path) -> None:
    async with summary(tmp_path) as (desk, step):
        await step.check()
        assert "hall2" in await names(desk)
        assert (tmp_path / "new" / "folder").is_dir()


async def test_who_cancels_then_has_it_taken_back(tmp_path: Path) -> None:
    async with summary(tmp_path) as (desk, step):
        checking = desk.tasks.start(step.check())
        await until((tmp_path / "home" / "config" / "instances" / "hall2.toml").exists, what="it")
        checking.cancel()
        await until(lambda: not (tmp_path / "new").exists(), what="the end of it")
        assert "hall2" not in await names(desk)


async def test_a_station_of_somebody_else_is_not_taken_for_ours(tmp_path: Path) -> None:
    async with summary(tmp_path) as (desk, step):
        step.draft.name = "line1"
        with pytest.raises(ControlError):
            await step.check()
        assert "line1" in await names(desk)
        assert not (tmp_path / "new").exists()
