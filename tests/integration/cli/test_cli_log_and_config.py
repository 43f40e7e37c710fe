"""`log tail` and `config check`, over real files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stationmaster.cli.config import app as config_app
from stationmaster.cli.log import _print_from
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


def test_following_goes_on_where_it_was_and_begins_anew_after_a_rotation(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    log = home.log / "agent.log"
    log.write_text("one\ntwo\n")
    position = _print_from(log, len("one\n"))
    assert capsys.readouterr().out == "two\n"
    log.write_text("new\n")
    assert _print_from(log, position) == len("new\n")
    assert capsys.readouterr().out == "new\n"
    log.unlink()
    assert _print_from(log, 3) == 0


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
