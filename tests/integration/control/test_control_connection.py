"""The test of a way to a server: hop by hop, to be stopped at any time, refused by other versions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from fakes.held_server import HeldServer
from stationmaster.control import protocol
from stationmaster.control.client import ControlClient
from stationmaster.control.protocol import TestConnectionRequest
from stationmaster.control.server import ControlServer
from stationmaster.errors import ControlError, NoAgentError
from stationmaster.model import Check, CheckState, Hop

if TYPE_CHECKING:
    from fakes.channel import Channel

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")

OK = f"HTTP/1.1 200 OK\r\n{protocol.VERSION_HEADER}: 1\r\nConnection: close\r\n\r\n".encode()


async def test_each_hop_is_told_as_it_is_passed(channel: Channel) -> None:
    async with HeldServer() as server, ControlClient(channel.path) as client, asyncio.timeout(60):
        checks = client.test_connection(TestConnectionRequest(server=server.url, timeout=600.0))
        before = [await anext(checks) for _ in range(3)]
        assert [one.name for one in before] == [Hop.ADDRESS, Hop.DNS, Hop.TCP]
        assert {one.state for one in before} == {CheckState.OK}
        assert "127.0.0.1" in before[1].text
        server.release.set()
        after = [one async for one in checks]
    assert [one.name for one in after] == [Hop.SERVER, Hop.LOGIN, Hop.PERMISSION, Hop.CLOCK]
    assert after[0].text == "The server answers; it asks for the token first."


async def test_who_closes_it_stops_the_test(channel: Channel) -> None:
    async with HeldServer() as server, ControlClient(channel.path) as client, asyncio.timeout(60):
        request = TestConnectionRequest(server=server.url, timeout=600.0)
        async with contextlib.aclosing(client.test_connection(request)) as checks:
            while (await anext(checks)).name is not Hop.TCP:
                pass
        await server.left.wait()


async def test_a_stop_of_the_agent_cuts_it_off(channel: Channel, tmp_path: Path) -> None:
    path = str(tmp_path / "other.sock")
    async with HeldServer() as server, asyncio.timeout(60), contextlib.AsyncExitStack() as clients:
        async with ControlServer(channel.hosted.agent, path, budget=0.1):
            client = await clients.enter_async_context(ControlClient(path))
            checks = client.test_connection(TestConnectionRequest(server=server.url, timeout=600.0))
            await anext(checks)
            rest = asyncio.create_task(_all(checks))
        with pytest.raises(NoAgentError):
            await rest
        await server.left.wait()


async def _all(checks: AsyncGenerator[Check]) -> list[Check]:
    return [one async for one in checks]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (OK + b'{"checks": []}\n', "cannot be read"),
        (OK.replace(b": 1", b": 7") + b'{"check": null}\n', "install the same version"),
    ],
)
async def test_an_agent_of_another_version_is_told_in_a_sentence(
    tmp_path: Path, answer: bytes, words: str
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with (
        await asyncio.start_unix_server(handle, tmp_path / "s"),
        ControlClient(str(tmp_path / "s")) as client,
    ):
        with pytest.raises(ControlError, match=words):
            await anext(client.test_connection(TestConnectionRequest(server="http://127.0.0.1:9")))


async def test_a_client_of_another_version_gets_a_sentence(channel: Channel) -> None:
    body = msgspec.json.encode(TestConnectionRequest(server="http://127.0.0.1:9"))
    status, answer = await channel.ask("POST", "/v1/test-connection", body, {protocol.VERSION_HEADER: "7"})
    assert (status, answer["code"]) == (426, "protocol")
    assert answer["text"].endswith("install the same version of Stationmaster on both sides.")
