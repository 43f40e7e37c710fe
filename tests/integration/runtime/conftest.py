"""A server and an agent for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.hosted import Hosted
from fakes.oracle import Oracle


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    """An agent that is not started yet."""
    return Hosted(tmp_path)


@pytest.fixture
async def oracle(tmp_path: Path, hosted: Hosted) -> AsyncIterator[Oracle]:
    """A server with the agent's time of day."""
    async with Oracle(tmp_path / "oracle") as server:
        server.clock = hosted.clock
        yield server
