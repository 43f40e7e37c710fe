"""`instance register`: with an agent and without; neither the register token nor the passcode shows."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.hosted import TOKEN
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule
from fakes.typed import Said, Typist
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.embedded_server import EmbeddedServer, ServerSettings
from stationmaster.secrecy import halves

REGISTER = "cmVnaXN0ZXI6cGxhbnRlZC1zZWNyZXQ="  # base64 of "register:planted-secret"
HOST = socket.gethostname().upper()
FILE = {"secrets.store": "file"}
WANTED = (("line1",), ("line2",), ("line1", "--replace"))


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
            said = [await register(alone, *words) for words in WANTED]
    else:
        said = [await register(alone, *words) for words in WANTED]
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
    assert (await register(alone, "line1", "--replace")).code == 0
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


@pytest.mark.parametrize("online", [False, True])
async def test_a_token_that_is_there_is_replaced_only_where_that_is_asked_for(
    alone: Typist, server: EmbeddedServer, *, online: bool
) -> None:
    hosted = alone.hosted
    hosted.store.add("line1", server.url, [], FILE)
    await SecretStore(hosted.home, hosted.store.load).set("line1", Secret(TOKEN))
    async with contextlib.AsyncExitStack() as stack:
        if online:
            await hosted.start()
            await stack.enter_async_context(alone.agent())
        refused = await register(alone, "line1")
        assert "holds a token already" in refused.talk
        assert "--replace" in refused.talk
        assert refused.code == 2
        assert token(alone, "line1") == TOKEN
        assert hosted.store.load("line1").station.client_id == ""
        assert (await register(alone, "line1", "--replace")).code == 0
    assert halves(token(alone, "line1"))[0] == f"{HOST}-line1"


async def test_the_old_token_stays_where_the_server_refuses(alone: Typist, oracle: Oracle) -> None:
    hosted = alone.hosted
    hosted.store.add("line1", oracle.url, [], FILE)
    await SecretStore(hosted.home, hosted.store.load).set("line1", Secret(TOKEN))
    oracle.script.rules[:] = [Rule(behaviour=Behaviour(act=Act.STATUS, status=401, text="no"), route="any")]
    assert (await register(alone, "line1", "--replace")).code == 4
    assert token(alone, "line1") == TOKEN


async def test_a_store_that_takes_nothing_is_known_before_the_server_is_asked(
    alone: Typist, oracle: Oracle
) -> None:
    hosted = alone.hosted
    hosted.store.add("line1", oracle.url, [], FILE)
    await SecretStore(hosted.home, hosted.store.load).set("line1", Secret(TOKEN))
    (hosted.home.instance_dir("line1") / ".token.tmp").mkdir()  # where the file would be written
    said = await register(alone, "line1", "--replace")
    assert said.code == 2
    assert "cannot be written" in said.talk
    assert oracle.seen == []
    assert token(alone, "line1") == TOKEN


# ---------------------------------------------------------------- by a provisioning file
def rollout(root: Path, url: str, *, secrets: str = "") -> str:
    """A provisioning file with two instances."""
    file = root / "all.toml"
    file.write_text(
        f'[defaults.server]\nurl = "{url}"\n[defaults.secrets]\nstore = "file"\n{secrets}'
        "[instances.line1]\n[instances.line2]\n"
    )
    return str(file)


@pytest.mark.parametrize("online", [False, True])
async def test_provisioning_registers_each_instance_that_holds_no_token_once(
    alone: Typist, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, online: bool
) -> None:
    hosted = alone.hosted
    monkeypatch.setenv("WATS_REGISTER", REGISTER)
    words = ("provision", rollout(tmp_path, server.url), "--register", "*=env:WATS_REGISTER")
    async with contextlib.AsyncExitStack() as stack:
        if online:
            await hosted.start()
            await stack.enter_async_context(alone.agent())
        dry = await alone.type(*words, "--dry-run")
        assert dry.out.splitlines() == ["line1: made; token registered", "line2: made; token registered"]
        assert not hosted.store.names()
        first = await alone.type(*words)
        assert (first.code, first.out) == (0, dry.out), first.talk
        kept = [token(alone, name) for name in ("line1", "line2")]
        again = await alone.type(*words)
        assert again.out.splitlines() == [
            "line1: unchanged; token unchanged",
            "line2: unchanged; token unchanged",
        ]
        assert "Nothing to change." in again.talk
    assert [token(alone, name) for name in ("line1", "line2")] == kept
    assert [halves(one)[0] for one in kept] == [f"{HOST}-line1", f"{HOST}-line2"]
    assert not traces(hosted.root / "home", REGISTER, "planted-secret")


async def test_the_file_may_name_the_variable_which_is_needed_once(
    alone: Typist, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = rollout(tmp_path, server.url, secrets='register_variable = "WATS_REGISTER"\n')
    missing = await alone.type("provision", file)
    assert missing.code == 2
    assert "WATS_REGISTER" in missing.talk
    assert not alone.hosted.store.names(), "nothing is written then"
    monkeypatch.setenv("WATS_REGISTER", REGISTER)
    assert (await alone.type("provision", file)).out.count("token registered") == 2
    monkeypatch.delenv("WATS_REGISTER")
    again = await alone.type("provision", file)
    assert (again.code, again.out.count("token unchanged")) == (0, 2)
    both = await alone.type("provision", file, "--token", "line1=stdin", given=f"{TOKEN}\n")
    assert both.code == 0, "a token that is handed over goes before"
    assert token(alone, "line1") == TOKEN


async def test_what_is_not_registered_is_told_and_the_next_run_does_it(
    alone: Typist, server: EmbeddedServer, tmp_path: Path
) -> None:
    file = rollout(tmp_path, server.url)
    wrong = await alone.type("provision", file, "--register", "line1=stdin", given=f"{TOKEN}\n")
    assert wrong.code == 4
    assert "line1: made; token not registered; The server does not accept the register token" in wrong.out
    assert "line2: made" in wrong.out
    assert alone.hosted.store.names() == ("line1", "line2")
    right = await alone.type("provision", file, "--register", "line1=stdin", given=f"{REGISTER}\n")
    assert (right.code, right.out.splitlines()) == (
        0,
        ["line1: changed; token registered", "line2: unchanged"],
    )
