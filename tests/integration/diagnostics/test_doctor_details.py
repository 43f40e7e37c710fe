"""The doctor in odd places: what hangs, what cannot be told, what is not saved yet, who leaves early."""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fakes.certificates import make_certificates, make_client_certificate
from fakes.hosted import TOKEN, Hosted
from fakes.mutual_tls import mutual_tls
from fakes.oracle import Oracle
from fakes.oracle_script import Act, Behaviour, Rule, Script, status
from fakes.planted import free_port
from fakes.rights import rights_count
from fakes.typed import Said, Typist
from stationmaster.control.client import ControlClient
from stationmaster.control.protocol import FOREVER, DoctorRequest, TestConnectionRequest
from stationmaster.errors import ControlError, NoAgentError
from stationmaster.model import Check, CheckState, Hop, ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")


_HANGING = """
import time
from keyring.backend import KeyringBackend
class Keyring(KeyringBackend):
    priority = 9
    def get_password(self, service, user): time.sleep(600)
    def set_password(self, service, user, token): pass
    def delete_password(self, service, user): pass
"""


def named(said: Said, name: str) -> dict[str, Any]:
    (found,) = [one for one in said.data["checks"] if one["name"] == name and one["instance"] != "-"]
    return dict(found)


# -------------------------------------------------------------------- what hangs
async def test_a_keyring_that_hangs_is_a_failed_check(
    alone: Typist, oracle: Oracle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "planted_hang.py").write_text(_HANGING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "planted_hang.Keyring")
    await alone.hosted.line("line1", oracle, token="", patch={"secrets.store": "keyring"})
    said = await alone.type("server", "test", "line1", "--json")
    token, login = named(said, "token"), named(said, "login")
    assert (token["state"], token["code"]) == ("failed", "keyring-unavailable")
    assert "did not answer within 5 s" in token["text"]
    assert (login["state"], login["details"]) == ("skipped", {"because": "token"})
    assert named(said, "server")["state"] == "ok", "the way is tried without a token all the same"
    assert said.code == 4


async def test_who_leaves_early_leaves_nothing_behind(hosted: Hosted, oracle: Oracle) -> None:
    oracle.script = Script([Rule(behaviour=Behaviour(act=Act.HANG), route="any")])
    await hosted.line("line1", oracle, patch={"server.timeout": 600.0})
    async with hosted:
        await hosted.running("line1")
        with Typist(hosted) as typist:
            async with typist.agent(), ControlClient(hosted.home.socket) as client:
                checks = client.doctor()
                assert (await anext(checks)).name is Hop.AGENT
                await checks.aclose()
                await client.aclose()


async def test_an_answer_that_is_cut_off_is_told(tmp_path: Path) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nStationmaster-Protocol: 1\r\nConnection: close\r\n\r\n")
        writer.close()

    place = str(tmp_path / "sock")
    async with await asyncio.start_unix_server(half, place), ControlClient(place) as client:
        with pytest.raises(NoAgentError, match="went away"):
            [check async for check in client.doctor()]


# -------------------------------------------------------------------- what can and cannot be told
async def test_a_server_that_trips_over_nothing_tells_no_right(alone: Typist, oracle: Oracle) -> None:
    oracle.script = Script([Rule(behaviour=status(500, "null reference"))])
    await alone.hosted.line("line1", oracle)
    said = await alone.type("server", "test", "line1", "--json")
    permission = named(said, "permission")
    assert (permission["state"], permission["code"]) == ("warning", "")
    assert "500" in permission["text"]
    assert said.code == 0


async def test_a_folder_that_files_cannot_leave(alone: Typist, oracle: Oracle) -> None:
    folder = await alone.hosted.line(
        "line1", oracle, patch={"watch.0.after": "move", "watch.0.move_to": "/x"}
    )
    with rights_count():
        folder.chmod(0o500)
        try:
            said = await alone.type("doctor", "--json")
        finally:
            folder.chmod(0o700)
    check = named(said, "folder")
    assert (check["state"], check["code"]) == ("failed", "release-failed")
    why = f"{folder}: Permission denied."
    assert check["text"] == f"No file of the watch folder {folder} can be moved away: {why}"
    assert "Let the agent's account write there" in check["next_step"]


async def test_a_folder_whose_files_stay_need_not_be_written(alone: Typist, oracle: Oracle) -> None:
    folder = await alone.hosted.line(
        "line1", oracle, patch={"watch.0.after": "keep", "watch.0.network": "yes"}
    )
    with rights_count():
        folder.chmod(0o500)
        try:
            check = named(await alone.type("doctor", "--json"), "folder")
        finally:
            folder.chmod(0o700)
    assert (check["state"], check["details"]["place"]) == ("ok", "network")


async def test_folders_that_share_files(alone: Typist, oracle: Oracle) -> None:
    folder = await alone.hosted.line("line1", oracle)
    await alone.hosted.line("line2", oracle, patch={"watch.0.path": str(folder)})
    said = await alone.type("doctor", "line1", "--json")
    check = named(said, "overlap")
    assert (check["state"], check["code"]) == ("warning", "folder-overlap")
    assert 'watched by "line1" and by "line2"' in check["text"]


@pytest.mark.parametrize("which", ["two instances", "one station", "the agent's own"])
async def test_the_agent_tells_of_shared_files_what_the_doctor_tells(
    hosted: Hosted, oracle: Oracle, which: str
) -> None:
    outer = hosted.root / "all"
    (outer / "inner").mkdir(parents=True)
    watch = [hosted.watch(outer, recursive=True)]
    if which == "the agent's own":
        watch = [hosted.watch(hosted.root, recursive=True, exclude=["in-*", "oracle*"])]
    elif which == "one station":
        watch.append(hosted.watch(outer / "inner"))
    await hosted.line("line1", oracle, patch={"watch": watch})
    if which == "two instances":
        await hosted.line("line2", oracle, patch={"watch.0.path": str(outer)})
    async with hosted:
        await hosted.until(lambda: hosted.problem(ProblemCode.FOLDER_OVERLAP, "line1"))
        with Typist(hosted) as typist:
            async with typist.agent():
                said = await typist.type("doctor", "line1", "--json")
                status = await typist.type("agent", "status", "--json")
            checked = await typist.type("config", "check", "--json")
    keys = ("text", "next_step", "subject")
    (check,) = [one for one in said.data["checks"] if one["code"] == "folder-overlap"]
    problems = [one for one in status.data["problems"] if one["code"] == "folder-overlap"]
    assert {key: check[key] for key in keys} in [{key: one[key] for key in keys} for one in problems]
    assert check["name"] == "overlap"
    assert {one["instance"] for one in problems} == {"line1", "line2"} & {*hosted.store.load_all().instances}
    (finding,) = checked.data
    assert finding["text"] == check["text"]


async def test_damage_that_only_a_check_finds(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        hosted.drop(folder)
        await hosted.until(lambda: hosted.agent.supervisors and hosted.completed("line1") == 1)
        await hosted.stop()
        spool = hosted.home.spool("line1")
        with closing(sqlite3.connect(spool, isolation_level=None)) as db:
            (size,) = db.execute("PRAGMA page_size").fetchone()
            (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name='entry_serial'").fetchone()
        with spool.open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"noise" * (size // 5))
        with Typist(hosted) as typist:
            check = named(await typist.type("doctor", "--json"), "spool")
        assert (check["state"], check["code"]) == ("failed", "spool-damaged")
        assert "It is repaired at the next start." in check["text"]


async def test_an_instance_that_is_switched_off_is_left_alone(alone: Typist, oracle: Oracle) -> None:
    await alone.hosted.line("line1", oracle, patch={"enabled": False})
    said = await alone.type("doctor", "line1", "--json")
    mine = [one for one in said.data["checks"] if one["instance"] == "line1"]
    assert [(one["name"], one["state"]) for one in mine] == [("settings", "ok")] * 2
    assert "switched off" in mine[1]["text"]
    assert not oracle.seen


async def test_other_versions_and_nobody_who_restarts_are_warnings(
    hosted: Hosted, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYSTEMD_EXEC_PID")
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        with Typist(hosted) as typist:
            async with typist.agent(), ControlClient(hosted.home.socket) as client:
                checks = [one async for one in client.doctor(DoctorRequest(version="0.0.1"))]
                with pytest.raises(ControlError, match="no instance"):
                    await anext(client.doctor(DoctorRequest(instances=("line9",))))
    states = {one.name: one.state for one in checks}
    assert states[Hop.VERSION] is CheckState.WARNING
    assert states[Hop.SUPERVISION] is CheckState.WARNING
    (nobody,) = [one for one in checks if one.name is Hop.SUPERVISION]
    assert nobody.next_step == "Let it run as a service: stationmaster agent install"


async def test_what_people_ordered_is_told(hosted: Hosted, oracle: Oracle) -> None:
    for name in ("line1", "line2"):
        await hosted.line(name, oracle)
    async with hosted:
        await hosted.running("line1", "line2")
        await hosted.agent.pause("line1", FOREVER)
        await hosted.drained("line2")
        with Typist(hosted) as typist:
            async with typist.agent():
                said = await typist.type("doctor")
    assert "! warning  Agent: Uploads are paused until you resume." in said.out
    assert "! warning  Agent: The station is stopped: it was drained." in said.out
    assert "→ Resume it: stationmaster agent resume line2" in said.out
    assert said.code == 0


# -------------------------------------------------------------------- settings that are not saved yet
async def test_an_address_is_tried_before_it_is_saved(hosted: Hosted, oracle: Oracle) -> None:
    oracle.token = TOKEN
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        with Typist(hosted) as typist:
            async with typist.agent():
                words = ("server", "test", "--url", oracle.url, "--json")
                right = await typist.type(*words, "--token-stdin", given=f"{TOKEN}\n")
                wrong = await typist.type(*words, "--token-stdin", given="b3RoZXI6b25l\n")
                none = await typist.type(*words)
                no_token = await typist.type(*words, "--token-stdin", given="two words\n")
                dead = await typist.type("server", "test", "--url", f"http://127.0.0.1:{free_port()}")
    assert [one["state"] for one in right.data["checks"]] == ["ok"] * 6
    assert named(wrong, "login")["code"] == "login-refused"
    assert named(wrong, "permission")["details"] == {"because": "login"}
    assert {one["state"] for one in none.data["checks"]} == {"ok", "skipped"}
    assert named(none, "login")["text"] == "Not checked: no token was handed over (--token-stdin)."
    assert (right.code, wrong.code, none.code, no_token.code, dead.code) == (0, 4, 0, 2, 4)
    assert "refuses the connection." in dead.out
    assert not oracle.stored


async def test_without_an_agent_and_with_a_company_certificate(alone: Typist, oracle: Oracle) -> None:
    made = make_certificates(alone.hosted.root)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    await oracle.stop()
    await oracle.start(context=context)
    oracle.clock = None
    words = ("server", "test", "--url", oracle.url, "--token-stdin", "--json")
    said = await alone.type(*words, "--ca-file", str(made.authority), given=f"{TOKEN}\n")
    assert said.code == 0, said
    assert named(said, "tls")["details"] == {"issuer": "Acme Root, Acme Works"}
    assert (await alone.type(*words, given=f"{TOKEN}\n")).code == 4


@pytest.mark.parametrize(("days", "state"), [(30, "ok"), (3, "warning")])
async def test_with_a_client_certificate_of_which_the_end_is_told(
    alone: Typist, days: int, state: str
) -> None:
    made = make_certificates(alone.hosted.root)
    cert, key = make_client_certificate(alone.hosted.root, made.authority, days=days)
    with mutual_tls(made) as server:
        words = ("server", "test", "--url", server.url, "--ca-file", str(made.authority), "--json")
        none = await alone.type(*words)
        said = await alone.type(*words, "--client-cert", str(cert), "--client-key", str(key))
    assert named(none, "tls")["code"] == "client-certificate"
    assert named(said, "tls")["state"] == state
    assert "That of this station is valid until 20" in named(said, "tls")["text"]
    assert named(said, "server")["state"] == "ok"


async def test_one_server_at_a_time(alone: Typist) -> None:
    assert (await alone.type("server", "test")).code == 2
    assert (await alone.type("server", "test", "line1", "--url", "http://127.0.0.1")).code == 2
    assert (await alone.type("server", "test", "--url", "no address")).code == 4


async def test_no_secret_is_shown(hosted: Hosted, oracle: Oracle) -> None:
    request = TestConnectionRequest(server="http://a", proxy="http://user:word@p", token=TOKEN)
    assert "word" not in repr(request)
    assert TOKEN not in repr(request)
    oracle.script = Script([Rule(behaviour=status(401, f"Basic {TOKEN} is unknown"), route="any")])
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        with Typist(hosted) as typist:
            async with typist.agent():
                said = await typist.type("doctor", "--json")
    assert TOKEN not in said.out
    assert "***" in said.out


def test_a_check_can_be_sent_whatever_a_file_is_called() -> None:
    check = Check(name=Hop.FOLDER, state=CheckState.OK, title="t", text="caf\udce9", subject="caf\udce9")
    assert check.text == check.subject == "caf\\xe9"


async def test_instances_that_share_an_archive(alone: Typist, oracle: Oracle, tmp_path: Path) -> None:
    where = str(tmp_path / "done")
    for name in ("line1", "line2", "line3"):
        patch = {"watch.0.after": "archive", "watch.0.move_to": where if name != "line3" else ""}
        await alone.hosted.line(name, oracle, patch=patch)
    said = await alone.type("doctor", "line2", "--json")
    (check,) = (one for one in said.data["checks"] if one["code"] == "archive-shared")
    assert (check["name"], check["state"], check["instance"]) == ("overlap", "warning", "line2")
    text = f'The archive {where} is used by "line1" and by "line2"'
    assert check["text"].startswith(text)
    findings = (await alone.type("config", "check", "--json")).data
    assert [one["text"] for one in findings if "archive" in one["text"]] == [check["text"]]
    assert "archive-shared" not in (await alone.type("doctor", "line3", "--json")).out
