"""Who may do what over the control channel: told by the system, per connection."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.hosted import Hosted
from fakes.waiting import PATIENCE
from stationmaster.control import protocol
from stationmaster.control.client import ControlClient
from stationmaster.control.routes import ROUTES, Right
from stationmaster.control.server import ControlServer
from stationmaster.control.transport import bind_unix
from stationmaster.errors import ControlError, NoAgentError

if sys.platform == "win32":
    pytest.skip("users of Unix", allow_module_level=True)
if os.geteuid() != 0:
    pytest.skip("only root can take on another user's rights", allow_module_level=True)

NOBODY = pwd.getpwnam("nobody")
GROUP = "nogroup"


@contextmanager
def as_nobody() -> Iterator[None]:
    """Until the end this process has nobody's rights; what it connects or listens to is nobody's."""
    os.setegid(NOBODY.pw_gid)
    os.seteuid(NOBODY.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that every user may walk through, as /run is."""
    with tempfile.TemporaryDirectory(prefix="sm-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
async def hosted(root: Path) -> AsyncIterator[Hosted]:
    """An agent whose control channel the group may use."""
    async with Hosted(root) as station:
        station.home.run.parent.chmod(0o755)
        os.chown(station.home.run, 0, NOBODY.pw_gid)
        station.home.run.chmod(0o750)
        async with ControlServer(station.agent, station.home.socket, group=GROUP):
            yield station


async def ask(path: str, method: str, route: str, body: str = "{}") -> tuple[int, str]:
    """A request from a member of the group: status and body of the answer."""
    peer = socket.socket(socket.AF_UNIX)
    with as_nobody():
        peer.connect(path)
    reader, writer = await asyncio.open_unix_connection(sock=peer)
    writer.write(
        f"{method} {route} HTTP/1.1\r\nHost: agent\r\n{protocol.VERSION_HEADER}: 1\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    async with asyncio.timeout(PATIENCE):
        head, _, rest = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    return int(head.split()[1]), rest


async def test_a_member_of_the_group_may_look_and_submit(hosted: Hosted) -> None:
    path = hosted.home.socket
    assert (await ask(path, "GET", "/v1/status"))[0] == 200
    hosted.store.add("L1", "http://127.0.0.1:9")
    await hosted.agent.reload()
    await hosted.until(lambda: hosted.agent.supervisors["L1"].instance.spool is not None)
    status, body = await ask(path, "POST", "/v1/submit?instance=L1", hosted.wsjf().decode())
    assert status == 200, body
    assert (await ask(path, "POST", "/v1/instances/L1/pause"))[0] == 204
    assert (await ask(path, "POST", "/v1/instances/L1/resume"))[0] == 204


@pytest.mark.parametrize(
    ("method", "route"), [(method, route) for method, route, _, right in ROUTES if right is Right.ADMINISTER]
)
async def test_a_member_of_the_group_may_not_administer(hosted: Hosted, method: str, route: str) -> None:
    hosted.store.add("L1", "http://127.0.0.1:9")
    before = hosted.store.load("L1")
    status, body = await ask(
        hosted.home.socket,
        method,
        route.replace("{name}", "L1"),
        '{"name":"L2","server":"http://127.0.0.1:1","patch":{"server.url":"http://127.0.0.1:1/"},"token":"x"}',
    )
    assert status == 403
    assert "administrator" in body
    assert hosted.store.load("L1") == before
    assert hosted.store.names() == ("L1",)
    assert not hosted.agent.stop_requested


async def test_who_dismisses_is_told_by_the_system(hosted: Hosted) -> None:
    hosted.store.add("L1", "http://127.0.0.1:9", [hosted.watch(hosted.folder("L1"))])
    await hosted.agent.reload()
    (hosted.folder("L1") / "bad.json").write_text('{"no": "report"}')
    await hosted.until(lambda: hosted.agent.status().instances[0].counts.error == 1)
    assert (
        await ask(
            hosted.home.socket, "POST", "/v1/instances/L1/entries/dismiss", '{"all":true,"by":"the boss"}'
        )
    )[0] == 200
    async with ControlClient(hosted.home.socket) as client:
        (entry,) = await client.entries("L1")
    assert entry.dismissed_by == "nobody"


async def test_an_outsider_does_not_reach_the_socket(hosted: Hosted) -> None:
    os.chown(hosted.home.run, 0, 0)
    peer = socket.socket(socket.AF_UNIX)
    with as_nobody(), pytest.raises(PermissionError):
        peer.connect(hosted.home.socket)
    peer.close()


def test_a_group_that_is_not_there_leaves_the_socket_to_its_owner(root: Path) -> None:
    bind_unix(root / "a.sock", group="no-such-group").close()
    assert (root / "a.sock").stat().st_mode & 0o777 == 0o600
    bind_unix(root / "b.sock", group=GROUP).close()
    found = (root / "b.sock").stat()
    assert (found.st_mode & 0o777, found.st_gid) == (0o660, NOBODY.pw_gid)


@pytest.fixture
def service(root: Path) -> Iterator[Path]:
    """The socket of an agent that runs under an account of its own."""
    folder = root / "stationmaster"
    folder.mkdir(mode=0o750)
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    with as_nobody():
        listener = bind_unix(folder / "agent.sock")
    yield folder / "agent.sock"
    listener.close()


async def test_an_agent_under_the_account_that_root_gave_the_folder_to_is_trusted(service: Path) -> None:
    async with ControlClient(str(service), timeout=0.2) as client:
        with pytest.raises(ControlError, match="did not answer"):
            await client.status()


async def test_an_agent_in_a_folder_that_anybody_could_have_made_is_not(service: Path) -> None:
    service.parent.parent.chmod(0o1777)
    with pytest.raises(NoAgentError, match="nothing was sent"):
        async with ControlClient(str(service)):
            pass
