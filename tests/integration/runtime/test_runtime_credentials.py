"""Tokens: where they come from, what is told when there is none, and how each trouble heals."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fakes.hosted import TOKEN, Hosted, ids
from fakes.oracle import Oracle
from stationmaster.config.secrets import variable
from stationmaster.deliver.gate import Gate
from stationmaster.errors import ConfigError, NeedsUserError
from stationmaster.model import Lifecycle, Link, ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")


async def test_without_a_token_reports_wait_and_go_once_there_is_one(hosted: Hosted, oracle: Oracle) -> None:
    oracle.token = TOKEN
    folder = await hosted.line("line1", oracle, token="")
    async with hosted:
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.agent.supervisors and hosted.waiting("line1") == 1)
        await hosted.until(lambda: hosted.problem(ProblemCode.TOKEN_MISSING))
        assert hosted.instance("line1").link is not Link.ONLINE
        with pytest.raises(ConfigError):
            await hosted.agent.set_token("line1", "two words")
        await hosted.agent.set_token("line1", TOKEN)
        await hosted.moment(lambda: ids(oracle) == [name])
        await hosted.until(lambda: not hosted.problem(ProblemCode.TOKEN_MISSING))
        assert (await hosted.entries("line1"))[0].attempts <= 1
    assert [one.authorization for one in oracle.submits()] == [f"Basic {TOKEN}"]


async def test_a_token_that_is_replaced_by_hand_is_found(hosted: Hosted, oracle: Oracle) -> None:
    oracle.token = "bmV3OnRva2Vu"
    folder = await hosted.line("line1", oracle)
    async with hosted:
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.problem(ProblemCode.LOGIN_REFUSED))
        assert hosted.instance("line1").link is Link.NEEDS_LOGIN
        hosted.home.token_file("line1").write_text(f"{oracle.token}\n")
        await hosted.until(lambda: ids(oracle) == [name])
        assert not hosted.problem(ProblemCode.LOGIN_REFUSED)


async def test_a_token_file_that_others_may_read_is_not_used(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    token = hosted.home.token_file("line1")
    token.chmod(0o644)
    async with hosted:
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.problem(ProblemCode.TOKEN_MISSING))
        problem = hosted.problem(ProblemCode.TOKEN_MISSING)
        assert problem is not None
        assert f"chmod 600 {token}" in problem.next_step
        assert TOKEN not in str(hosted.agent.status())
        token.chmod(0o600)
        await hosted.until(lambda: ids(oracle) == [name])
        await hosted.until(lambda: not hosted.problem(ProblemCode.TOKEN_MISSING))


@pytest.mark.parametrize("store", ["auto", "environment"])
async def test_a_token_comes_from_the_environment(hosted: Hosted, oracle: Oracle, store: str) -> None:
    hosted.env = {variable("line1"): "ZW52Om9uZQ=="}
    folder = await hosted.line("line1", oracle, token="", patch={"secrets.store": store})
    async with hosted:
        name = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [name])
        with pytest.raises(ConfigError, match="environment variable"):
            await hosted.agent.set_token("line1", TOKEN)
    assert oracle.submits()[-1].authorization == "Basic ZW52Om9uZQ=="


@pytest.mark.parametrize("store", ["auto", "credential"])
async def test_a_token_comes_from_a_systemd_credential(hosted: Hosted, oracle: Oracle, store: str) -> None:
    folder = await hosted.line("line1", oracle, token="", patch={"secrets.store": store})
    credentials = hosted.root / "credentials"
    credentials.mkdir()
    (credentials / "stationmaster-line1").write_text("Y3JlZDpvbmU=\n")
    hosted.env = {"CREDENTIALS_DIRECTORY": str(credentials), variable("line1"): "ZW52Om9uZQ=="}
    async with hosted:
        name = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [name])
        with pytest.raises(ConfigError, match="systemd credential"):
            await hosted.agent.set_token("line1", TOKEN)
    assert oracle.submits()[-1].authorization == "Basic Y3JlZDpvbmU="


async def test_a_keyring_that_never_answered_is_told_and_holds_the_uploads_only(
    hosted: Hosted, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_keyring(monkeypatch, hosted.root)
    folder = await hosted.line("line1", oracle, token="", patch={"secrets.store": "keyring"})
    async with hosted:
        hosted.drop(folder)
        await hosted.until(lambda: hosted.agent.supervisors and hosted.waiting("line1") == 1)
        await hosted.until(lambda: hosted.problem(ProblemCode.KEYRING_UNAVAILABLE))
        problems = [
            one for one in hosted.agent.status().problems if one.code is ProblemCode.KEYRING_UNAVAILABLE
        ]
        assert len(problems) == 1  # the store's and the uploader's are one
        assert problems[0].instance == "line1"
        with pytest.raises(NeedsUserError):
            await hosted.agent.set_token("line1", TOKEN)
        await hosted.agent.configure("line1", {"secrets.store": "file"})
        await hosted.agent.set_token("line1", TOKEN)
        await hosted.until(lambda: len(ids(oracle)) == 1)
        assert not hosted.problem(ProblemCode.KEYRING_UNAVAILABLE)


async def test_a_keyring_that_goes_later_stops_no_upload(
    hosted: Hosted, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token that was read before goes on being used, also by an instance that begins anew."""
    env = {variable("line1"): TOKEN}
    hosted.env = env
    oracle.token = TOKEN
    _no_keyring(monkeypatch, hosted.root)
    folder = await hosted.line("line1", oracle, token="", patch={"secrets.store": "auto"})
    async with hosted:
        name = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [name])
        env.clear()  # from now on only the keyring is left to ask, and it does not answer
        hosted.agent.restart("line1")
        other = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [name, other])
        assert not hosted.problem(ProblemCode.KEYRING_UNAVAILABLE)
        assert hosted.instance("line1").link is Link.ONLINE
        with pytest.raises(NeedsUserError, match="keyring"):
            await hosted.agent.set_token("line1", "b3RoZXI6b25l")
        refused = hosted.problem(ProblemCode.KEYRING_UNAVAILABLE)
        assert refused is not None
        assert (refused.title, refused.instance) == ("The new token could not be stored", "line1")
        env[variable("line1")] = TOKEN  # something answers again
        await hosted.until(lambda: not hosted.problem(ProblemCode.KEYRING_UNAVAILABLE))


async def test_an_instance_is_removed_although_its_keyring_does_not_answer(
    hosted: Hosted, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_keyring(monkeypatch, hosted.root)
    await hosted.line("line1", oracle, token="", patch={"secrets.store": "keyring"})
    async with hosted:
        note = await hosted.agent.remove("line1")
        assert note.startswith("Its token, if there was one, was not removed.")
        assert hosted.store.names() == ()


async def test_two_instances_with_one_token_share_a_gate_until_one_gets_another(
    hosted: Hosted, oracle: Oracle
) -> None:
    for name in ("line1", "line2"):
        await hosted.line(name, oracle, patch={"upload.mode": "fixed", "upload.max_concurrent": 4})
    async with hosted:
        await hosted.running("line1", "line2")
        assert _gate(hosted, "line1") is _gate(hosted, "line2")
        await hosted.agent.set_token("line2", "b3RoZXI6b25l")
        assert _gate(hosted, "line1") is not _gate(hosted, "line2")
        names = {hosted.drop(hosted.folder("line1")), hosted.drop(hosted.folder("line2"))}
        await hosted.until(lambda: set(ids(oracle)) == names)
    used = {one.report_id: one.authorization for one in oracle.submits()}
    assert set(used.values()) == {f"Basic {TOKEN}", "Basic b3RoZXI6b25l"}


def _no_keyring(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """The keyring's child finds no session to ask."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={root}/nobody")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(root))


async def test_a_keyring_that_hangs_keeps_no_agent_from_stopping(
    hosted: Hosted, oracle: Oracle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its session takes the call and never answers; the stop's budget is shorter than the call's limit."""
    place = f"{hosted.root}/bus"
    waiting: list[asyncio.StreamWriter] = []
    bus = await asyncio.start_unix_server(lambda _, writer: waiting.append(writer), place)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={place}")
    await hosted.line("line1", oracle, token="", patch={"secrets.store": "keyring"})
    hosted.home.agent_file.write_text("shutdown_budget = 1.0\n")
    async with bus, hosted:
        await hosted.moment(lambda: waiting, what="the call")
        assert hosted.lifecycle("line1") is Lifecycle.STARTING
        await hosted.stop()
        assert "did not stop in time" in caplog.text
        for writer in waiting:
            writer.close()


def _gate(hosted: Hosted, name: str) -> Gate:
    parts = hosted.supervisor(name).instance._parts
    assert parts is not None
    return parts.uploader._gate
