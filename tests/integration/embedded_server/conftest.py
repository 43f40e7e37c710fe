"""A running server and a client session for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from fakes.wsjf import minimal, repair, rich
from stationmaster.embedded_server import EmbeddedServer, ServerSettings


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """An empty server without a token."""
    async with EmbeddedServer(ServerSettings(database=tmp_path / "server.db", port=0)) as running:
        yield running


@pytest.fixture
async def session(server: EmbeddedServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of it, with paths below its address."""
    async with aiohttp.ClientSession(server.url) as client:
        yield client


@pytest.fixture
async def filled(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """The same, with a small report (1), a rich one (2) and a repair (3)."""
    async with session.post("/api/Report/WSJF", json=[minimal(1), rich(2), repair(3)]) as answer:
        assert answer.status == 200, await answer.text()
    return session
