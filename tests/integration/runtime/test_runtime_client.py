"""A registered client tells its server how it is; it disturbs nothing, whatever the server makes of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from fakes.hosted import TOKEN, Hosted, ids
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.embedded_server import EmbeddedServer, ServerSettings
from stationmaster.embedded_server.client import Client, all_of_them
from stationmaster.embedded_server.schema import connect
from stationmaster.runtime.heartbeat import AGAIN, EVERY
from stationmaster.wats.registration import token_of

OWN = token_of("PC-1", "passcode")


def listed(database: Path) -> Client:
    """The only client, as the server has it on disk."""
    connection = connect(database)
    try:
        (found,) = all_of_them(connection)
    finally:
        connection.close()
    return found


def updates(oracle: Oracle) -> list[str]:
    """Requests about the client, in order."""
    paths = ("/api/Client", "/api/internal/Auth")
    return [f"{seen.method} {seen.path}" for seen in oracle.seen if seen.path.startswith(paths)]


def takes(*rules: Rule) -> list[Rule]:
    """Rules of a server that takes what its clients tell."""
    return [*rules, Rule(behaviour=Behaviour(act=Act.STATUS, status=200, text="{}"), route="client")]


async def client_of(hosted: Hosted, oracle: Oracle, *, token: str = OWN, **patch: Any) -> Path:
    return await hosted.line("line1", oracle, token=token, patch={"station.client_id": "PC-1", **patch})


async def test_an_update_has_true_counts(hosted: Hosted, tmp_path: Path) -> None:
    database = tmp_path / "server" / "s.db"
    async with EmbeddedServer(
        ServerSettings(database=database, port=0, token=TOKEN), clock=hosted.clock
    ) as server:
        folder = hosted.folder("line1")
        hosted.store.add(
            "line1", server.url, [hosted.watch(folder, "wsjf", include=["*.json"])], {"secrets.store": "file"}
        )
        async with hosted:
            await hosted.running("line1")
            assert await hosted.agent.register("line1", TOKEN, client_id="PC-1") == "PC-1"
            await hosted.until(lambda: listed(database).status == "Online")
            assert listed(database).told.computer["computerName"]
            for _ in range(3):
                hosted.drop(folder)
            hosted.spoil(folder)
            await hosted.until(lambda: hosted.completed("line1") == 3)
            await hosted.until(lambda: hosted.instance("line1").counts.error == 1)
            await hosted.until(lambda: listed(database).told.converters[0].total == 4, step=EVERY / 20)
            (converter,) = listed(database).told.converters
            assert (converter.name, converter.state, converter.error) == ("wsjf", "Running", 1)
            assert converter.path == str(folder)
            await hosted.agent.configure("line1", {"paused_until": "9999-01-01T00:00:00Z"})
            hosted.drop(folder)
            await hosted.until(lambda: hosted.waiting("line1") == 1)
            await hosted.until(lambda: listed(database).told.pending_total == 1, step=EVERY / 20)
        found = listed(database)
        assert (found.status, found.told.pending_total) == ("Offline", 1)
        assert found.told.version.replace(".", "").isdecimal()


async def test_it_takes_its_leave(hosted: Hosted, oracle: Oracle) -> None:
    oracle.script.rules[:] = takes()
    await client_of(hosted, oracle)
    async with hosted:
        await hosted.until(lambda: updates(oracle))
    assert updates(oracle) == [
        "PUT /api/Client/Update",
        "PUT /api/Client/Update",
        "GET /api/internal/Auth/Disconnect?id=PC-1",
    ]


@pytest.mark.parametrize("reason", ["switched off", "token of the Control Panel", "not registered"])
async def test_nothing_is_told_where_there_is_nobody_to_tell_of(
    hosted: Hosted, oracle: Oracle, reason: str
) -> None:
    oracle.script.rules[:] = takes()
    off, panel, unknown = (
        reason == one for one in ("switched off", "token of the Control Panel", "not registered")
    )
    patch: dict[str, Any] = {"server.client_info": not off}
    if unknown:
        patch["station.client_id"] = ""
    folder = await client_of(hosted, oracle, token=TOKEN if panel else OWN, **patch)
    async with hosted:
        hosted.drop(folder)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        await hosted.clock.advance(EVERY * 2)
        await hosted.moment(lambda: True)
    assert updates(oracle) == []


async def test_a_server_without_the_route_is_left_alone_until_a_new_token_comes(
    hosted: Hosted, oracle: Oracle, caplog: pytest.LogCaptureFixture
) -> None:
    folder = await client_of(hosted, oracle)
    async with hosted:
        await hosted.until(lambda: len(updates(oracle)) == 1)
        for _ in range(5):
            await hosted.clock.advance(EVERY)
        hosted.drop(folder)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        assert len(updates(oracle)) == 1
        await hosted.agent.set_token("line1", OWN)
        await hosted.moment(lambda: len(updates(oracle)) == 2)
        assert hosted.agent.status().problems == ()
    assert "not told how this client is" not in caplog.text


async def test_trouble_is_logged_once_and_is_no_problem(
    hosted: Hosted, oracle: Oracle, caplog: pytest.LogCaptureFixture
) -> None:
    bad = Rule(behaviour=Behaviour(act=Act.STATUS, status=500), route="client", times=3)
    oracle.script.rules[:] = takes(bad)
    folder = await client_of(hosted, oracle)
    async with hosted:
        await hosted.until(lambda: len(updates(oracle)) == 4, step=AGAIN / 20)
        await hosted.until(lambda: "told again how this client is" in caplog.text)
        hosted.drop(folder)
        await hosted.until(lambda: hosted.completed("line1") == 1)
        assert not [one for one in hosted.agent.status().problems if one.instance == "line1"]
    assert caplog.text.count("is not told how this client is") == 1
    assert OWN not in caplog.text


async def test_a_server_that_hangs_delays_neither_an_upload_nor_the_stop(
    hosted: Hosted, oracle: Oracle
) -> None:
    hang = Rule(behaviour=Behaviour(act=Act.HANG), route="client")
    fine = Rule(behaviour=Behaviour(act=Act.STATUS, status=200, text="{}"), route="client", times=1)
    oracle.script.rules[:] = [fine, hang]
    patient: dict[str, Any] = {"server.timeout": 300.0}
    folder = await client_of(hosted, oracle, **patient)
    async with hosted:
        await hosted.until(lambda: len(updates(oracle)) == 1)
        await hosted.agent.set_token("line1", OWN)
        await hosted.moment(lambda: len(updates(oracle)) == 2, what="an update that hangs")
        report = hosted.drop(folder)
        await hosted.until(lambda: ids(oracle) == [report])
        began = time.monotonic()
        await hosted.stop()
        assert time.monotonic() - began < 25, "the stop waits for 300 s, or for its whole budget"


async def test_a_token_replaced_by_hand_is_noticed(hosted: Hosted, oracle: Oracle) -> None:
    oracle.script.rules[:] = takes()
    await client_of(hosted, oracle, token=TOKEN)
    async with hosted:
        await hosted.running("line1")
        await SecretStore(hosted.home, hosted.store.load).set("line1", Secret(OWN))
        await hosted.until(lambda: updates(oracle), step=EVERY / 20)
