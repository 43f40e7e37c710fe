"""The client against agents that go, hang, or talk nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.waiting import PATIENCE
from stationmaster.control import protocol
from stationmaster.control.client import ControlClient
from stationmaster.control.server import ControlServer
from stationmaster.errors import ControlError, NoAgentError
from stationmaster.model import AgentStatus

if TYPE_CHECKING:
    from fakes.channel import Channel

OK = f"HTTP/1.1 200 OK\r\n{protocol.VERSION_HEADER}: 1\r\n".encode()


@asynccontextmanager
async def answering(place: Path, answer: bytes) -> AsyncIterator[str]:
    """A socket that answers each request with these bytes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(handle, place)
    try:
        yield str(place)
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (OK + b"Content-Length: 3\r\n\r\n{}}", "protocol"),
        (OK + b"Content-Length: 2\r\n\r\n{}", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "protocol"),
        (b"HTTP/1.1 200 OK\r\nStationmaster-Protocol: 7\r\nContent-Length: 2\r\n\r\n{}", "protocol"),
        (OK.replace(b"200 OK", b"500 Oh") + b"Content-Length: 2\r\n\r\nno", "unknown"),
    ],
)
async def test_an_answer_that_is_none(tmp_path: Path, answer: bytes, code: str) -> None:
    async with answering(tmp_path / "s", answer) as path, ControlClient(path) as client:
        with pytest.raises(ControlError) as caught:
            await client.status()
    assert caught.value.code == code


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", OK + b"Content-Length: 100\r\n\r\n{"])
async def test_an_agent_that_goes_in_the_middle(tmp_path: Path, answer: bytes) -> None:
    async with answering(tmp_path / "s", answer) as path, ControlClient(path) as client:
        with pytest.raises(NoAgentError):
            await client.status()


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(NoAgentError, match="is not there") as caught:
        async with ControlClient(str(tmp_path / "s")):
            pass
    assert "agent start" in caught.value.next_step


async def test_a_stream_that_is_read_ends_with_its_client(channel: Channel) -> None:
    client = ControlClient(channel.path)
    read = asyncio.Event()

    async def watch() -> None:
        async for _ in client.watch():
            read.set()

    async with client:
        watching = asyncio.create_task(watch())
        async with asyncio.timeout(60):
            await read.wait()
    with pytest.raises(NoAgentError):
        async with asyncio.timeout(60):
            await watching


async def test_a_client_that_is_closed_says_so(channel: Channel) -> None:
    client = ControlClient(channel.path)
    await client.aclose()
    with pytest.raises(NoAgentError, match="closed"):
        await client.status()


async def test_the_stream_begins_with_the_whole_state_and_ends_with_the_server(
    channel: Channel, tmp_path: Path
) -> None:
    path, seen = str(tmp_path / "other.sock"), list[AgentStatus]()

    async def follow() -> None:
        async with ControlClient(path) as client:
            async for status in client.watch():
                seen.append(status)

    async with ControlServer(channel.hosted.agent, path):
        following = asyncio.create_task(follow())
        await channel.hosted.until(lambda: seen)
        await channel.hosted.agent.pause("line1", protocol.FOREVER)
        await channel.hosted.until(lambda: seen[-1].instances[0].paused_until is not None)
    async with asyncio.timeout(PATIENCE):
        await following
    assert [one.name for one in seen[0].instances] == ["line1"]
    assert [one.revision for one in seen] == sorted({one.revision for one in seen})


async def test_a_patch_made_for_other_settings_is_refused(channel: Channel) -> None:
    """Folders go by number: the second may be the first by now."""
    async with ControlClient(channel.path) as client:
        seen = await client.config("line1")
        await client.configure("line1", {"station.location": "Hall 1"}, base=seen.revision)
        for patch in ({"station.location": "Hall 2"}, {"station.purpose": "Trial"}):
            with pytest.raises(ControlError, match="was changed meanwhile") as caught:
                await client.configure("line1", patch, base=seen.revision)
            assert (caught.value.status, caught.value.code) == (409, protocol.CHANGED)
        now = await client.config("line1")
        assert now.values["station"]["location"] == "Hall 1"
        assert now.revision != seen.revision
        await client.configure("line1", {"station.location": "Hall 3"})
        own = await client.agent_config()
        await client.configure_agent({"log_level": "debug"}, base=own.revision)  # there may be no file before
        with pytest.raises(ControlError, match="was changed meanwhile"):
            await client.configure_agent({"log_level": "info"}, base=own.revision)


async def test_settings_never_show_a_password_or_a_token(channel: Channel) -> None:
    async with ControlClient(channel.path) as client:
        await client.configure(
            "line1", {"server.proxy": "http://me:PLANTED@proxy:3128", "secrets.store": "file"}
        )
        await client.set_token("line1", "UExBTlRFRA==")
        view = await client.config("line1")
        snapshot = await client.status()
    assert "PLANTED" not in repr(view) + repr(snapshot)
    assert "UExBTlRFRA" not in repr(view) + repr(snapshot)
    assert view.values["server"]["proxy"] == "http://***@proxy:3128"
