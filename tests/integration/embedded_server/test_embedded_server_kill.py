"""A report that was answered with 200 survives kill -9 of the server."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from fakes.wsjf import minimal, report_id
from stationmaster.embedded_server import EmbeddedServer, ServerSettings

CHILD = """
import asyncio, sys
from pathlib import Path
from stationmaster.embedded_server import ServerSettings, serve

def ready(url):
    print(url, flush=True)

asyncio.run(serve(ServerSettings(database=Path(sys.argv[1]), port=0), ready, asyncio.Event()))
"""
ROUNDS = 4
SENDERS = 8
ENOUGH = 40
"""Acknowledged reports after which the server is killed, in the middle of the others."""


@asynccontextmanager
async def child(database: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A server in a process of its own, killed at the end whatever happens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(database), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            url = (await process.stdout.readline()).decode().strip()
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def send_until_killed(
    url: str, numbers: itertools.count[int], process: asyncio.subprocess.Process
) -> set[int]:
    """Send with many senders at once, kill the server after ENOUGH answers; returns what was acknowledged."""
    acknowledged: set[int] = set()

    async def sender(session: aiohttp.ClientSession) -> None:
        while True:
            number = next(numbers)
            try:
                async with session.post("/api/Report/WSJF", json=minimal(number)) as answer:
                    assert answer.status == 200
                    assert (await answer.json())["ID"] == report_id(number)
            except aiohttp.ClientError:
                return
            acknowledged.add(number)
            if len(acknowledged) == ENOUGH:
                process.kill()

    async with aiohttp.ClientSession(url) as session, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for _ in range(SENDERS):
            tasks.create_task(sender(session))
    return acknowledged


async def test_no_acknowledged_report_is_lost(tmp_path: Path) -> None:
    database = tmp_path / "s.db"
    numbers = itertools.count(1)
    acknowledged: set[int] = set()
    for _ in range(ROUNDS):
        async with child(database) as (process, url):
            acknowledged |= await send_until_killed(url, numbers, process)
            assert await process.wait() == -9
    assert len(acknowledged) >= ROUNDS * ENOUGH
    sent = next(numbers) - 1

    settings = ServerSettings(database=database, port=0)
    async with EmbeddedServer(settings) as server, aiohttp.ClientSession(server.url) as session:
        for number in acknowledged:
            async with session.get(f"/api/Report/Wsjf/{report_id(number)}") as answer:
                assert await answer.json() == minimal(number)
        async with session.get("/api/Report/Query/Header", params={"$top": "10000"}) as answer:
            kept = {header["uuid"] for header in await answer.json()}
        # what was sent again after the crash is still one report
        async with session.post("/api/Report/WSJF", json=minimal(1)) as answer:
            assert answer.status == 200
    assert kept <= {report_id(number) for number in range(1, sent + 1)}, "no id was invented"
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT count(*) FROM report").fetchone() == (len(kept),)
    connection.close()
