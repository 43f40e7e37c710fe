"""Our own client of WATS servers against the embedded one."""

from __future__ import annotations

import aiohttp

from fakes.wsjf import minimal, repair, report_id
from stationmaster.clock import Clock
from stationmaster.embedded_server import EmbeddedServer
from stationmaster.wats.client import ServerAddress, WatsClient

MANY = 2300
"""More than two pages of a list."""


async def _token() -> str:
    return "any"


def _client(server: EmbeddedServer) -> WatsClient:
    return WatsClient(ServerAddress(url=server.url), _token, Clock())


async def test_an_empty_server_holds_nothing(server: EmbeddedServer) -> None:
    async with _client(server) as client:
        assert await client.report_ids() == []


async def test_the_client_finds_all_reports_once(
    server: EmbeddedServer, session: aiohttp.ClientSession
) -> None:
    reports = [*(minimal(number) for number in range(MANY)), repair(MANY)]
    for first in (*range(0, MANY + 1, 500), 0):  # some of them twice
        async with session.post("/api/Report/WSJF", json=reports[first : first + 500]) as answer:
            assert answer.status == 200
    async with _client(server) as client:
        assert sorted(await client.report_ids()) == [report_id(number) for number in range(MANY + 1)]
