"""`instance register`: with an agent and without; neither the register token nor the passcode shows."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule
from fakes.typed import Said, Typist
from stationmaster.embedded_server import EmbeddedServer, ServerSettings
from stationmaster.secrecy import halves

REGISTER = "cmVnaXN0ZXI6cGxhbnRlZC1zZWNyZXQ="  # base64 of "register:planted-secret"
HOST = socket.gethostname().upper()
FILE = {"secrets.store": "file"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A server that registers whoever has the register token."""
    settings = ServerSettings(database=tmp_path / "server" / "s.db", port=0, token=REGISTER)
    async with EmbeddedServer(settings) as running:
        yield running


async def register(typist: Typist, name: str, *more: str, given: str = REGISTER) -> Said:
    return await typist.type("instance", "register", name, "--token-stdin", *more, given=f"{given}\n")


def token(typist: Typist, name: str) -> str:
    return typist.hosted.home.token_file(name).read_text().strip()


def traces(root: Path, *words: str) -> list[str]:
    """Names of the files below `root` that hold any of these words."""
    return sorted(
        one.name
        for one in root.rglob("*")
        if one.is_file() and any(word.encode() in one.read_bytes() for word in words)
    )


@pytest.mark.parametrize("online", [False, True])
async def test_an_instance_gets_a_token_of_its_own(
    alone: Typist, server: EmbeddedServer, caplog: pytest.LogCaptureFixture, *, online: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    hosted, said = alone.hosted, []
    for name in ("line1", "line2"):
        hosted.store.add(name, server.url, [], FILE)
    if online:
        await hosted.start()
        async with alone.agent():
            said = [await register(alone, name) for name in ("line1", "line2", "line1")]
    else:
        said = [await register(alone, name) for name in ("line1", "line2", "line1")]
    assert [one.code for one in said] == [0, 0, 0], said
    assert f'as the client "{HOST}-line1"' in said[0].talk
    for name in ("line1", "line2"):
        user, passcode = halves(token(alone, name))
        assert user == f"{HOST}-{name}" == hosted.store.load(name).station.client_id
        found = traces(hosted.root, passcode, REGISTER, "planted-secret")
        assert found == [], "the token file holds it as base64 only"
        assert traces(hosted.root, token(alone, name)) == ["token"]
        for text in (caplog.text, *(one.out + one.talk for one in said)):
            assert not [one for one in (passcode, token(alone, name), REGISTER, "planted") if one in text]
    assert "client_id" not in (await alone.type("instance", "export", "line1")).out


async def test_the_id_can_be_chosen_and_is_kept(alone: Typist, server: EmbeddedServer) -> None:
    alone.hosted.store.add("line1", server.url, [], FILE)
    assert (await register(alone, "line1", "--client-id", "FCT 7")).code == 0
    assert (await register(alone, "line1")).code == 0
    assert halves(token(alone, "line1"))[0] == "FCT 7"
    wrong = await register(alone, "line1", "--client-id", "a:b")
    assert wrong.code == 2
    assert "station.client_id" in wrong.talk


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, 4, "does not accept the register token"),
        (403, 4, "does not let this token register clients"),
        (404, 4, "does not register clients"),
        (409, 1, "belongs to another type of client"),
    ],
)
async def test_a_refusal_changes_nothing(
    alone: Typist, oracle: Oracle, status: int, code: int, words: str, *, online: bool
) -> None:
    hosted = alone.hosted
    hosted.store.add("line1", oracle.url, [], FILE)
    oracle.script.rules[:] = [
        Rule(behaviour=Behaviour(act=Act.STATUS, status=status, text=f"no {REGISTER}"), route="any")
    ]
    before = hosted.home.instance_file("line1").read_text()
    if online:
        await hosted.start()
        async with alone.agent():
            said = await register(alone, "line1")
    else:
        said = await register(alone, "line1")
    assert words in said.talk
    assert REGISTER not in said.talk
    assert said.code == code or online
    assert said.code
    assert not hosted.home.token_file("line1").exists()
    if not online:
        assert hosted.home.instance_file("line1").read_text() == before


async def test_where_the_token_could_not_be_kept_nobody_is_registered(alone: Typist, oracle: Oracle) -> None:
    alone.hosted.store.add("line1", oracle.url, [], {"secrets.store": "environment"})
    said = await register(alone, "line1")
    assert said.code == 2
    assert "STATIONMASTER_TOKEN_LINE1" in said.talk
    assert oracle.seen == []


async def test_a_token_is_asked_for(alone: Typist, server: EmbeddedServer) -> None:
    alone.hosted.store.add("line1", server.url, [], FILE)
    said = await alone.type("instance", "register", "line1")
    assert said.code == 2
    assert "--token-stdin" in said.talk
    assert (await register(alone, "line9")).code == 2
    assert (await register(alone, "line1", given="two words")).code == 2
