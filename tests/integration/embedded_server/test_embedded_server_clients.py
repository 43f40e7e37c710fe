"""Clients of the embedded server: they register, tell how they are, and take their leave."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes.wsjf import minimal
from stationmaster.embedded_server import EmbeddedServer, ServerSettings

TOKEN = "c3RhdGlvbjpzZWNyZXQ="  # base64 of "station:secret"
UPDATE: dict[str, Any] = {
    "name": "FCT-04",
    "location": "Hall 2",
    "status": "Online",
    "version": "1.2.3",
    "pendingTotal": 1234,
    "computer": {"osVersion": "An OS", "disks": []},
    "converters": [
        {"name": "wsjf<b>", "state": "Running", "version": "1", "total": 9, "error": 2, "unheardOf": 1}
    ],
}
XML = (
    '<miscinfo><Modules><version ModuleID="x" Major="5" Minor="1" Build="2" Revision="3"/></Modules>'
    '<converter name="old" state="Disabled" version="1" total="3" error="x" Path="C:\\In"/>'
    '<pending total="7"/><ClientStatus>Offline</ClientStatus></miscinfo>'
)


def basic(token: str) -> dict[str, str]:
    return {"Authorization": f"Basic {token}"}


def holds(folder: Path, words: str) -> bool:
    return any(words.encode() in one.read_bytes() for one in folder.iterdir())


async def call(
    session: aiohttp.ClientSession, method: str, path: str, token: str = TOKEN, **more: Any
) -> tuple[int, Any]:
    async with session.request(method, path, headers=basic(token), **more) as answer:
        text = await answer.text()
        return answer.status, (await answer.json() if answer.content_type == "application/json" else text)


async def register(session: aiohttp.ClientSession, name: str, **more: str) -> tuple[int, Any]:
    query = {"id": name, "type": "python", "name": "FCT-04", "location": "", "purpose": "", **more}
    return await call(session, "POST", "/api/Client/Register", params=query)


def token_of(name: str, passcode: str) -> str:
    return base64.b64encode(f"{name}:{passcode}".encode()).decode()


async def test_a_client_registers_tells_how_it_is_and_leaves(tmp_path: Path) -> None:
    settings = ServerSettings(database=tmp_path / "s.db", port=0, token=TOKEN)
    async with EmbeddedServer(settings) as server, aiohttp.ClientSession(server.url) as session:
        assert "No client is registered" in (await call(session, "GET", "/clients"))[1]
        status, passcode = await register(session, "PC-1")
        assert status == 200
        own = token_of("PC-1", passcode)
        assert (await call(session, "POST", "/api/Report/WSJF", own, json=minimal(1)))[0] == 200
        assert (await call(session, "PUT", "/api/client/UPDATE", own, json=UPDATE))[0] == 200
        page = (await call(session, "GET", "/clients"))[1]
        for words in ("FCT-04", "PC-1", "Hall 2", "Online", "1.2.3", "1,234", "9 files, 2 failed"):
            assert words in page
        assert "wsjf&lt;b&gt; 1: Running" in page
        older = {"name": "FCT-04", "miscinfo": XML}
        assert (await call(session, "POST", "/api/internal/Client/Update", own, json=older))[0] == 200
        page = (await call(session, "GET", "/clients"))[1]
        for words in ("5.1.2.3", ">7<", "old 1: Disabled, 3 files", "Offline"):
            assert words in page
        assert (await call(session, "PUT", "/api/Client/Update", own, json=UPDATE))[0] == 200
        path = "/api/internal/Auth/Disconnect"
        assert (await call(session, "GET", path, own, params={"id": "PC-2"}))[0] == 403
        assert (await call(session, "GET", path, own, params={"id": "pc-1"}))[0] == 200
        assert (await call(session, "GET", f"{path}/PC-1", own))[0] == 200
        assert "Offline" in (await call(session, "GET", "/clients"))[1]
    async with EmbeddedServer(settings) as server, aiohttp.ClientSession(server.url) as session:
        assert (await call(session, "GET", "/api/App/Version", own))[0] == 200, "it survives a restart"
    assert not holds(tmp_path, passcode), "a digest of it is kept"


async def test_registering_again_gives_the_same_client_another_passcode(
    session: aiohttp.ClientSession,
) -> None:
    _, first = await register(session, "PC-1")
    _, second = await register(session, "pc-1", location="Hall 3")
    assert first != second
    body = {**UPDATE, "location": "Hall 3"}
    assert (await call(session, "PUT", "/api/Client/Update", token_of("PC-1", first), json=body))[0] == 403
    assert (await call(session, "PUT", "/api/Client/Update", token_of("PC-1", second), json=body))[0] == 200
    page = (await call(session, "GET", "/clients"))[1]
    assert page.count('data-label="Client"') == 1
    assert "Hall 3" in page


async def test_what_cannot_be_registered_is_refused(session: aiohttp.ClientSession) -> None:
    _, passcode = await register(session, "PC-1")
    assert (await register(session, "PC-1", type="tester"))[0] == 409
    assert (await register(session, ""))[0] == 400
    assert (await register(session, "a:b"))[0] == 400
    query = {"id": "PC-2", "type": "python"}
    own = token_of("PC-1", passcode)
    assert (await call(session, "POST", "/api/Client/Register", own, params=query))[0] == 403


@pytest.mark.parametrize("body", ["", "[]", '{"pendingTotal": "x"}', '{"miscinfo": "<open>"}'])
async def test_a_body_that_is_none_is_refused(session: aiohttp.ClientSession, body: str) -> None:
    _, passcode = await register(session, "PC-1")
    own = token_of("PC-1", passcode)
    route = "/api/internal/Client/Update" if "misc" in body else "/api/Client/Update"
    method = "POST" if "misc" in body else "PUT"
    assert (await call(session, method, route, own, data=body))[0] == 400
    assert (await call(session, method, route, json=UPDATE))[0] == 403, "no client's token"
