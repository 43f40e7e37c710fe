"""Without a desktop the tray says so, where Qt would abort."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.desktop import missing, screen
from stationmaster_tray.screen import missing_desktop

NO_DESKTOP = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "There is no desktop here to show an icon on"),
        ({"DISPLAY": ":64999"}, "The desktop :64999 cannot be reached"),
        ({"DISPLAY": "unix:64999.0", "QT_QPA_PLATFORM": "xcb"}, "The desktop unix:64999.0 cannot be reached"),
    ],
)
def test_the_tray_ends_with_a_sentence(tmp_path: Path, given: dict[str, str], said: str) -> None:
    env = {name: value for name, value in os.environ.items() if name not in NO_DESKTOP} | given
    env["STATIONMASTER_HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "stationmaster_tray"], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"WAYLAND_DISPLAY": "wayland-0"},
        {"QT_QPA_PLATFORM": "offscreen"},
        {"QT_QPA_PLATFORM": "vnc:port=1"},
        {"DISPLAY": "another-computer:0"},
    ],
)
def test_what_cannot_be_known_is_left_to_qt(given: dict[str, str]) -> None:
    assert missing_desktop(given, "linux") == ""


def test_other_systems_have_their_desktop() -> None:
    assert missing_desktop({}, "win32") == missing_desktop({}, "darwin") == ""


@pytest.mark.skipif(bool(missing()), reason=missing() or "it can run here")
def test_a_display_that_answers_is_a_desktop(tmp_path: Path) -> None:
    with screen(tmp_path) as display:
        assert missing_desktop(display, "linux") == ""
