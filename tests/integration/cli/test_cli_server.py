"""`server run` with its options, as a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from fakes.child import child
from fakes.typed import run
from fakes.wsjf import minimal, numeric, sequence


@asynccontextmanager
async def serving(folder: Path, *options: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the server that the command runs."""
    server = child(
        *(sys.executable, "-m", "stationmaster", "server", "run", "--port", "0", *options),
        env={**os.environ, "STATIONMASTER_HOME": str(folder), "PYTHONUTF8": "1"},
        stderr=asyncio.subprocess.PIPE,
    )
    async with server as process:
        assert process.stderr is not None
        async with asyncio.timeout(60):
            words = (await process.stderr.readline()).decode().split()
        assert words[:2] == ["Serving", "on"]
        async with aiohttp.ClientSession(words[2]) as session:
            yield session


async def post(session: aiohttp.ClientSession, report: object) -> tuple[int, str]:
    async with session.post("/api/Report/WSJF", json=report) as answer:
        return answer.status, await answer.text()


async def test_strict_loops_and_processes_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('[{"code": 10, "name": "Our test", "isTestOperation": true}]')
    loop = {"idx": None, "num": 1, "endingIndex": 0, "passed": 1, "failed": 0}
    other = {"stepType": "Action", "name": "L", "status": "P", "loop": {"idx": 0}}
    looped = minimal(1, root=sequence("Main", [numeric("L", 5, loop=loop), other]))
    async with serving(tmp_path, "--strict-loops", "--processes", str(tmp_path / "p.json")) as session:
        refusal = "Index 0: step L: stepType is required to match Summary step."
        assert await post(session, looped) == (400, refusal)
        assert (await post(session, minimal(2)))[0] == 200
        async with session.get("/api/App/Processes") as answer:
            assert [process["name"] for process in await answer.json()] == ["Our test"]
    async with serving(tmp_path) as session:
        assert (await post(session, looped))[0] == 200


def test_a_wrong_list_of_processes_is_told(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("{}")
    said = run(
        {"STATIONMASTER_HOME": str(tmp_path)},
        *("server", "run", "--port", "0", "--processes", str(tmp_path / "p.json")),
    )
    assert said.code == 1
    assert "The list of processes" in said.talk
    assert "It must be a JSON list" in said.talk
