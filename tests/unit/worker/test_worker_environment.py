from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stationmaster.worker.environment import child_command, child_environment
from stationmaster.worker.error import ChildCrashedError


def test_no_secret_reaches_a_child() -> None:
    parent = {
        "STATIONMASTER_TOKEN": "s3cret",
        "STATIONMASTER_TOKEN_LINE1": "s3cret",
        "stationmaster_token_x": "s3cret",
        "CREDENTIALS_DIRECTORY": "/run/s3cret",
        "NOTIFY_SOCKET": "/run/s3cret",
        "PATH": "/bin",
        "STATIONMASTER_HOME": "/home",
    }
    env = child_environment(parent, folder=Path("/folder"))
    assert "s3cret" not in str(env)
    assert env["PATH"] == "/bin"
    assert env["STATIONMASTER_HOME"] == "/home"
    assert env["PYTHONUNBUFFERED"] == "1"
    assert env["TMPDIR"] == env["TEMP"] == env["TMP"] == str(Path("/folder"))


def test_a_frozen_program_runs_its_children_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert child_command("stationmaster.x") == [sys.executable, "-P", "-m", "stationmaster.x"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert child_command("stationmaster.x") == [sys.executable, "worker", "stationmaster.x"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "exit code 3"),
        (0, "exit code 0"),
        (-11, "signal 11 (Segmentation fault)"),
        (None, "cannot be reached"),
    ],
)
def test_an_ending_is_told_in_words(code: int | None, words: str) -> None:
    assert words in ChildCrashedError(code).text
