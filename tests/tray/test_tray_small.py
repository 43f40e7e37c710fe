"""The small parts: the memory, the one tray's name, the safety catch of Qt, tasks, notifications."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication

from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster.errors import StationmasterError
from stationmaster_tray.autostart import Autostart, is_approved
from stationmaster_tray.main import main, unsafe_qt
from stationmaster_tray.memory import Memory
from stationmaster_tray.single import name_of
from stationmaster_tray.task import Tasks
from stationmaster_tray.window import Window

pytestmark = pytest.mark.usefixtures("app")


def test_what_is_remembered_survives_and_a_broken_file_is_an_empty_one(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "new" / "tray.json")
    memory.now.page, memory.now.quiet_until = "log", 5.0
    memory.save()
    again = Memory(memory.path)
    assert (again.now.page, again.now.quiet_until) == ("log", 5.0)
    memory.path.write_text("{")
    assert Memory(memory.path).now.page == ""


async def test_the_window_comes_back_where_it_was_and_onto_a_screen_that_is_there(tmp_path: Path) -> None:
    async with Station(tmp_path) as station, attached(station, wait=False) as desk:
        window = Window(desk)
        window.open_page("log")
        window.setGeometry(QRect(30, 40, 760, 500))
        window.close()
        again = Window(desk)
        again.open_page("")
        assert (again.width(), again.height()) == (760, 500)
        assert desk.memory.now.page == "log"
        again.move(9000, 9000)
        again.remember()
        third = Window(desk)
        screen = QApplication.primaryScreen().availableGeometry()
        assert screen.intersects(third.geometry())
        again.close()


def test_each_home_and_desktop_session_has_a_tray_of_its_own() -> None:
    names = {
        name_of(address, {"DISPLAY": display, "USERNAME": "a"})
        for address in ("/a.sock", "/b.sock")
        for display in (":0", ":1")
    }
    assert len(names) == 4


def test_a_qt_that_crashes_this_python_is_refused() -> None:
    assert unsafe_qt((3, 11), "6.11.3") == ""
    assert unsafe_qt((3, 12), "6.12.0") == ""
    assert "crashes on Python 3.11" in unsafe_qt((3, 11), "6.12.0")


def test_wrapped_calls_leave_none_alone(app: QApplication) -> None:
    before = sys.getrefcount(None)
    for _ in range(2000):
        app.processEvents()
    assert sys.getrefcount(None) > before - 1000


def test_the_version_is_told_without_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("stationmaster-tray ")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_starting_at_log_in_is_switched_on_and_off(tmp_path: Path, platform: str) -> None:
    switch = Autostart("machine", platform=platform, env={"HOME": str(tmp_path)})
    seen = [switch.is_on]
    switch.switch(on=True)
    seen.append(switch.is_on)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    text = file.read_text()
    assert "--hidden" in text
    assert "machine" in text
    switch.switch(on=False)
    switch.switch(on=False)
    seen.append(switch.is_on)
    assert seen == [False, True, False]


@pytest.mark.parametrize("key", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_the_desktop_switched_off_is_off_and_can_be_switched_on_again(tmp_path: Path, key: str) -> None:
    switch = Autostart(platform="linux", env={"HOME": str(tmp_path)})
    switch.switch(on=True)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    name = key.partition("=")[0]
    kept = [line for line in file.read_text().splitlines() if not line.startswith(name)]
    file.write_text("\n".join([*kept, key, "[Desktop Action new]", f"{name}=of another group"]))
    assert not switch.is_on
    switch.switch(on=True)
    assert switch.is_on


@pytest.mark.parametrize(
    ("value", "on"), [(None, True), (b"", True), (b"\2" + bytes(11), True), (b"\3" + bytes(11), False)]
)
def test_what_windows_switched_off_is_off(value: bytes | None, *, on: bool) -> None:
    assert is_approved(value) is on


def test_a_log_in_entry_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("in the way")
    with pytest.raises(StationmasterError, match="cannot be changed: Not a directory"):
        Autostart(platform="linux", env={"HOME": str(tmp_path)}).switch(on=True)


async def test_a_bug_in_one_task_is_told_and_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    told: list[StationmasterError] = []

    async def broken() -> None:
        raise KeyError("x")

    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        endless = tasks.start(asyncio.Event().wait())
        tasks.start(broken(), trouble=told.append)
        await until(lambda: told, what="the trouble")
        assert "KeyError" in told[0].text
        assert not endless.done()
        tasks.end()
    assert endless.cancelled()
    assert "unexpected" in caplog.text
