"""Who gets in: token, Host, Origin; where the server listens; starting and stopping."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

import aiohttp
import pytest

from fakes.waiting import PATIENCE
from fakes.wsjf import minimal, report_id
from stationmaster.embedded_server import EmbeddedServer, EmbeddedServerError, ServerSettings, serve
from stationmaster.embedded_server.server import DEFAULT_PORT, MAX_BODY

TOKEN = "c3RhdGlvbjpzZWNyZXQ="  # base64 of "station:secret"


def settings(
    folder: Path, *, host: str = "127.0.0.1", port: int = 0, token: str | None = None
) -> ServerSettings:
    return ServerSettings(database=folder / "s.db", host=host, port=port, token=token)


async def status_of(session: aiohttp.ClientSession, path: str, method: str = "GET", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with session.request(method, path, headers=named, allow_redirects=False) as answer:
        await answer.read()
        return answer.status


async def test_a_token_is_asked_for_on_every_api_route(tmp_path: Path) -> None:
    running = EmbeddedServer(settings(tmp_path, token=TOKEN))
    async with running as server, aiohttp.ClientSession(server.url) as session:
        for path in ("/api/App/Version", "/api/report/query/header", f"/api/Report/Wsjf/{report_id(1)}"):
            assert await status_of(session, path) == 401
        assert await status_of(session, "/api/Report/WSJF", "POST", Authorization="Basic x") == 401
        wrong = [
            "",
            "Basic",
            f"Bearer {TOKEN}",
            f"Basic {TOKEN}x",
            TOKEN,
            "Basic \u00e4\u00f6",
            "Basic  ",
        ]
        for given in wrong:
            assert await status_of(session, "/api/App/Version", Authorization=given) == 401, given
        for given in (f"Basic {TOKEN}", f"basic  {TOKEN} "):
            assert await status_of(session, "/api/App/Version", Authorization=given) == 200
        async with session.get("/api/App/Version") as answer:
            assert await answer.json() == {"message": "The token is missing or wrong."}
            assert "Date" in answer.headers


async def test_the_pages_need_no_token(tmp_path: Path) -> None:
    running = EmbeddedServer(settings(tmp_path, token=TOKEN))
    async with running as server, aiohttp.ClientSession(server.url) as session:
        headers = {"Authorization": f"Basic {TOKEN}"}
        async with session.post("/api/Report/WSJF", json=minimal(1), headers=headers) as answer:
            assert answer.status == 200
        for path in ("/", f"/report/{report_id(1)}", "/assets/style.css"):
            assert await status_of(session, path) == 200


async def test_without_a_token_any_is_taken(session: aiohttp.ClientSession) -> None:
    assert await status_of(session, "/api/App/Version", Authorization="Basic whatever") == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:1234", 200),
        ("LOCALHOST", 200),
        ("127.8.9.10:80", 200),
        ("[::1]:8080", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8080", 403),
        ("192.168.1.5", 403),
        ("[::2]", 403),
        ("0.0.0.0", 403),  # noqa: S104 - a Host that must be refused
        ("", 403),
    ],
)
async def test_only_requests_for_this_computer_are_answered(
    session: aiohttp.ClientSession, host: str, status: int
) -> None:
    for path in ("/", "/api/App/Version", "/assets/style.css"):
        assert await status_of(session, path, Host=host) == status


async def test_another_web_site_cannot_make_a_browser_write(
    server: EmbeddedServer, session: aiohttp.ClientSession
) -> None:
    path = "/api/Report/WSJF"
    assert await status_of(session, path, "POST", Origin="https://evil.example") == 403
    assert await status_of(session, path, "POST", Origin="null") == 403
    assert await status_of(session, path, "POST", Sec_Fetch_Site="cross-site") == 403
    assert await status_of(session, path, "POST", Origin=server.url) == 400  # an empty body, but let in
    assert await status_of(session, "/", Sec_Fetch_Site="cross-site") == 200  # a link on a page may lead here


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::", ""])  # noqa: S104 - must be refused
async def test_it_listens_on_this_computer_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(EmbeddedServerError, match="not its loopback address"):
        await EmbeddedServer(settings(tmp_path, host=host)).start()
    assert not (tmp_path / "s.db").exists()


@pytest.mark.parametrize(
    ("host", "url"), [("localhost", "http://127.0.0.1:"), ("127.0.0.2", "http://127.0.0.2:")]
)
async def test_loopback_names(tmp_path: Path, host: str, url: str) -> None:
    async with EmbeddedServer(settings(tmp_path, host=host)) as server:
        assert server.url.startswith(url)
        async with aiohttp.ClientSession(server.url) as session:
            assert await status_of(session, "/") == 200


async def test_the_ipv6_loopback(tmp_path: Path) -> None:
    server = EmbeddedServer(settings(tmp_path, host="::1"))
    try:
        await server.start()
    except EmbeddedServerError:
        pytest.skip("this machine has no IPv6 loopback")
    async with contextlib.aclosing(server), aiohttp.ClientSession(server.url) as session:
        assert server.url.startswith("http://[::1]:")
        assert await status_of(session, "/") == 200
        with pytest.raises(RuntimeError, match="started already"):
            await server.start()


async def test_a_port_that_is_taken_is_said(server: EmbeddedServer, tmp_path: Path) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(EmbeddedServerError, match=f"cannot listen on 127.0.0.1 port {port}"):
        await EmbeddedServer(settings(tmp_path, port=port)).start()
    with pytest.raises(EmbeddedServerError, match="cannot listen"):
        await EmbeddedServer(settings(tmp_path, port=70_000)).start()


async def test_stopping_twice_is_no_trouble_and_leaves_no_task(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    server = EmbeddedServer(settings(tmp_path))
    await server.aclose()
    await server.start()
    await server.aclose()
    await server.aclose()
    assert asyncio.all_tasks() == before


async def test_serve_tells_its_address_and_stops_on_the_event(tmp_path: Path) -> None:
    stop = asyncio.Event()
    addresses: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(settings(tmp_path), addresses.put_nowait, stop))
        async with asyncio.timeout(PATIENCE):
            url = await addresses.get()
        async with aiohttp.ClientSession(url) as session:
            assert await status_of(session, "/") == 200
        stop.set()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)


async def test_two_servers_may_share_a_database(tmp_path: Path) -> None:
    first, second = EmbeddedServer(settings(tmp_path)), EmbeddedServer(settings(tmp_path))
    async with first as one, second as two, aiohttp.ClientSession() as session:
        for number, server in enumerate((one, two, one)):
            async with session.post(f"{server.url}/api/Report/WSJF", json=minimal(number)) as answer:
                assert answer.status == 200
        async with session.get(f"{two.url}/api/Report/Query/Header?$orderby=timeStamp") as answer:
            assert [header["timeStamp"] for header in await answer.json()] == [1, 2, 3]


async def test_the_token_is_told_to_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    given = settings(tmp_path, token=TOKEN)
    async with EmbeddedServer(given) as server, aiohttp.ClientSession(server.url) as session:
        assert await status_of(session, "/api/App/Version", Authorization=f"Basic {TOKEN}") == 200
        assert await status_of(session, "/api/App/Version", Authorization="Basic wrong") == 401
        async with session.get("/") as answer:
            assert TOKEN not in await answer.text()
    assert TOKEN not in repr(given)
    assert TOKEN not in caplog.text


def test_the_defaults_are_those_of_the_documentation(tmp_path: Path) -> None:
    given = ServerSettings(database=tmp_path / "s.db")
    assert (given.host, given.port, given.token, given.max_body) == (
        "127.0.0.1",
        DEFAULT_PORT,
        None,
        MAX_BODY,
    )
    assert (DEFAULT_PORT, MAX_BODY) == (8080, 64 * 1024 * 1024)
