"""The task for Windows: its XML, and how schtasks is called. Only Windows can tell whether it takes them."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fakes.recorded import Recorded
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home, Scope
from stationmaster.hosting import task_scheduler
from stationmaster.hosting.plan import Wanted, carry_out

SPACE = {"t": task_scheduler.SCHEMA}


def wanted(root: Path, scope: Scope = Scope.USER, chosen_home: str = "") -> Wanted:
    home = Home.find(scope, env={"STATIONMASTER_HOME": str(root / "home")})
    program = (r"C:\Program Files\Stationmaster\stationmaster.exe",)
    return Wanted(home=home, program=program, chosen_home=chosen_home)


def parsed(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - our own text


def text(task: ET.Element, path: str) -> str:
    found = task.findtext("/".join(f"t:{name}" for name in path.split("/")), None, SPACE)
    assert found is not None, path
    return found


@pytest.mark.parametrize("scope", Scope)
def test_the_task_runs_for_ever_and_comes_again(tmp_path: Path, scope: Scope) -> None:
    xml = task_scheduler.render(wanted(tmp_path, scope), user="kim")
    task = parsed(xml.encode("utf-16"))
    assert text(task, "Settings/ExecutionTimeLimit") == "PT0S"
    assert text(task, "Settings/DisallowStartIfOnBatteries") == "false"
    assert text(task, "Settings/StopIfGoingOnBatteries") == "false"
    assert text(task, "Settings/RestartOnFailure/Interval") == "PT1M"
    assert text(task, "Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert text(task, "Actions/Exec/Command") == r"C:\Program Files\Stationmaster\stationmaster.exe"
    assert text(task, "Principals/Principal/RunLevel") == "LeastPrivilege"
    machine = scope is Scope.MACHINE
    assert text(task, "Actions/Exec/Arguments") == ("--scope machine agent run" if machine else "agent run")
    account = task_scheduler.LOCAL_SERVICE if machine else "kim"
    assert text(task, "Principals/Principal/UserId") == account
    triggers = task.find("t:Triggers", SPACE)
    assert triggers is not None
    assert [one.tag.partition("}")[2] for one in triggers] == ["BootTrigger" if machine else "LogonTrigger"]


@pytest.mark.skipif(sys.platform == "win32", reason="its recording programs are scripts of Unix")
def test_it_is_registered_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Recorded(tmp_path / "bin", "schtasks", "icacls")
    monkeypatch.setenv("PATH", f"{programs.folder}{os.pathsep}{os.environ['PATH']}")
    service = wanted(tmp_path, Scope.MACHINE)
    file, name = service.home.config / "task.xml", "\\Stationmaster\\Agent"
    for step in task_scheduler.install(service).steps:
        carry_out(step)
    assert file.read_bytes()[:2] in {b"\xff\xfe", b"\xfe\xff"}
    assert parsed(file.read_bytes()).tag.endswith("Task")
    called = programs.take()
    assert called[0][:2] == ["icacls", str(service.home.config.parent)]
    assert f"*{task_scheduler.LOCAL_SERVICE}:(OI)(CI)M" in called[0]
    assert called[1:] == [
        ["schtasks", "/Create", "/TN", name, "/XML", str(file), "/F"],
        ["schtasks", "/Run", "/TN", name],
    ]
    for step in task_scheduler.uninstall(service).steps:
        carry_out(step)
    assert programs.take() == [["schtasks", "/Delete", "/TN", name, "/F"]]
    assert not file.exists()


def test_each_user_has_a_task_of_his_own(tmp_path: Path) -> None:
    plan = task_scheduler.install(wanted(tmp_path))
    assert plan.service.endswith(getpass.getuser())
    assert not [step for step in plan.steps if "icacls" in str(step)]


def test_watch_folders_on_mapped_drives_are_told(tmp_path: Path) -> None:
    watched = (r"Z:\results", r"C:\results", r"\\server\share\results")
    plan = task_scheduler.install(
        wanted(tmp_path, Scope.MACHINE), watched=watched, remote=lambda drive: drive == "Z:"
    )
    told = [note for note in plan.notes if "drive letter" in note]
    assert len(told) == 1
    assert r"Z:\results" in told[0]
    assert not [note for note in task_scheduler.install(wanted(tmp_path)).notes if "drive letter" in note]


def test_what_windows_cannot_do_is_refused(tmp_path: Path) -> None:
    home = wanted(tmp_path).home
    with pytest.raises(ConfigError, match="no credentials"):
        task_scheduler.install(Wanted(home=home, program=("x",), credentials={"a": tmp_path}))
    with pytest.raises(ConfigError, match="no variables"):
        task_scheduler.install(wanted(tmp_path, chosen_home=str(tmp_path)))
