"""One file and one command put three instances to work on a bare machine, twice with the same result."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from fakes.child import child
from fakes.equipment import Equipment, Made
from fakes.station import Station
from fakes.waiting import PATIENCE, answer
from stationmaster.model import Lifecycle

TOKEN = "bmFtZTpzZWNyZXQ="
LINES = ("line1", "line2", "line3")
FILE = """\
schema = 1

[agent]
log_level = "debug"

[defaults.server]
url = "{url}"

[defaults.station]
name = "FCT-{{host}}"

[defaults.secrets]
store = "file"
token_variable = "WATS_TOKEN"
"""
LINE = """
[instances.{name}.station]
location = "{name}"
[[instances.{name}.watch]]
path = "{folder}"
converters = ["wsjf"]
settle = 0.2
after = "delete"
"""


@asynccontextmanager
async def embedded_server(folder: Path) -> AsyncIterator[str]:
    """The address of an embedded server that asks for the token."""
    serving = child(
        *(sys.executable, "-m", "stationmaster", "server", "run", "--port", "0", "--token-stdin"),
        env={**os.environ, "STATIONMASTER_HOME": str(folder), "PYTHONUTF8": "1"},
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with serving as process:
        assert process.stderr is not None
        assert process.stdin is not None
        process.stdin.write(f"{TOKEN}\n".encode())
        await process.stdin.drain()
        async with asyncio.timeout(PATIENCE):
            words = (await process.stderr.readline()).decode().split()
        assert words[:2] == ["Serving", "on"]
        yield words[2]


def state(station: Station) -> dict[str, tuple[bytes, int, int]]:
    """Bytes, time and file number of all settings, ids and tokens."""
    home = station.home
    files = [home.agent_file, *home.instances.iterdir()]
    files += [place for name in LINES for place in (home.id_file(name), home.token_file(name))]
    return {
        one.name + one.parent.name: (one.read_bytes(), one.stat().st_mtime_ns, one.stat().st_ino)
        for one in files
    }


async def arrived(url: str, made: Made) -> None:
    """Wait until the server has the reports of a file."""
    async with aiohttp.ClientSession(url, headers={"Authorization": f"Basic {TOKEN}"}) as session:

        async def has(report_id: str) -> bool:
            async with session.get(f"/api/Report/Wsjf/{report_id}") as found:
                return found.status == 200

        for unit in made.units:
            await answer(partial(has, unit.report_id), what=f"report {unit.report_id}", every=0.05)


@pytest.mark.parametrize("agent_first", [True, False])
async def test_three_instances_from_one_file_twice(tmp_path: Path, *, agent_first: bool) -> None:
    equipment = Equipment("provisioned-")
    async with embedded_server(tmp_path / "server") as url, Station(tmp_path) as station:
        file, text = tmp_path / "all.toml", FILE.format(url=url)
        for name in LINES:
            (tmp_path / name).mkdir()
            text += LINE.format(name=name, folder=tmp_path / name)
        file.write_text(text)
        station.env["WATS_TOKEN"] = TOKEN

        async def provision() -> list[tuple[str, str]]:
            done = await station.command("provision", str(file), "--json")
            assert done.returncode == 0, done
            return [(one["name"], one["what"]) for one in json.loads(done.stdout)["data"]["outcomes"]]

        async def work() -> None:
            """Each instance takes a file, and its report arrives."""
            for name in LINES:
                made = equipment.wsjf()
                hidden = tmp_path / name / ".part"
                hidden.write_bytes(made.content)
                hidden.replace(tmp_path / name / "result.json")
                await arrived(url, made)

        if agent_first:
            await station.start()
        assert await provision() == [("", "changed"), *((name, "made") for name in LINES)]
        if not agent_first:
            await station.start()
        await station.until(
            lambda now: [one.lifecycle for one in now.instances] == [Lifecycle.RUNNING] * 3, seconds=PATIENCE
        )
        await work()

        before, status = state(station), await station.status()
        log = station.home.log / "agent.log"
        starts = log.read_text().count("starting")
        assert await provision() == [(name, "unchanged") for name in ("", *LINES)]
        assert state(station) == before
        assert log.read_text().count("starting") == starts, "a station began anew"
        assert (await station.status()).pid == status.pid
        await work()
        now = await station.until(
            lambda now: [one.counts.completed for one in now.instances] == [2, 2, 2], seconds=PATIENCE
        )
        assert not [one for one in now.problems if one.instance]
