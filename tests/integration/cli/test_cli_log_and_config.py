"""`log tail` and `config check`, over real files."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stationmaster.cli.config import app as config_app
from stationmaster.cli.log import _read
from stationmaster.cli.log import app as log_app
from stationmaster.config.store import ConfigStore
from stationmaster.home.paths import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("STATIONMASTER_HOME", str(tmp_path / "home"))
    home = Home.find()
    home.ensure()
    return home


def test_tail_shows_the_last_lines_only(home: Home) -> None:
    (home.log / "agent.log").write_text("one\ntwo\nthree\n")
    done = CliRunner().invoke(log_app, ["--lines", "2"])
    assert (done.exit_code, done.stdout) == (0, "two\nthree\n")


def test_tail_without_a_log_says_so(home: Home) -> None:
    done = CliRunner().invoke(log_app, [])
    assert done.exit_code == 1
    assert str(home.log) in done.stderr


def test_reading_goes_on_where_it_was_and_begins_anew_after_a_rotation(home: Home) -> None:
    log = home.log / "agent.log"
    log.write_text("one\ntwo\nthr")
    lines, position = _read(log, len("one\n"))
    assert lines == ["two"], "a line that is not whole yet waits"
    with log.open("a") as file:
        file.write("ee\n")
    lines, position = _read(log, position)
    assert lines == ["three"]
    assert _read(log, position) == ([], position)
    log.write_text("new\n")
    assert _read(log, position) == (["new"], len("new\n"))
    log.unlink()
    assert _read(log, 3) == ([], 0)


LOGGED = (
    "2026-03-02 12:00:00,123 INFO    line1 took a.json\n"
    "2026-03-02 12:00:01,000 ERROR   - it broke\nTraceback\n  because\n"
    "2026-03-02 12:00:02,000 WARNING line2 last\n"
)


def test_tail_in_json_is_one_list_of_records(home: Home) -> None:
    (home.log / "agent.log").write_text(LOGGED)
    done = CliRunner().invoke(log_app, ["--json", "--lines", "2"])
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert (answer["schema"], answer["kind"]) == (1, "log")
    broke, last = answer["data"]
    assert broke["text"] == "it broke\nTraceback\n  because"
    assert (last["level"], last["instance"], last["text"]) == ("warning", "line2", "last")
    assert last["time"].endswith("Z")


async def following(home: Home, *options: str) -> asyncio.subprocess.Process:
    """A program that follows the log."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stationmaster", "log", "tail", "--follow", *options),
        env={**os.environ, "STATIONMASTER_HOME": str(home.config.parent)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT goes to a whole console there")
@pytest.mark.parametrize("options", [(), ("--json",)])
async def test_following_hands_each_line_to_a_pipe_as_it_comes(home: Home, options: tuple[str, ...]) -> None:
    log = home.log / "agent.log"
    log.write_text(LOGGED)
    process = await following(home, "--lines", "1", *options)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        lines = [await process.stdout.readline()]
        for text in (
            "2026-03-02 12:00:03,000 INFO    line1 more\n",
            "2026-03-02 12:00:04,000 INFO    - end\n",
        ):
            with log.open("a") as file:
                file.write(text)
            lines.append(await process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest, talk = await process.communicate()
    assert (process.returncode, rest) == (130, b"")
    assert b"Interrupted." in talk
    if not options:
        assert b"".join(lines).decode() == LOGGED[LOGGED.rindex("2026") :] + log.read_text()[len(LOGGED) :]
        assert b"Following" in talk
        return
    answers = [json.loads(line) for line in lines]
    assert {(one["schema"], one["kind"]) for one in answers} == {(1, "log-record")}
    assert [one["data"]["text"] for one in answers] == ["last", "more", "end"]


def watch(path: Path, **settings: object) -> dict[str, object]:
    return {"path": str(path), "converters": ["wsjf"], **settings}


def checked(home: Home, folders: dict[str, list[dict[str, object]]]) -> list[dict[str, str]]:
    """What the check finds where these instances watch these folders."""
    for name, watched in folders.items():
        ConfigStore(home).add(name, "http://localhost:1", watched)
    done = CliRunner().invoke(config_app, ["check", "--json"])
    assert done.exit_code == 0, "a warning is no error"
    findings: list[dict[str, str]] = json.loads(done.stdout)["data"]
    assert {one["severity"] for one in findings} <= {"warning"}
    return findings


def test_check_warns_of_a_folder_that_two_instances_watch(home: Home, tmp_path: Path) -> None:
    (finding,) = checked(home, {"line1": [watch(tmp_path)], "line2": [watch(tmp_path)]})
    assert finding["instance"] == "line2"
    assert f'{tmp_path} is watched by "line1" and by "line2"' in finding["text"]


def test_check_warns_of_a_folder_within_another_instance_s(home: Home, tmp_path: Path) -> None:
    inner = tmp_path / "deep" / "inner"
    (finding,) = checked(
        home, {"line1": [watch(inner, include=["*.xml"])], "line2": [watch(tmp_path, recursive=True)]}
    )
    assert f'{tmp_path} is watched by "line2", and {inner} by "line1"' in finding["text"]
    assert "deep/inner/result.xml" in finding["text"].replace(os.sep, "/")
    assert "each takes" in finding["text"]


def test_check_warns_of_a_folder_that_an_instance_watches_twice(home: Home, tmp_path: Path) -> None:
    (finding,) = checked(
        home, {"line1": [watch(tmp_path, include=["fct-*"]), watch(tmp_path, include=["*.xml"])]}
    )
    assert f'"line1" watches {tmp_path} twice: only the first takes files such as fct-.xml' in finding["text"]
    done = CliRunner().invoke(config_app, ["check"])
    assert done.exit_code == 0
    assert "warning: " in done.stderr


def test_check_warns_of_folders_within_each_other_in_one_instance(home: Home, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (finding,) = checked(home, {"line1": [watch(inner), watch(tmp_path, recursive=True)]})
    assert f'"line1" watches {tmp_path} and {inner}: only the second takes' in finding["text"]


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ({}, {}),  # not recursive
        ({"recursive": True, "exclude": ["inner"]}, {}),
        ({"recursive": True, "include": ["*.xml"]}, {"include": ["*.json"]}),
        ({"recursive": True, "include": ["other/*.xml"]}, {"include": ["*.xml"]}),
    ],
)
def test_check_is_silent_about_folders_that_share_no_file(
    home: Home, tmp_path: Path, outer: dict[str, object], inner: dict[str, object]
) -> None:
    place = tmp_path / "line" / "inner"
    folders = [watch(tmp_path / "line", **outer), watch(place, **inner)]
    assert checked(home, {"line1": folders, "line2": [watch(tmp_path / "line-2")]}) == []


def test_check_warns_where_only_a_path_pattern_reaches(home: Home, tmp_path: Path) -> None:
    folders = [watch(tmp_path, recursive=True, include=["inner/[ab]?.xml"]), watch(tmp_path / "inner")]
    (finding,) = checked(home, {"line1": folders})
    assert "inner/a0.xml" in finding["text"].replace(os.sep, "/")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights of a file work otherwise there")
def test_check_says_so_where_the_settings_cannot_be_read(home: Home) -> None:
    home.instances.rmdir()
    home.instances.write_text("no folder")
    done = CliRunner().invoke(config_app, ["check"])
    assert done.exit_code == 2
    assert str(home.instances) in done.stderr


@pytest.mark.parametrize(
    ("url", "warnings"),
    [
        ("http://wats.factory", 1),
        ("https://wats.factory", 0),
        ("http://127.0.0.1:8080", 0),
        ("http://[::1]", 0),
    ],
)
def test_check_warns_of_a_token_that_goes_in_clear(home: Home, url: str, warnings: int) -> None:
    ConfigStore(home).add("line1", url)
    done = CliRunner().invoke(config_app, ["check", "--json"])
    assert done.exit_code == 0
    assert [one["severity"] for one in json.loads(done.stdout)["data"]] == ["warning"] * warnings


def test_check_names_the_key_that_is_wrong(home: Home) -> None:
    ConfigStore(home).add("line1", "http://localhost:1")
    file = home.instance_file("line1")
    file.write_text(file.read_text().replace("[upload]\n", "[upload]\nmax_concurent = 3\n"))
    done = CliRunner().invoke(config_app, ["check"])
    assert done.exit_code == 2
    assert "max_concurent" in done.stderr
    assert "max_concurrent" in done.stderr
