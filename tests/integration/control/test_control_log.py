"""The log over the control channel: the last records, then what comes, over rotations, as asked for."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from stationmaster.control.client import ControlClient
from stationmaster.diagnostics.log_record import LOG_FILE
from stationmaster.errors import ControlError
from stationmaster.log import bound
from stationmaster.runtime.log import logging_to

if TYPE_CHECKING:
    from fakes.channel import Channel

_LOG = logging.getLogger("stationmaster.test")


async def test_the_last_records_then_those_that_come(channel: Channel) -> None:
    folder = channel.hosted.home.log
    with logging_to(folder, level="info", console=False):
        for number in range(5):
            bound(_LOG, "line1", entry=number).info("record %d", number)
        async with ControlClient(channel.path) as client:
            page = await client.log(limit=2)
            assert [one.text for one in page.records] == ["record 3", "record 4"]
            assert [one.entry for one in page.records] == [3, 4]
            assert (await client.log(after=page.after)).records == ()
            _LOG.warning("before the rotation")
            await asyncio.to_thread((folder / LOG_FILE).rename, folder / f"{LOG_FILE}.1")
        _LOG.warning("late into the old file")
    with logging_to(folder, level="info", console=False):
        _LOG.error("after it")
        async with ControlClient(channel.path) as client:
            page = await client.log(after=page.after)
            assert [one.text for one in page.records] == [
                "before the rotation",
                "late into the old file",
                "after it",
            ]
            assert page.more
            page = await client.log(after=page.after)
            assert (page.records, page.more) == ((), False)
            some = await client.log(level="warning", text="ROTATION")
            assert [one.text for one in some.records] == ["before the rotation"]
            assert [one.text for one in (await client.log(instance="line1", entry=2)).records] == ["record 2"]


@pytest.mark.parametrize("query", ["level=loud", "after=x", "entry=x", "limit=x"])
async def test_a_wrong_parameter_is_told(channel: Channel, query: str) -> None:
    status, body = await channel.ask("GET", f"/v1/log?{query}")
    assert (status, body["code"]) == (400, "usage")


async def test_a_log_that_is_not_there_is_empty(channel: Channel) -> None:
    async with ControlClient(channel.path) as client:
        page = await client.log()
        assert page.records == ()
        assert (await client.log(after=page.after)).records == ()
        with pytest.raises(ControlError):
            await client.log(level="x")


async def test_levels_hold_at_once(channel: Channel) -> None:
    part = logging.getLogger("stationmaster.deliver.link")
    async with ControlClient(channel.path) as client:
        await client.configure_agent({"log_levels.deliver": "debug"})
        assert part.isEnabledFor(logging.DEBUG)
        await client.configure_agent({"log_levels.deliver": None})
        assert not part.isEnabledFor(logging.DEBUG)
