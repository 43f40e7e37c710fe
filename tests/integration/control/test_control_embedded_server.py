"""The embedded server in the agent: on and off by the settings, and what is told when it cannot run."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from fakes.hosted import TOKEN, Hosted
from stationmaster.control.client import ControlClient
from stationmaster.control.server import ControlServer
from stationmaster.control.server_switch import ServerSwitch
from stationmaster.errors import ControlError
from stationmaster.model import AgentStatus, Problem, ProblemCode

IN_FILE = {"secrets.store": "file"}


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    async with Hosted(tmp_path) as agent, ControlServer(agent.agent, agent.home.socket):
        switch = asyncio.create_task(ServerSwitch(agent.agent).run())
        try:
            yield agent
        finally:
            switch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await switch


async def turn(hosted: Hosted, **settings: Any) -> None:
    """Change the settings as the tray does: with one call."""
    async with ControlClient(hosted.home.socket) as client:
        patch = {f"embedded_server.{key}": value for key, value in settings.items()}
        await client.configure_agent(patch)


def told(hosted: Hosted) -> Problem | None:
    """The Problem, while there is one."""
    found = [
        one for one in hosted.agent.status().problems if one.code is ProblemCode.EMBEDDED_SERVER_UNAVAILABLE
    ]
    return found[0] if found else None


def address(hosted: Hosted) -> str:
    return hosted.agent.status().embedded_server


async def answers(port: int) -> bool:
    """Whether the page with the reports is there."""
    try:
        async with aiohttp.request("GET", f"http://127.0.0.1:{port}/") as answer:
            return answer.status == 200
    except aiohttp.ClientConnectorError:
        return False


async def test_off_unless_asked_for_and_off_again(hosted: Hosted) -> None:
    port, other = free_port(), free_port()
    await turn(hosted, port=port)
    assert address(hosted) == ""
    assert not await answers(port)
    assert not hosted.home.embedded_server.exists()
    await turn(hosted, enabled=True)
    await hosted.until(lambda: address(hosted) == f"http://127.0.0.1:{port}")
    assert await answers(port)
    await turn(hosted, port=other)
    await hosted.until(lambda: address(hosted) == f"http://127.0.0.1:{other}")
    assert await answers(other)
    assert not await answers(port)
    await turn(hosted, enabled=False)
    await hosted.until(lambda: address(hosted) == "")
    assert not await answers(other)


async def test_reports_go_there_and_stay_over_off_and_on(hosted: Hosted) -> None:
    port = free_port()
    await turn(hosted, enabled=True, port=port)
    await hosted.until(lambda: bool(address(hosted)))
    hosted.store.add("line1", address(hosted), [hosted.watch(hosted.folder("line1"))], IN_FILE)
    await hosted.agent.reload()
    await hosted.agent.set_token("line1", TOKEN)
    hosted.drop(hosted.folder("line1"), sn="SN-77")
    await hosted.until(lambda: hosted.completed("line1") == 1)
    await turn(hosted, enabled=False)
    await hosted.until(lambda: address(hosted) == "")
    await turn(hosted, enabled=True)
    await hosted.until(lambda: bool(address(hosted)))
    async with aiohttp.request("GET", f"http://127.0.0.1:{port}/") as answer:
        assert "SN-77" in await answer.text()


async def test_a_port_that_is_taken_is_told_and_heals(hosted: Hosted) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        await turn(hosted, enabled=True, port=port)
        await hosted.until(lambda: told(hosted) is not None)
        problem = told(hosted)
        assert problem is not None
        assert str(port) in problem.text
        assert "config edit --set embedded_server.port" in problem.next_step
        assert address(hosted) == ""
    await hosted.until(lambda: bool(address(hosted)))
    assert told(hosted) is None
    assert await answers(port)


async def test_a_database_that_cannot_be_opened_is_told_and_heals(hosted: Hosted) -> None:
    hosted.home.embedded_server.mkdir()
    await turn(hosted, enabled=True, port=free_port())
    await hosted.until(lambda: told(hosted) is not None)
    problem = told(hosted)
    assert problem is not None
    assert str(hosted.home.embedded_server) in problem.text
    assert "--database" not in problem.next_step
    hosted.home.embedded_server.rmdir()
    await hosted.until(lambda: bool(address(hosted)))
    assert told(hosted) is None


async def test_trouble_ends_when_nobody_wants_it_any_more(hosted: Hosted) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        await turn(hosted, enabled=True, port=int(taken.getsockname()[1]))
        await hosted.until(lambda: told(hosted) is not None)
        await turn(hosted, enabled=False)
        await hosted.until(lambda: told(hosted) is None)


async def test_a_wrong_port_is_refused(hosted: Hosted) -> None:
    for wrong in (0, 65536, "http"):
        with pytest.raises(ControlError) as caught:
            await turn(hosted, port=wrong)
        assert caught.value.code == "usage"


async def test_the_snapshot_says_since_when_the_link_is_what_it_is(hosted: Hosted) -> None:
    port, begun = free_port(), hosted.clock.now()
    hosted.store.add("line1", f"http://127.0.0.1:{port}", [hosted.watch(hosted.folder("line1"))], IN_FILE)
    await hosted.agent.reload()
    await hosted.running("line1")
    offline = hosted.instance("line1").link_since
    assert offline is not None
    assert begun <= offline <= hosted.clock.now()
    await hosted.agent.set_token("line1", TOKEN)
    await turn(hosted, enabled=True, port=port)
    await hosted.until(lambda: hosted.instance("line1").link == "online")
    online = hosted.instance("line1").link_since
    assert online is not None
    assert online > offline


def test_an_agent_of_the_version_before_tells_nothing_of_either() -> None:
    old = (
        b'{"revision":1,"version":"1","pid":1,"started_at":"2026-01-01T00:00:00Z","home":"/h","instances":['
        b'{"name":"a","lifecycle":"running","link":"online","server":"s","station":"t",'
        b'"upload":{"mode":"fixed","limit":1,"in_flight":0}}]}'
    )
    status = msgspec.json.decode(old, type=AgentStatus)
    assert (status.embedded_server, status.instances[0].link_since) == ("", None)


def test_while_it_is_off_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys, stationmaster.cli.program;"
        "sys.exit(any(one.startswith('stationmaster.embedded_server') for one in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
