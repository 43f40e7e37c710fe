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


def test_check_passes_right_settings_and_warns_of_a_shared_folder(home: Home, tmp_path: Path) -> None:
    folder = {"path": str(tmp_path), "converters": ["wsjf"]}
    for name in ("line1", "line2"):
        ConfigStore(home).add(name, "http://localhost:1", [folder])
    done = CliRunner().invoke(config_app, ["--json"])
    assert done.exit_code == 0
    (finding,) = json.loads(done.stdout)["data"]
    assert finding["severity"] == "warning"
    assert '"line1"' in finding["text"]


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
    done = CliRunner().invoke(config_app, ["--json"])
    assert done.exit_code == 0
    assert [one["severity"] for one in json.loads(done.stdout)["data"]] == ["warning"] * warnings


def test_check_names_the_key_that_is_wrong(home: Home) -> None:
    ConfigStore(home).add("line1", "http://localhost:1")
    file = home.instance_file("line1")
    file.write_text(file.read_text().replace("[upload]\n", "[upload]\nmax_concurent = 3\n"))
    done = CliRunner().invoke(config_app, [])
    assert done.exit_code == 2
    assert "max_concurent" in done.stderr
    assert "max_concurrent" in done.stderr
