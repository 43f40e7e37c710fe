"""Figures of the last hours over the control channel."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fakes.channel import Channel
from stationmaster.control.client import ControlClient
from stationmaster.errors import ControlError


async def test_taken_reports_wait_while_the_server_is_away(channel: Channel) -> None:
    hosted = channel.hosted
    for _ in range(3):
        hosted.drop(hosted.folder("line1"))
    await hosted.until(lambda: hosted.instance("line1").counts.queued == 3)
    async with ControlClient(channel.path) as client:
        found = await client.activity("line1")
        assert len(found.buckets) == 48
        assert {one.seconds for one in found.buckets} == {600.0}
        assert sum(one.taken for one in found.buckets) == 3
        assert found.buckets[-1].waiting == 3
        assert found.buckets[-1].start <= found.until
        # Also of one that is stopped: its spool is looked at as a file.
        await client.configure("line1", {"enabled": False})
        closed = await client.activity("line1", hours=2, buckets=4)
        assert (len(closed.buckets), closed.buckets[-1].waiting) == (4, 3)


@pytest.mark.parametrize(
    "wrong", [{"hours": -1.0}, {"hours": 1e9}, {"hours": float("nan")}, {"buckets": 0}, {"buckets": 501}]
)
async def test_wrong_bounds_are_refused(channel: Channel, wrong: Mapping[str, float]) -> None:
    async with ControlClient(channel.path) as client:
        with pytest.raises(ControlError) as caught:
            await client.activity("line1", **wrong)  # type: ignore[arg-type]  # wrong on purpose
        assert (caught.value.status, caught.value.code) == (400, "usage")
        with pytest.raises(ControlError) as caught:
            await client.activity("nobody")
        assert caught.value.status == 404
