"""What the control channel refuses, and that each refusal is an answer in words."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stationmaster.control import protocol
from stationmaster.control.protocol import MAX_BODY
from stationmaster.control.routes import ROUTES
from stationmaster.control.server import ControlServer
from stationmaster.control.transport import bind_unix

if TYPE_CHECKING:
    from fakes.channel import Channel

VERSION = {protocol.VERSION_HEADER: "1"}


@pytest.mark.parametrize("header", ["Origin", "Referer"])
@pytest.mark.parametrize("value", ["http://evil.example", "null", ""])
async def test_a_web_page_may_not_use_it(channel: Channel, header: str, value: str) -> None:
    status, body = await channel.ask("POST", "/v1/shutdown", headers={**VERSION, header: value})
    assert (status, body["code"]) == (403, "forbidden")
    assert not channel.hosted.agent.stop_requested


@pytest.mark.parametrize("headers", [{}, {protocol.VERSION_HEADER: "2"}, {protocol.VERSION_HEADER: ""}])
async def test_another_version_is_refused_on_each_route(channel: Channel, headers: dict[str, str]) -> None:
    for method, route, *_ in ROUTES:
        if route == "/v1/shutdown" and headers.get(protocol.VERSION_HEADER):
            continue
        path = route.format(name="line1", id=1, source="db")
        status, body = await channel.ask(method, path, b"{}", headers)
        assert (status, body["code"]) == (426, "protocol")
        assert body["text"]
    assert not channel.hosted.agent.stop_requested


async def test_another_version_may_end_it(channel: Channel) -> None:
    status, _ = await channel.ask("POST", "/v1/shutdown", headers={protocol.VERSION_HEADER: "2"})
    assert status == 204
    assert channel.hosted.agent.stop_requested


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"patch": 5}', b"\xff\xfe", b'{"patch":' * 2000, b'{"a":"\xff"}']
)
async def test_a_body_that_is_none(channel: Channel, body: bytes) -> None:
    status, answer = await channel.ask("PATCH", "/v1/instances/line1", body)
    assert (status, answer["code"]) == (400, "usage")


async def test_a_patch_nested_hundreds_deep(channel: Channel) -> None:
    deep = b'{"patch":{"watch":' + b"[" * 900 + b"]" * 900 + b"}}"
    status, answer = await channel.ask("PATCH", "/v1/instances/line1", deep)
    assert (status, answer["code"]) == (400, "usage")


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("GET", "/"),
        ("GET", "/v1/nothing"),
        ("DELETE", "/v1/status"),
        ("GET", "/v2/status"),
        ("POST", "/v1/instances/line1/entries/1"),
        ("GET", "/v1/instances/../../etc/passwd"),
    ],
)
async def test_a_route_that_is_none(channel: Channel, method: str, route: str) -> None:
    status, body = await channel.ask(method, route)
    assert (status, body["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("POST", "/v1/instances/nobody/pause"),
        ("POST", "/v1/instances/nobody/resume"),
        ("POST", "/v1/instances/nobody/drain"),
        ("POST", "/v1/instances/nobody/send"),
        ("GET", "/v1/instances/nobody/entries"),
        ("POST", "/v1/submit?instance=nobody"),
    ],
)
async def test_an_instance_that_is_not_there(channel: Channel, method: str, route: str) -> None:
    body = channel.hosted.wsjf() if "submit" in route else b"{}"
    status, answer = await channel.ask(method, route, body)
    assert (status, answer["code"]) == (404, "not-found")
    assert "line1" in answer["next_step"]


@pytest.mark.parametrize("name", ["..", "%2e%2e", "a%2Fb", "%00", "nobody", "con", "x" * 300])
async def test_a_name_that_is_none(channel: Channel, name: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        status, answer = await channel.ask(method, f"/v1/instances/{name}", b'{"patch":{}}')
        assert status in {400, 404}
        assert answer["text"]
    assert channel.hosted.store.names() == ("line1",)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("state=lost", "queued"),
        ("limit=many", "limit must be a whole number"),
        ("before=%F0%9F", "before must be a whole number"),
    ],
)
async def test_a_query_that_is_wrong(channel: Channel, query: str, says: str) -> None:
    status, answer = await channel.ask("GET", f"/v1/instances/line1/entries?{query}")
    assert (status, answer["code"]) == (400, "usage")
    assert says in answer["text"]


@pytest.mark.parametrize("number", ["99999999999999999999", "-99999999999999999999", "0", "7"])
async def test_an_entry_that_is_not_there(channel: Channel, number: str) -> None:
    for rest in ("", "/payload"):
        status, answer = await channel.ask("GET", f"/v1/instances/line1/entries/{number}{rest}")
        assert (status, answer["code"]) == (404, "not-found")
    assert (await channel.ask("GET", f"/v1/instances/line1/entries?before={number}"))[0] == 200


async def test_a_body_that_is_too_large_is_refused_before_it_is_there(channel: Channel) -> None:
    headers = {**VERSION, "Content-Length": str(MAX_BODY + 1)}
    status, answer = await channel.ask("POST", "/v1/submit?instance=line1", b"x" * 100_000, headers)
    assert (status, answer["code"]) == (413, "too-large")
    assert "watch folder" in answer["next_step"]


async def test_dismissing_wants_a_list_or_all(channel: Channel) -> None:
    status, answer = await channel.ask("POST", "/v1/instances/line1/entries/dismiss", b'{"ids":["7"]}')
    assert (status, answer["code"]) == (400, "usage")


@pytest.mark.parametrize("bytes_", [b"\x16\x03\x01\x02\x00", b"GET /" + b"x" * 100_000])
async def test_what_is_no_http_ends_the_connection_only(channel: Channel, bytes_: bytes) -> None:
    await channel.raw(bytes_ + b"\r\n\r\n")
    assert (await channel.ask("GET", "/v1/status"))[0] == 200


async def test_many_that_never_finish_their_request_hold_nobody_up(channel: Channel) -> None:
    idle = [await asyncio.open_unix_connection(channel.path) for _ in range(100)]
    for _, writer in idle:
        writer.write(b"POST /v1/submit HTTP/1.1\r\nHost: agent\r\n")
    assert (await channel.ask("GET", "/v1/status"))[0] == 200
    for _, writer in idle:
        writer.close()


async def test_the_socket_is_its_owners_alone(channel: Channel) -> None:
    path = Path(channel.path)
    found, folder = await asyncio.to_thread(path.lstat), await asyncio.to_thread(path.parent.stat)
    assert stat.S_ISSOCK(found.st_mode)
    assert (found.st_mode & 0o777, folder.st_mode & 0o777) == (0o600, 0o700)


async def test_a_socket_that_a_killed_agent_left_is_taken_over(channel: Channel, tmp_path: Path) -> None:
    stale = tmp_path / "agent.sock"
    bind_unix(stale).close()
    async with ControlServer(channel.hosted.agent, str(stale)):
        assert (await type(channel)(channel.hosted, str(stale)).ask("GET", "/v1/status"))[0] == 200
    assert not stale.exists()
