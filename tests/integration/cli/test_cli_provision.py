"""`provision FILE`: all settings from one file, with an agent and without; twice is as once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.hosted import TOKEN, Hosted, ids
from fakes.oracle import Oracle
from fakes.typed import Typist
from fakes.waiting import PATIENCE
from stationmaster.config.secrets import SecretStore
from stationmaster.home.paths import Home
from stationmaster.model import ProblemCode

PLANTED = "cGxhbnRlZDp0b2tlbg=="
IDS = [f"5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a{number}" for number in range(4)]


def written(root: Path, url: str, *, names: tuple[str, ...] = ("line1", "line2"), more: str = "") -> Path:
    """A provisioning file; each instance has a folder."""
    text = f"""\
schema = 1
[agent]
log_level = "warning"
[defaults.server]
url = "{url}"
[defaults.secrets]
store = "file"
[defaults.station]
location = "Hall 2"
"""
    for number, name in enumerate(names):
        folder = root / f"in-{name}"
        folder.mkdir(exist_ok=True)
        text += f"""
[instances.{name}]
id = "{IDS[number]}"
[[instances.{name}.watch]]
path = "{folder}"
converters = ["wsjf"]
settle = 0.2
after = "delete"
"""
    file = root / "all.toml"
    file.write_text(text + more)
    return file


def state(home: Home) -> dict[str, tuple[bytes, int]]:
    """Content and time of all settings, ids and tokens."""
    files = [home.agent_file, *home.instances.glob("*"), *home.data.glob("*/id"), *home.data.glob("*/token")]
    return {
        str(one.relative_to(home.config.parent)): (one.read_bytes(), one.stat().st_mtime_ns) for one in files
    }


def contents(home: Home) -> dict[str, bytes]:
    return {name: content for name, (content, _) in state(home).items()}


@pytest.fixture(autouse=True)
def variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATS_TOKEN", PLANTED)


# ---------------------------------------------------------------- without an agent
async def test_the_second_time_nothing_changes(alone: Typist, tmp_path: Path) -> None:
    file = str(written(tmp_path, "http://127.0.0.1:9"))
    first = await alone.type("provision", file, "--token", "*=env:WATS_TOKEN")
    assert first.code == 0, first
    assert first.out.splitlines() == [
        "agent: changed; log_level",
        "line1: made; token stored",
        "line2: made; token stored",
    ]
    home = alone.hosted.home
    config = alone.hosted.store.load("line1")
    assert (str(config.id), config.station.location) == (IDS[0], "Hall 2")
    before = state(home)
    second = await alone.type("provision", file, "--token", "*=env:WATS_TOKEN")
    assert second.code == 0
    assert second.out.splitlines() == [
        "agent: unchanged",
        "line1: unchanged; token unchanged",
        "line2: unchanged; token unchanged",
    ]
    assert "Nothing to change." in second.talk
    assert state(home) == before
    told = await alone.type("provision", file, "--json")
    assert told.data["changed"] is False
    assert told.data["outcomes"][1] == {
        "name": "line1",
        "what": "unchanged",
        "keys": [],
        "token": "",
        "note": "",
    }
    assert PLANTED not in first.out + first.talk + second.out + second.talk + told.out


async def test_what_the_file_says_anew_is_changed_and_all_else_stays(alone: Typist, tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"
    file = written(tmp_path, url)
    await alone.type("provision", str(file), "--token", "*=env:WATS_TOKEN")
    path = alone.hosted.home.instance_file("line1")
    path.write_text(path.read_text().replace("[station]", "# this PC's own\n[station] # here"))
    await alone.type("instance", "edit", "line1", "--set", "server.timeout=77")
    text = file.read_text().replace('"Hall 2"', '"Hall 3"')
    file.write_text(text.replace("settle = 0.2", "settle = 0.4", 1))
    tried = await alone.type("provision", str(file), "--dry-run")
    assert "line1: changed; station.location, watch.0.settle" in tried.out
    assert "dry run" in tried.talk
    assert alone.hosted.store.load("line1").station.location == "Hall 2"
    done = await alone.type("provision", str(file))
    assert done.out == tried.out
    config = alone.hosted.store.load("line1")
    assert (config.station.location, config.server.timeout, config.watch[0].settle) == ("Hall 3", 77.0, 0.4)
    assert str(config.id) == IDS[0]
    for comment in ("# this PC's own", "# here", "# The WATS server."):
        assert comment in path.read_text()


async def test_an_existing_instance_keeps_its_id(alone: Typist, tmp_path: Path) -> None:
    await alone.type("instance", "add", "line1", "--server", "http://127.0.0.1:9")
    mine = alone.hosted.store.load("line1").id
    file = written(tmp_path, "http://127.0.0.1:9")
    refused = await alone.type("provision", str(file))
    assert refused.code == 2
    assert f"has the id {mine}" in refused.talk
    assert alone.hosted.store.names() == ("line1",), "all or nothing"
    file.write_text(file.read_text().replace(f'id = "{IDS[0]}"\n', ""))
    done = await alone.type("provision", str(file))
    assert done.code == 0
    assert alone.hosted.store.load("line1").id == mine


async def test_only_prune_removes_what_the_file_does_not_name(alone: Typist, tmp_path: Path) -> None:
    await alone.type("instance", "add", "old", "--server", "http://127.0.0.1:9")
    file = str(written(tmp_path, "http://127.0.0.1:9"))
    await alone.type("provision", file)
    assert alone.hosted.store.names() == ("line1", "line2", "old")
    tried = await alone.type("provision", file, "--prune", "--dry-run")
    assert "old: removed" in tried.out
    assert alone.hosted.store.names() == ("line1", "line2", "old")
    done = await alone.type("provision", file, "--prune")
    assert "old: removed" in done.out
    assert alone.hosted.store.names() == ("line1", "line2")
    assert alone.hosted.home.id_file("old").exists(), "its data stay"


@pytest.mark.parametrize(
    ("options", "given", "says"),
    [
        (("--token", "line1"), "", "no source that is known"),
        (("--token", f"line1={PLANTED}"), "", "no source that is known"),
        (("--token", f"line1=env{PLANTED}"), "", "no source that is known"),
        (("--token", "lien1=env:WATS_TOKEN"), "", 'Did you mean "line1"?'),
        (("--token", "line1=env:NO_SUCH"), "", "no token in the environment variable NO_SUCH"),
        (("--token", "line1=stdin"), "\n", "no token in standard input"),
        (("--token", "line1=stdin", "--token", "line2=stdin"), "", "can be read once only"),
        (("--token", "line1=stdin", "--token", "line1=fd:3"), "", "two tokens"),
        (("--token", "line1=fd:987"), "", "File descriptor 987 cannot be read"),
        (("--token", "line1=stdin"), "é\n", "This is no token"),
    ],
)
async def test_a_token_that_cannot_be_had_changes_nothing(
    alone: Typist, tmp_path: Path, options: tuple[str, ...], given: str, says: str
) -> None:
    file = written(tmp_path, "http://127.0.0.1:9")
    done = await alone.type("provision", str(file), *options, given=given)
    assert done.code == 2
    assert says in done.talk
    assert PLANTED not in done.talk
    assert alone.hosted.store.names() == ()


async def test_tokens_come_from_each_source(alone: Typist, tmp_path: Path) -> None:
    file = written(tmp_path, "http://127.0.0.1:9", names=("line1", "line2", "line3"))
    text = file.read_text().replace('store = "file"', 'store = "file"\ntoken_variable = "WATS_TOKEN"')
    file.write_text(text)
    reader, writer = os.pipe()
    os.write(writer, f"{TOKEN}\n".encode())
    os.close(writer)
    sources = ("--token", f"line1=fd:{reader}", "--token", "line2=stdin")
    try:
        done = await alone.type("provision", str(file), *sources, given="c3RkaW46dG9rZW4=\n")
    finally:
        os.close(reader)
    assert done.code == 0, done
    secrets = SecretStore(alone.hosted.home, alone.hosted.store.load)
    found = [await secrets.get(name) for name in ("line1", "line2", "line3")]
    assert [one.reveal() if one else "" for one in found] == [TOKEN, "c3RkaW46dG9rZW4=", PLANTED]
    again = await alone.type("provision", str(file), "--token", "*=env:WATS_TOKEN")
    assert "line1: changed; token stored" in again.out
    assert "line3: unchanged; token unchanged" in again.out


async def test_a_store_that_others_fill_is_refused_before_anything_is_written(
    alone: Typist, tmp_path: Path
) -> None:
    file = written(tmp_path, "http://127.0.0.1:9")
    file.write_text(file.read_text().replace('store = "file"', 'store = "environment"'))
    done = await alone.type("provision", str(file), "--token", "*=env:WATS_TOKEN")
    assert done.code == 2
    assert "STATIONMASTER_TOKEN_LINE1" in done.talk
    assert alone.hosted.store.names() == ()


async def test_a_keyring_that_does_not_answer_is_met_before_anything_is_written(
    alone: Typist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    file = written(tmp_path, "http://127.0.0.1:9")
    file.write_text(file.read_text().replace('store = "file"', 'store = "keyring"'))
    done = await alone.type("provision", str(file), "--token", "*=env:WATS_TOKEN")
    assert done.code == 4
    assert alone.hosted.store.names() == ()


async def test_one_mistake_in_the_file_stops_all_of_it(alone: Typist, tmp_path: Path) -> None:
    file = written(tmp_path, "http://127.0.0.1:9", more="lane = 'lvie'\n")
    done = await alone.type("provision", str(file))
    assert done.code == 2
    assert f'{file}, line 26, instance "line2": watch.0.lane must be one of' in done.talk
    assert 'Did you mean "live"?' in done.talk
    assert alone.hosted.store.names() == ()
    assert not alone.hosted.home.agent_file.exists()
    assert "There is no file" in (await alone.type("provision", str(tmp_path / "none.toml"))).talk


def killed_at_each_step(command: list[str], env: dict[str, str]) -> Iterator[float]:
    """Run a command again and again, and kill it a little later each time, until one run gets through."""
    seconds = 0.15
    while True:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            yield seconds
            seconds *= 1.15
        else:
            assert process.returncode == 0
            return


def test_a_run_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    names = ("line1", "line2", "line3", "line4")
    file = written(tmp_path, "http://127.0.0.1:9", names=names)
    command = [sys.executable, "-m", "stationmaster", "provision", str(file), "--token", "*=env:WATS_TOKEN"]

    def end(root: Path) -> dict[str, bytes]:
        env = {**os.environ, "STATIONMASTER_HOME": str(root)}
        for _ in killed_at_each_step(command, env) if root.name == "killed" else ():
            pass
        subprocess.run(command, env=env, check=True, capture_output=True)
        return contents(Home.find(env=env))

    assert end(tmp_path / "killed") == end(tmp_path / "whole")


def test_two_runs_at_the_same_time_are_as_one(tmp_path: Path) -> None:
    file = written(tmp_path, "http://127.0.0.1:9", names=("line1", "line2", "line3", "line4"))
    command = [sys.executable, "-m", "stationmaster", "provision", str(file), "--token", "*=env:WATS_TOKEN"]
    env = {**os.environ, "STATIONMASTER_HOME": str(tmp_path / "home")}
    runs = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [run.communicate(timeout=PATIENCE)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0]
    for name in ("line1", "line2", "line3", "line4"):
        lines = sorted(line for one in said for line in one.splitlines() if line.startswith(name))
        assert lines == [
            f"{name}: made; token stored",
            *[f"{name}: unchanged; token unchanged"] * 2,
        ], "one run did all of it"


async def test_an_instance_may_take_a_name_much_like_one_that_goes(alone: Typist, tmp_path: Path) -> None:
    await alone.type("instance", "add", "LINE1", "--server", "http://127.0.0.1:9")
    file = str(written(tmp_path, "http://127.0.0.1:9"))
    assert "too much like" in (await alone.type("provision", file)).talk
    done = await alone.type("provision", file, "--prune")
    assert done.code == 0, done
    assert alone.hosted.store.names() == ("line1", "line2")


async def test_a_file_that_is_nested_too_deeply_is_refused(alone: Typist, tmp_path: Path) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(f"agent = {'[' * 5000}{']' * 5000}")
    done = await alone.type("provision", str(file))
    assert done.code == 2
    assert "nested too deeply" in done.talk


# ---------------------------------------------------------------- with an agent
async def test_an_agent_makes_the_same_files_and_is_disturbed_only_where_something_changed(
    typist: Typist, oracle: Oracle, tmp_path: Path
) -> None:
    hosted = typist.hosted
    await typist.type("instance", "remove", "line1", "--yes")
    hosted.home.id_file("line1").unlink()
    file = written(tmp_path, oracle.url)
    done = await typist.type("provision", str(file), "--token", "*=env:WATS_TOKEN")
    assert done.code == 0, done
    await hosted.running("line1", "line2")
    names = {hosted.drop(tmp_path / "in-line1"), hosted.drop(tmp_path / "in-line2")}
    await hosted.until(lambda: set(ids(oracle)) == names, what="the upload")
    assert oracle.seen[-1].authorization == f"Basic {PLANTED}"
    other = Hosted(tmp_path / "other")
    other.root.mkdir()
    with Typist(other) as alone:
        assert (await alone.type("provision", str(file), "--token", "*=env:WATS_TOKEN")).code == 0
    assert contents(hosted.home) == contents(other.home)

    before, running = state(hosted.home), [hosted.supervisor(name).instance for name in ("line1", "line2")]
    again = await typist.type("provision", str(file), "--token", "*=env:WATS_TOKEN")
    assert "Nothing to change." in again.talk
    assert state(hosted.home) == before
    assert [hosted.supervisor(name).instance for name in ("line1", "line2")] == running

    file.write_text(file.read_text().replace("settle = 0.2", "settle = 0.3", 1))
    changed = await typist.type("provision", str(file), "--token", "line2=env:OTHER_TOKEN")
    assert changed.code == 2
    assert state(hosted.home) == before
    changed = await typist.type("provision", str(file))
    assert "line1: changed; watch.0.settle" in changed.out
    await hosted.running("line1", "line2")
    assert hosted.supervisor("line1").config.watch[0].settle == 0.3
    assert hosted.supervisor("line2").instance is running[1], "what did not change goes on"


async def test_an_agent_takes_a_new_token_at_once_and_removes_what_is_pruned(
    typist: Typist, oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted = typist.hosted
    oracle.token = TOKEN
    file = str(written(tmp_path, oracle.url, names=("line7",)))
    await typist.type("provision", file, "--token", "*=env:WATS_TOKEN")
    name = hosted.drop(tmp_path / "in-line7")
    await hosted.until(lambda: hosted.problem(ProblemCode.LOGIN_REFUSED), what="the refusal")
    monkeypatch.setenv("WATS_TOKEN", TOKEN)
    told = await typist.type("provision", file, "--token", "*=env:WATS_TOKEN", "--prune", "--json")
    rows = [(one["name"], one["what"], one["token"]) for one in json.loads(told.out)["data"]["outcomes"]]
    assert rows == [("", "unchanged", ""), ("line7", "changed", "stored"), ("line1", "removed", "")]
    await hosted.until(lambda: name in ids(oracle), what="the upload")
    assert list(hosted.agent.supervisors) == ["line7"]


async def test_the_agent_refuses_what_does_not_go_with_what_is_there(typist: Typist, tmp_path: Path) -> None:
    file = written(tmp_path, "http://127.0.0.1:9", names=("LINE1", "line2"))
    done = await typist.type("provision", str(file))
    assert done.code == 2
    assert "too much like" in done.talk
    assert typist.hosted.store.names() == ("line1",)
    assert (await asyncio.to_thread(typist.hosted.store.load_agent)).log_level == "info"


async def test_what_is_not_there_yet_is_hinted_at(alone: Typist, tmp_path: Path) -> None:
    file = written(tmp_path, "http://127.0.0.1:9", names=("line1",))
    file.write_text(file.read_text().replace("in-line1", "in-line9").replace('"wsjf"', '"mine"'))
    said = await alone.type("provision", str(file))
    assert said.code == 0
    assert said.out.splitlines()[-2:] == [
        f"Hint: line1: the watch folder {tmp_path}/in-line9 does not exist yet. Is its name right?",
        'Hint: line1: there is no converter "mine" yet. Its files wait until it is installed.',
    ]
    again = (await alone.type("provision", str(file), "--json")).data
    assert (again["changed"], len(again["hints"])) == (False, 2)
