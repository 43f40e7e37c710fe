"""One tray for each user, whatever other users of the computer do; and how a desktop starts it."""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
import stat
import subprocess
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


LAUNCH = """
import sys
from PySide6.QtCore import QCoreApplication
from stationmaster_tray.single import Single
app, single = QCoreApplication([]), Single(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
first = single.acquire()
print(first, flush=True)
if first:
    app.exec()
"""
"""A program that is one tray or leaves."""


@pytest.mark.parametrize("runtime", ["", "/nowhere", "x" * 70])
async def test_without_a_short_runtime_folder_the_name_lies_in_a_folder_of_our_own(
    tmp_path: Path, runtime: str
) -> None:
    if runtime.startswith("x"):
        (tmp_path / runtime).mkdir()
        runtime = str(tmp_path / runtime)
    name = name_of(str(tmp_path), {"XDG_RUNTIME_DIR": runtime})
    folder = Path(name).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    first, raised = Single(name), list[bool]()
    first.raised.connect(lambda: raised.append(True))
    try:
        assert first.acquire()
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LAUNCH, name, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        assert (await second.communicate())[0] == b"ready\nFalse\n"
        assert raised
    finally:
        first.release()


async def test_a_launch_while_the_first_tray_ends_is_not_lost(tmp_path: Path) -> None:
    first = Single(str(tmp_path / "name"))
    assert first.acquire()
    second = asyncio.ensure_future(asyncio.to_thread(lambda: Single(str(tmp_path / "name")).acquire()))
    first.release()
    assert await second


async def test_a_tray_that_holds_the_name_and_says_nothing_keeps_no_other_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_module, "PATIENCE", 0.2)
    first = Single(str(tmp_path / "name"))
    assert first.acquire()
    try:
        assert Single(str(tmp_path / "name")).acquire()  # this thread would have to answer
    finally:
        first.release()


def test_of_many_trays_that_start_where_one_was_killed_one_is_the_one(tmp_path: Path) -> None:
    name = str(tmp_path / "name")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(name)
        left.listen()
    trays = [
        subprocess.Popen(
            [sys.executable, "-c", LAUNCH, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        assert [one.stdout.readline() for one in trays if one.stdout] == ["ready\n"] * 4
        for one in trays:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        said = [one.stdout.readline() for one in trays if one.stdout]
    finally:
        for one in trays:
            one.kill()
            one.communicate()
    assert sorted(said) == ["False\n"] * 3 + ["True\n"]


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
