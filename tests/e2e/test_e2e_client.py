"""A station registers at its server, tells it how it is, and takes its leave; no secret shows anywhere."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from fakes.equipment import Equipment
from fakes.station import Station
from fakes.waiting import until
from stationmaster.embedded_server import EmbeddedServer, ServerSettings
from stationmaster.embedded_server.client import Client, all_of_them
from stationmaster.embedded_server.schema import connect
from stationmaster.secrecy import halves

REGISTER = "cmVnaXN0ZXI6cGxhbnRlZC1zZWNyZXQ="  # base64 of "register:planted-secret"


def clients(database: Path) -> list[Client]:
    """As the server has them on disk."""
    connection = connect(database)
    try:
        return all_of_them(connection)
    finally:
        connection.close()


def traces(root: Path, *words: str) -> list[str]:
    """Names of the files that hold any of these words."""
    return sorted(
        one.name
        for one in root.rglob("*")
        if one.is_file() and any(word.encode() in one.read_bytes() for word in words)
    )


async def register(station: Station, name: str) -> str:
    """Register an instance on the command line; what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stationmaster", "instance", "register", name, "--token-stdin"),
        env=station.env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(f"{REGISTER}\n".encode())
    assert process.returncode == 0, said
    return said.decode()


async def test_a_registered_station_is_in_the_list_of_its_server(tmp_path: Path) -> None:
    database = tmp_path / "server" / "s.db"
    settings = ServerSettings(database=database, port=0, token=REGISTER)
    async with EmbeddedServer(settings) as server, Station(tmp_path / "station") as station:
        inbox = tmp_path / "in"
        inbox.mkdir()
        equipment = Equipment()
        watch = {"path": str(inbox), "converters": ["wsjf"], "settle": 0.2, "after": "delete"}
        station.store.add("line1", server.url, [watch], {"secrets.store": "file"})
        await station.start()
        said = await register(station, "line1")
        await until(lambda: clients(database)[0].status == "Online", seconds=60, what="the first update")
        for number in range(3):
            (inbox / f"good{number}.json").write_bytes(equipment.make("wsjf").content)
        (inbox / "bad.json").write_text('{"type": "T"}')
        await station.until(
            lambda status: (
                status.instances
                and (status.instances[0].counts.completed, status.instances[0].counts.error) == (3, 1)
            )
        )
        assert await station.terminate() == 0
        (client,) = clients(database)
        (converter,) = client.told.converters
        assert (client.status, client.told.pending_total) == ("Offline", 0)
        assert (converter.name, converter.total, converter.error) == ("wsjf", 4, 1)
    token = station.home.token_file("line1").read_text().strip()
    assert halves(token)[0] == client.id
    planted = (token, halves(token)[1], REGISTER, "planted-secret")
    assert traces(tmp_path, *planted) == ["token"]
    assert not [one for one in planted if one in said]
