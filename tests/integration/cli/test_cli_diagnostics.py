"""`stationmaster diagnostics`: what is planted everywhere is nowhere in the zip, agent or not."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.oracle_script import Rule, Script, status
from fakes.secret_hunt import PASSWORD, TOKEN, files_of, found_in
from fakes.typed import Said, Typist, run
from stationmaster.control.client import ControlClient
from stationmaster.diagnostics import bundle, part
from stationmaster.diagnostics.source import Sources
from stationmaster.runtime.log import logging_to

PROXY_PASSWORD = "pr0xy/Pw+55"
VARIABLE = "env-Value-4711"
SLIP = "slipped-token-8899"
SECRETS = (TOKEN, PASSWORD, PROXY_PASSWORD, VARIABLE, SLIP)
STATION, PERSON, SERVER = "FCT-Hall7-04", "kim.larsen", "wats.factory.example"
UNIT, PART, ADDRESS = "SN-778899", "PCBA-5521", "10.20.30.40"
PRIVATE = (STATION, PERSON, SERVER, UNIT, PART, ADDRESS, "Hall Seven", "Test Results")


@pytest.fixture
async def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hosted]:
    """A home with secrets and names at every place where they can get to; its agent is stopped."""
    monkeypatch.setenv("FACTORY_API_KEY", VARIABLE)
    monkeypatch.setenv("https_proxy", f"http://joe:{quote(PROXY_PASSWORD, safe='')}@proxy.example:3128")
    monkeypatch.setenv("USERNAME", PERSON)
    hosted = Hosted(tmp_path)
    hosted.home.ensure()
    script = Script([Rule(behaviour=status(422, f"unit {UNIT} of {PERSON} at {ADDRESS}"), contains=UNIT)])
    async with Oracle(tmp_path / "oracle", script) as oracle, hosted.idle():
        oracle.clock = hosted.clock
        await hosted.line("line1", oracle, token=TOKEN, patch={"station.name": STATION})
        place = tmp_path / "Test Results"
        place.mkdir()
        patch = {
            "server.proxy": f"http://joe:{quote(PROXY_PASSWORD, safe='')}@proxy.example:3128",
            "station.location": "Hall Seven",
            "secrets.store": "file",
        }
        hosted.store.add("line2", f"https://{SERVER}", [hosted.watch(place, after="keep")], patch)
        with logging_to(hosted.home.log, level="debug", console=False):
            await hosted.start()
            await hosted.running("line1", "line2")
            folder = hosted.folder("line1")
            hosted.drop(folder, sn=UNIT)
            hosted.spoil(folder, f"{UNIT} {PERSON}.json")
            hosted.spoil(place, f"{UNIT} x.json")
            await hosted.until(lambda: hosted.instance("line1").counts.error == 2)
            await hosted.until(lambda: hosted.instance("line2").counts.error == 1)
            (refused, *_) = await hosted.entries("line1")
            await hosted.agent.dismiss("line2", None, by=PERSON)
            await hosted.stop()
        _plant(hosted, refused.id)
        yield hosted


def _plant(hosted: Hosted, entry: int) -> None:
    home = hosted.home
    with sqlite3.connect(home.spool("line1")) as db:
        reason = f"echo Basic {TOKEN} {PASSWORD} of {STATION}: /srv/{UNIT}/{quote(TOKEN, safe='')}.json"
        db.execute(
            "UPDATE entry SET reason=?, receipt=?, part_number=?", (reason, f'{{"t":"{TOKEN}"}}', PART)
        )
        db.execute("INSERT INTO event VALUES(NULL,?,1,'retry',?,?)", (entry, f"{SLIP} {ADDRESS}", PERSON))
    db.close()
    home.agent_file.write_text(f'conversions = 1\nwats_token = "{SLIP}" # of {PERSON}\n')
    old = f"2026-03-02 12:00:00,000 ERROR   line1 crashed at {UNIT}\nTraceback (most recent call last):\n"
    old += f'  File "/home/{PERSON}/Test Results/{PART}.py", line 7, in go\n    post("{PASSWORD}")\n'
    old += f"ValueError: http://{PERSON}:{PROXY_PASSWORD}@{SERVER}/api?token={TOKEN}\n"
    line = {
        "time": "2026-03-02T12:00:01Z",
        "level": "error",
        "logger": "x",
        "instance": "line1",
        "entry": entry,
    }
    line["message"] = f"sent {base64.b64encode(f'Basic {TOKEN}'.encode()).decode()} as {UNIT}"
    line["exception"] = f"Traceback\n  {VARIABLE} and C:\\Users\\{PERSON}\\{UNIT}.csv"
    line["header"] = f"Authorization: Basic {TOKEN}"
    wide = f"{PASSWORD} {UNIT}\n".encode("utf-16-le")
    older = home.log / "agent.log.1"
    older.write_bytes(
        old.encode() + json.dumps(line).encode() + b"\n" + wide + f'{{"torn": "{TOKEN}'.encode()
    )


def _checked(content: bytes, hosted: Hosted) -> dict[str, bytes]:
    """The zip's files, after the hunt."""
    files = files_of(content)
    assert not found_in(files, *SECRETS)
    text = {name: file.decode() for name, file in files.items() if name}
    private = [*PRIVATE, hosted.root.name, *(one for one in (socket.gethostname(),) if len(one) > 4)]
    leaks = [
        (name, one, re.findall(rf".*{re.escape(one)}.*", file, re.IGNORECASE)[:1])
        for name, file in text.items()
        for one in private
        if re.search(rf"(?<![\w]){re.escape(one)}(?![\w])", file, re.IGNORECASE) and name != "versions.json"
    ]
    assert not leaks
    assert "***" in text["log/agent.log.1"]
    return files


@pytest.fixture
def typist(planted: Hosted) -> Iterator[Typist]:
    with Typist(planted) as one:
        yield one


async def test_without_an_agent_the_files_are_read(planted: Hosted, typist: Typist, tmp_path: Path) -> None:
    output, names = tmp_path / "out.zip", tmp_path / "names.json"
    said = await typist.type("diagnostics", "--output", str(output), "--keep-map", str(names))
    assert said.code == 0, said.talk
    assert said.out.strip() == str(output)
    assert "keep that file to yourself" in said.talk
    for file in (output, names):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    files = _checked(output.read_bytes(), planted)
    assert {
        "README.txt",
        "versions.json",
        "snapshot.txt",
        "doctor.json",
        "settings/agent.json",
        "settings/line1.json",
        "settings/line2.json",
        "spool/line1.json",
        "failures/line1.json",
        "folders.json",
        "log/agent.log",
        "log/agent.log.1",
    } <= files.keys()
    assert not [name for name in files if name.startswith("payloads")]
    mapping = json.loads(names.read_text())
    assert UNIT in mapping.values()
    assert not any(secret in names.read_text() for secret in SECRETS)


async def test_a_value_has_one_pseudonym_everywhere(typist: Typist, tmp_path: Path) -> None:
    output, names = tmp_path / "out.zip", tmp_path / "names.json"
    await typist.type("diagnostics", "--output", str(output), "--keep-map", str(names))
    files = files_of(output.read_bytes())
    mapping: dict[str, str] = json.loads(names.read_text())
    assert len({value.casefold() for value in mapping.values()}) == len(mapping)
    name_of = {value: name for name, value in mapping.items()}
    failures = json.loads(files["failures/line1.json"])
    units = {one["entry"]["serial_number"] for one in failures} - {""}
    assert units == {name_of[UNIT]}
    log = files["log/agent.log.1"].decode()
    assert f"crashed at {name_of[UNIT]}" in log
    assert f"as {name_of[UNIT]}" in log
    assert json.loads(files["settings/line1.json"])["station"]["name"] == name_of[STATION]
    assert f"of {name_of[STATION]}" in files["failures/line1.json"].decode()
    assert f"https://{name_of[SERVER]}" in files["settings/line2.json"].decode()
    assert name_of[SERVER] in log
    assert name_of[PERSON] in log
    assert json.loads(files["settings/agent.json"])["wats_token"] == "***"
    counts: Any = json.loads(files["spool/line1.json"])["counts"]
    assert counts == {"error": 2}


async def test_a_running_agent_makes_it(planted: Hosted, typist: Typist, tmp_path: Path) -> None:
    output, names = tmp_path / "out.zip", tmp_path / "names.json"
    words = ("diagnostics", "--output", str(output))
    await planted.start()
    await planted.running("line1", "line2")
    async with typist.agent():
        said = await typist.type(*words, "--include-payloads", "yes")
        assert said.code == 0, said.talk
        assert "files are read instead" not in said.talk
        async with ControlClient(planted.home.socket) as client:
            with_names = await client.diagnostics_with_names()
        assert (await typist.type(*words, "--keep-map", str(names))).code == 0
    files = _checked(with_names.bundle, planted)
    assert UNIT in with_names.names.values()
    assert json.loads(files["snapshot.json"])["instances"][0]["name"] == "line1"
    assert [one for one in json.loads(files["problems.json"]) if one["code"] == "entries-in-error"]
    assert {one["instance"] for one in json.loads(files["doctor.json"])} >= {"line1", "line2"}
    assert names.exists()


async def test_payloads_come_only_on_demand_and_without_names(
    planted: Hosted, typist: Typist, tmp_path: Path
) -> None:
    output = tmp_path / "out.zip"
    await typist.type("diagnostics", "--output", str(output), "--include-payloads", "yes")
    files = _checked(output.read_bytes(), planted)
    (payload,) = [json.loads(file) for name, file in files.items() if name.startswith("payloads/")]
    assert payload["sn"].startswith("SN-")


def test_what_is_broken_stops_nothing(tmp_path: Path) -> None:
    env = {"STATIONMASTER_HOME": str(tmp_path / "home"), "USERNAME": PERSON}
    hosted = Hosted(tmp_path)
    home = hosted.home
    home.ensure()
    for name in ("line1", "line2"):
        hosted.store.add(name, "https://x.example", [hosted.watch(hosted.folder(name))])
    home.spool("line1").write_bytes(b"SQLite format 3\0" + os.urandom(5000))
    home.instance_file("line2").write_text(f'schema = \n token = "{SLIP}"\n')
    (home.log / "agent.log").write_bytes(os.urandom(2000))
    home.agent_file.write_bytes(b"\xff\xfe\x00nonsense")
    said = run(env, "diagnostics", "--output", str(tmp_path / "out.zip"))
    assert said.code == 0, said.talk
    files = files_of((tmp_path / "out.zip").read_bytes())
    errors = files["errors.txt"].decode()
    assert "failures/line1" in errors
    assert "spool/line2" in errors, "it has never run"
    assert SLIP not in files["settings/line2.txt"].decode()
    assert "README.txt" in files


def test_an_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    env = {"STATIONMASTER_HOME": str(tmp_path / "home")}
    said: Said = run(env, "diagnostics", "--output", str(tmp_path / "no" / "out.zip"))
    assert said.code == 1
    assert "--output" in said.talk
    assert not list(tmp_path.glob("*.zip"))


async def test_it_keeps_to_its_size_and_time(planted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_BYTES", 4000)
    monkeypatch.setattr(part, "LOG_BYTES", 1000)
    small = files_of(bundle.make(Sources.of(planted.home)).content)
    assert "would be larger" in small["errors.txt"].decode()
    late = files_of(bundle.make(Sources.of(planted.home), seconds=-1.0).content)
    assert set(late) == {"", "errors.txt", "README.txt"}


async def test_a_part_that_still_holds_a_secret_stays_out(planted: Hosted) -> None:
    def doctor() -> dict[str, str]:
        return {"x" + TOKEN: "found"}

    sources = Sources.of(planted.home)
    sources.secrets = [TOKEN]
    files = files_of(bundle.make(sources, doctor=doctor).content)
    assert not found_in(files, TOKEN, PASSWORD)


PLANTED = (
    "AccountName=s;AccountKey=hunter2secret==;EndpointSuffix=core",
    "Server=db;Uid=joe;Pass=hunter2secret",
    "Server=db;Password=two hunter2secret words;Port=1",
    r'settings {"password": "ab\"c hunter2secret"}',
    "proxy http://joe:two hunter2secret@proxy.example:3128 is down",
)


@pytest.mark.parametrize("text", PLANTED)
def test_what_looks_like_a_secret_goes_from_log_problem_and_settings(tmp_path: Path, text: str) -> None:
    hosted = Hosted(tmp_path)
    hosted.home.ensure()
    hosted.store.add("line1", "https://x.example", [hosted.watch(hosted.folder("line1"))])
    line = {
        "time": "2026-03-02T12:00:01Z",
        "level": "error",
        "logger": "x",
        "message": text,
        "exception": text,
    }
    old = f"2026-03-02 12:00:00,000 ERROR   line1 {text}\n{text}\n"
    (hosted.home.log / "agent.log").write_text(json.dumps(line) + "\n" + old + json.dumps(line)[:-9])
    hosted.home.agent_file.write_text(f"conversions = 1\nnote = {json.dumps(text)}\n")
    sources = Sources.of(hosted.home)
    problem = {"code": "server-unreachable", "title": text, "text": text, "next_step": text}
    sources.snapshot = {"instances": [], "problems": [problem]}
    files = files_of(bundle.make(sources).content)
    assert {"problems.json", "log/agent.log", "settings/agent.json"} <= files.keys()
    assert not found_in(files, "hunter2secret")
    assert b"server-unreachable" in files["problems.json"]


async def test_converters_keep_their_names_wherever_they_stand(tmp_path: Path) -> None:
    """As folders of the inbox, too; and then everywhere else."""
    hosted = Hosted(tmp_path)
    home = hosted.home
    home.ensure()
    hosted.store.add("line1", "https://x.example", [hosted.watch(hosted.folder("line1"))])
    home.ensure_instance("line1")
    for name in ("wsjf", "bench-csv"):
        (home.inbox("line1") / name).mkdir(parents=True)
    (home.converters("line1") / "rack.py").touch()
    told = [
        f"took {home.inbox('line1')}/wsjf/a.json with wsjf",
        f"took {home.inbox('line1')}/bench-csv/a.json with bench-csv",
        f"{home.converters('line1')}/rack.py: rack cannot be loaded",
        f"wsjf, junit and rack; nothing of {tmp_path}/wsjf/elsewhere",
    ]
    (home.log / "agent.log").write_text("".join(f"{line}\n" for line in told))
    files = files_of(bundle.make(Sources.of(home)).content)
    one, two, three, four = files["log/agent.log"].decode().splitlines()
    assert re.fullmatch(r"took <data>/line1/inbox/wsjf/FILE-\d+\.json with wsjf", one)
    assert re.fullmatch(r"took <data>/line1/inbox/bench-csv/FILE-\d+\.json with bench-csv", two)
    assert three == "<data>/line1/converters/rack.py: rack cannot be loaded"
    assert four.startswith("wsjf, junit and rack; nothing of ")
    assert '"converters":["wsjf"]' in files["settings/line1.json"].decode().replace(" ", "").replace("\n", "")
