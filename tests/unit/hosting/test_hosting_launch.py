"""Starting an agent where the system has a service for it, and which service is ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fakes.recorded import Recorded
from stationmaster.errors import StationmasterError
from stationmaster.home.paths import Scope
from stationmaster.home.service_name import TASK_FILE, UNIT, machine_step, task_name
from stationmaster.hosting.launch import Launcher

if sys.platform != "linux":
    pytest.skip("a unit of systemd", allow_module_level=True)


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    found = Recorded(tmp_path / "bin", "systemctl", "schtasks")
    monkeypatch.setenv("PATH", f"{found.folder}:{os.environ['PATH']}")
    return found


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    """Of a user whose home has a service."""
    home = str(tmp_path / "home")
    unit = tmp_path / ".config/systemd/user/stationmaster.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(f"[Service]\nEnvironment=STATIONMASTER_HOME={home}\n")
    return Launcher("user", {"HOME": str(tmp_path), "STATIONMASTER_HOME": home})


def test_the_service_is_started_and_no_agent_beside_it(systemctl: Recorded, launcher: Launcher) -> None:
    launcher.start()
    assert systemctl.take() == [["systemctl", "--user", "start", "stationmaster.service"]]
    assert not launcher.mine
    assert launcher.ended() is None


def test_a_service_that_does_not_start_says_why(systemctl: Recorded, launcher: Launcher) -> None:
    systemctl.fail("systemctl", "Unit stationmaster.service is masked.")
    with pytest.raises(StationmasterError, match="is masked") as caught:
        launcher.start()
    assert "systemctl --user start stationmaster.service" in caught.value.next_step


@pytest.mark.parametrize(
    ("named", "chosen", "ours"),
    [
        ("", "", True),
        ("", "st", False),
        ("st", "", False),
        ("st", "st", True),
        ("st2", "st", False),
        ("s t", "s t", True),
    ],
)
def test_a_service_of_another_home_is_not_ours(
    tmp_path: Path, *, named: str, chosen: str, ours: bool
) -> None:
    unit = tmp_path / ".config/systemd/user/stationmaster.service"
    unit.parent.mkdir(parents=True)
    word = f"STATIONMASTER_HOME={tmp_path / named}"
    word = f'"{word}"' if " " in word else word
    unit.write_text(f"[Service]\nEnvironment={word}\n" if named else "[Service]\n")
    env = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    if chosen:
        env["STATIONMASTER_HOME"] = str(tmp_path / chosen)
    assert Launcher("user", env).supervised is ours


def test_a_task_of_windows_starts_the_usual_home_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, systemctl: Recorded
) -> None:
    env = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    for name in ("HOME", "XDG_CONFIG_HOME"):  # the usual home is where this process has it
        monkeypatch.setenv(name, str(tmp_path))
    assert not Launcher("user", env, system="win32").supervised
    launcher = Launcher("user", env, system="win32")
    launcher.home.config.mkdir(parents=True)
    (launcher.home.config / TASK_FILE).write_text("<Task/>")
    assert launcher.supervised
    launcher.start()
    assert systemctl.take() == [["schtasks", "/Run", "/TN", task_name(Scope.USER)]]
    chosen = Launcher("user", env | {"STATIONMASTER_HOME": str(tmp_path / "st")}, system="win32")
    chosen.home.config.mkdir(parents=True)
    (chosen.home.config / TASK_FILE).write_text("<Task/>")
    assert not chosen.supervised


def test_the_machines_agent_is_for_an_administrator_to_start(tmp_path: Path) -> None:
    make = "It is no service yet. Ask an administrator for: sudo stationmaster --scope machine agent install"
    assert machine_step(units=[tmp_path]) == make
    (tmp_path / UNIT).touch()
    start = "Ask an administrator for: sudo systemctl start stationmaster"
    assert machine_step(units=[tmp_path]) == start
    assert machine_step(again=True, units=[tmp_path]) == start.replace("start", "restart", 1)
    launcher = Launcher("machine", {"HOME": str(tmp_path)})
    with pytest.raises(StationmasterError) as caught:
        launcher.start()
    assert caught.value.next_step == machine_step()
    assert launcher.restart_step == machine_step(again=True)
    assert Launcher("user", {"HOME": str(tmp_path)}).restart_step == ""
