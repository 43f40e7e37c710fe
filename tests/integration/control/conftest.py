"""An agent with its control channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.channel import Channel
from fakes.hosted import Hosted
from stationmaster.control.server import ControlServer


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[Channel]:
    """An agent with one instance whose server is away."""
    hosted = Hosted(tmp_path)
    hosted.store.add("line1", "http://127.0.0.1:9", [hosted.watch(hosted.folder("line1"))])
    async with hosted, ControlServer(hosted.agent, hosted.home.socket):
        await hosted.running("line1")
        yield Channel(hosted, hosted.home.socket)
