"""One tray for each user, whatever other users of the computer do; and how a desktop starts it."""

from __future__ import annotations

import os
import shlex
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from stationmaster_tray import single as single_module
from stationmaster_tray.autostart import Autostart
from stationmaster_tray.single import Single, name_of

pytestmark = [
    pytest.mark.usefixtures("app"),
    pytest.mark.skipif(sys.platform == "win32", reason="sockets lie in folders elsewhere"),
]


@pytest.mark.parametrize("runtime", ["", "/nowhere", "x" * 70])
def test_without_a_short_runtime_folder_the_name_lies_in_a_folder_of_our_own(
    tmp_path: Path, runtime: str
) -> None:
    if runtime.startswith("x"):
        (tmp_path / runtime).mkdir()
        runtime = str(tmp_path / runtime)
    name = name_of(str(tmp_path), {"XDG_RUNTIME_DIR": runtime})
    folder = Path(name).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    first, second = Single(name), Single(name)
    try:
        assert first.acquire()
        assert not second.acquire()
    finally:
        first.release()


def test_who_sits_on_that_folder_keeps_no_tray_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(single_module, "_LONGEST", 200)
    (tmp_path / f"stationmaster-tray-{os.getuid()}").symlink_to("/")
    name = name_of("agent", {})
    assert name == ""
    assert Single(name).acquire()


def test_a_path_with_letters_of_the_shell_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "it's #1 (new) & old"
    folder.mkdir()
    (folder / "stationmaster-tray").touch()
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    Autostart(platform="linux", env={"XDG_CONFIG_HOME": str(tmp_path)}).switch(on=True)
    text = (tmp_path / "autostart/stationmaster-tray.desktop").read_text()
    (line,) = [one.removeprefix("Exec=") for one in text.splitlines() if one.startswith("Exec=")]
    assert shlex.split(line) == [str(folder / "stationmaster-tray"), "--hidden"]
