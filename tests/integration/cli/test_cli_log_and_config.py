"""`log tail` and `config check`, over real files."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fakes.child import child
from stationmaster.cli.config import app as config_app
from stationmaster.cli.log import app as log_app
from stationmaster.config.store import ConfigStore
from stationmaster.home.paths import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("STATIONMASTER_HOME", str(tmp_path / "home"))
    home = Home.find()
    home.ensure()
    return home


def test_tail_shows_what_somebody_else_wrote_as_it_is(home: Home) -> None:
    (home.log / "agent.log").write_text("one\ntwo\nthree\n")
    done = CliRunner().invoke(log_app, ["tail", "--lines", "2"])
    assert (done.exit_code, done.stdout) == (0, "one\ntwo\nthree\n"), "no line begins a record: it is one"


def test_tail_says_where_nothing_fits(home: Home) -> None:
    (home.log / "agent.log").write_text("one\n")
    done = CliRunner().invoke(log_app, ["tail", "--grep", "two"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"Nothing in the log fits. It lies in {home.log}." in done.stderr


def test_tail_without_a_log_says_so(home: Home) -> None:
    done = CliRunner().invoke(log_app, ["tail"])
    assert done.exit_code == 1
    assert str(home.log) in done.stderr


LOGGED = (
    "2026-03-02 12:00:00,123 INFO    line1 took a.json\n"
    "2026-03-02 12:00:01,000 ERROR   - it broke\nTraceback\n  because\n"
    "2026-03-02 12:00:02,000 WARNING line2 last\n"
)


def test_tail_in_json_is_one_list_of_records(home: Home) -> None:
    (home.log / "agent.log").write_text(LOGGED)
    done = CliRunner().invoke(log_app, ["tail", "--json", "--lines", "2"])
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert (answer["schema"], answer["kind"]) == (1, "log")
    broke, last = answer["data"]
    assert broke["text"] == "it broke\nTraceback\n  because"
    assert (last["level"], last["instance"], last["text"]) == ("warning", "line2", "last")
    assert last["time"].endswith("Z")


def following(home: Home, *options: str) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """A program that follows the log until the block ends."""
    return child(
        *(sys.executable, "-m", "stationmaster", "log", "tail", "--follow", *options),
        env={**os.environ, "STATIONMASTER_HOME": str(home.config.parent)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_who_gives_up_on_one_that_follows_leaves_no_process_behind(home: Home) -> None:
    async with following(home) as process:
        pass
    assert process.returncode not in {None, 0}
    with pytest.raises(TimeoutError):
        async with following(home) as process, asyncio.timeout(0):
            await process.communicate()
    assert process.returncode not in {None, 0}


def test_tail_of_an_unknown_instance_names_the_known_ones(home: Home) -> None:
    (home.log / "agent.log").write_text(LOGGED)
    for name in ("line8", "line9"):
        ConfigStore(home).add(name, "https://x.example", [], {})
    for options in ((), ("--json",), ("--follow",)):
        done = CliRunner().invoke(log_app, ["tail", "--instance", "line3", *options])
        assert (done.exit_code, done.stdout) == (2, "")
        assert '"line3"' in done.stderr
        assert "line8, line9" in done.stderr
    quiet = CliRunner().invoke(log_app, ["tail", "--instance", "line9"])
    assert (quiet.exit_code, quiet.stdout) == (0, ""), "it is there, and has nothing to say"
    removed = CliRunner().invoke(log_app, ["tail", "--instance", "line2"])
    assert removed.exit_code == 0, "it was removed, but the log still tells of it"
    assert "last" in removed.stdout


def line(text: str, second: int, **fields: object) -> str:
    """A line as the agent writes it."""
    head = {"time": f"2026-03-02T12:00:{second:02}Z", "level": "info", "logger": "stationmaster.x"}
    return json.dumps({**head, "message": text, **fields}) + "\n"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT goes to a whole console there")
@pytest.mark.parametrize("options", [(), ("--json",)])
async def test_following_hands_each_line_to_a_pipe_as_it_comes(home: Home, options: tuple[str, ...]) -> None:
    """Over a rotation, too, and only what was asked for."""
    log = home.log / "agent.log"
    log.write_text(LOGGED + line("old", 3, instance="line2"))
    follower = following(home, "--lines", "1", "--instance", "line2", *options)
    async with follower as process, asyncio.timeout(60):
        assert process.stdout is not None
        lines = [await process.stdout.readline()]
        with log.open("a") as file:
            file.write(line("other", 4, instance="line1") + line("more", 5, instance="line2", entry=7))
        lines.append(await process.stdout.readline())
        with log.open("a") as file:
            file.write(line("late", 6, instance="line2"))
        log.rename(home.log / "agent.log.1")
        log.write_text(line("end", 7, instance="line2"))
        lines += [await process.stdout.readline(), await process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        rest, talk = await process.communicate()
    assert (process.returncode, rest) == (130, b"")
    assert b"Interrupted." in talk
    if not options:
        assert b"Following" in talk
        assert [text.decode().split(" ", 2)[2].strip() for text in lines] == [
            "INFO    line2 old",
            "INFO    line2 [7] more",
            "INFO    line2 late",
            "INFO    line2 end",
        ]
        return
    answers = [json.loads(text) for text in lines]
    assert {(one["schema"], one["kind"]) for one in answers} == {(1, "log-record")}
    assert [one["data"]["text"] for one in answers] == ["old", "more", "late", "end"]
    assert [one["data"]["entry"] for one in answers] == [None, 7, None, None]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--level", "warning"], ["b", "d"]),
        (["--instance", "line1"], ["a", "b"]),
        (["--entry", "7"], ["b"]),
        (["--grep", "^D|stationmaster.y"], ["c", "d"]),
        (["--since", "2026-03-02T12:00:03Z"], ["c", "d"]),
        (["--since", "3650d", "-n", "2"], ["c", "d"]),
        (["-n", "0"], []),
    ],
)
def test_tail_picks_what_is_asked_for_out_of_all_files(
    home: Home, options: list[str], told: list[str]
) -> None:
    (home.log / "agent.log.1").write_text(
        line("a", 1, instance="line1") + line("b", 2, instance="line1", entry=7, level="error")
    )
    (home.log / "agent.log").write_text(
        line("c", 3, logger="stationmaster.y") + line("d", 4, level="warning")
    )
    done = CliRunner().invoke(log_app, ["tail", "--json", *options])
    assert done.exit_code == 0, done.stderr
    assert [one["text"] for one in json.loads(done.stdout)["data"]] == told


@pytest.mark.parametrize("options", [["--grep", "("], ["--since", "yesterday"]])
def test_tail_says_what_is_wrong_with_a_filter(home: Home, options: list[str]) -> None:
    (home.log / "agent.log").write_text(LOGGED)
    done = CliRunner().invoke(log_app, ["tail", *options])
    assert done.exit_code == 2
    assert options[1] in done.stderr


def test_levels_are_changed_shown_and_taken_back(home: Home) -> None:
    for words in (["warning"], ["deliver", "debug"], ["stationmaster.deliver.link", "error"]):
        assert CliRunner().invoke(log_app, ["level", *words]).exit_code == 0
    config = ConfigStore(home).load_agent()
    assert config.log_level == "warning"
    assert config.log_levels == {"deliver": "debug", "deliver.link": "error"}
    assert CliRunner().invoke(log_app, ["level", "deliver.link", "default"]).exit_code == 0
    shown = CliRunner().invoke(log_app, ["level", "--json"])
    assert json.loads(shown.stdout)["data"] == {"log_level": "warning", "log_levels": {"deliver": "debug"}}
    assert "everything else" in CliRunner().invoke(log_app, ["level"]).stdout
    for words in (["delivery", "debug"], ["deliver", "loud"], ["a", "b", "c"], ["os", "debug"]):
        assert CliRunner().invoke(log_app, ["level", *words]).exit_code == 2, words


def watch(path: Path, **settings: object) -> dict[str, object]:
    return {"path": str(path), "converters": ["wsjf"], **settings}


def checked(home: Home, folders: dict[str, list[dict[str, object]]]) -> list[dict[str, str]]:
    """What the check finds where these instances watch these folders."""
    for name, watched in folders.items():
        ConfigStore(home).add(name, "http://localhost:1", watched)
    done = CliRunner().invoke(config_app, ["check", "--json"])
    assert done.exit_code == 0, "a warning is no error"
    findings: list[dict[str, str]] = json.loads(done.stdout)["data"]
    assert {one["severity"] for one in findings} <= {"warning", "hint"}
    return [one for one in findings if one["severity"] == "warning"]


def test_check_hints_at_a_folder_and_a_converter_that_are_not_there(home: Home, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    ConfigStore(home).add(
        "line1",
        "http://localhost:1",
        [watch(tmp_path / "in", converters=["juniit"]), watch(tmp_path / "none")],
    )
    done = CliRunner().invoke(config_app, ["check"])
    assert done.exit_code == 0
    assert f"hint: line1: the watch folder {tmp_path / 'none'} does not exist yet." in done.stderr
    assert 'Did you mean "junit"?' in done.stderr


def test_check_warns_of_a_folder_that_two_instances_watch(home: Home, tmp_path: Path) -> None:
    (finding,) = checked(home, {"line1": [watch(tmp_path)], "line2": [watch(tmp_path)]})
    assert finding["instance"] == "line2"
    assert f'{tmp_path} is watched by "line1" and by "line2"' in finding["text"]


def test_check_warns_of_a_folder_within_another_instance_s(home: Home, tmp_path: Path) -> None:
    outer, inner = tmp_path / "all", tmp_path / "all" / "deep" / "inner"
    (finding,) = checked(
        home, {"line1": [watch(inner, include=["*.xml"])], "line2": [watch(outer, recursive=True)]}
    )
    assert f'{outer} is watched by "line2", and {inner} by "line1"' in finding["text"]
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
    outer, inner = tmp_path / "all", tmp_path / "all" / "inner"
    (finding,) = checked(home, {"line1": [watch(inner), watch(outer, recursive=True)]})
    assert f'"line1" watches {outer} and {inner}: only the second takes' in finding["text"]


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
    (finding,) = checked(home, {"line1": folders})  # the home lies below, where the pattern does not reach
    assert "inner/a0.xml" in finding["text"].replace(os.sep, "/")


def test_check_warns_of_a_folder_that_holds_the_agent_s_own_files(home: Home, tmp_path: Path) -> None:
    watched = {"line1": [watch(tmp_path, recursive=True)], "line2": [watch(home.archive("line1"))]}
    above, inside = sorted(checked(home, watched), key=lambda one: one["instance"])[-2:]
    assert f'"line1" watches {tmp_path}, and so files of the agent itself' in above["text"] + inside["text"]
    assert f'"line2" watches {home.archive("line1")}, in {home.data}' in above["text"] + inside["text"]


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
