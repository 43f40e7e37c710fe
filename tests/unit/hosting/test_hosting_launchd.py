"""The definition for launchd, and how launchctl is called: on any Unix, with one that only writes it down."""

from __future__ import annotations

import os
import plistlib
import sys
from pathlib import Path

import pytest

from fakes.recorded import Recorded
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home, Scope
from stationmaster.hosting import launchd
from stationmaster.hosting.plan import Run, Wanted, carry_out

if sys.platform == "win32":
    pytest.skip("users of Unix", allow_module_level=True)


def wanted(root: Path, scope: Scope = Scope.USER) -> Wanted:
    home = Home.find(scope, env={"STATIONMASTER_HOME": str(root / "home")})
    return Wanted(home=home, program=("/opt/station master/stationmaster",), account="_stationmaster")


@pytest.mark.parametrize("scope", Scope)
def test_the_definition_is_a_plist_that_says_what_launchd_must_know(tmp_path: Path, scope: Scope) -> None:
    service = wanted(tmp_path, scope)
    values = plistlib.loads(launchd.render(service).encode())
    assert values["Label"] == launchd.LABEL
    assert values["ProgramArguments"][0] == "/opt/station master/stationmaster"
    assert values["ProgramArguments"][-2:] == ["agent", "run"]
    assert values["KeepAlive"] == {"SuccessfulExit": False}
    assert values["ProcessType"] == "Background"
    assert values["AbandonProcessGroup"] is False
    assert values["ExitTimeOut"] > 30
    assert values.get("UserName") == ("_stationmaster" if scope is Scope.MACHINE else None)


def test_it_is_installed_again_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Recorded(tmp_path / "bin", "launchctl")
    monkeypatch.setenv("PATH", str(programs.folder))
    service, path = wanted(tmp_path), tmp_path / "LaunchAgents" / "x.plist"
    target = f"gui/{os.getuid()}/{launchd.LABEL}"
    for _ in range(2):
        for step in launchd.install(service, path=path).steps:
            carry_out(step)
        assert plistlib.loads(path.read_bytes())["Label"] == launchd.LABEL
        assert programs.take() == [
            ["launchctl", "bootout", target],
            ["launchctl", "enable", target],
            ["launchctl", "bootstrap", f"gui/{os.getuid()}", str(path)],
        ]
    programs.fail("launchctl", "it was not loaded")  # stopped by hand before
    plan = launchd.uninstall(service, path=path)
    assert "Left as they are" in plan.notes[0]
    for step in plan.steps:
        carry_out(step)
    assert programs.take() == [["launchctl", "bootout", target]]
    assert not path.exists()
    assert not launchd.uninstall(service, path=path).steps


def test_the_machines_agent_gets_a_role_account(tmp_path: Path) -> None:
    plan = launchd.install(wanted(tmp_path, Scope.MACHINE), path=tmp_path / "x.plist")
    (made,) = [s.command for s in plan.steps if isinstance(s, Run) and s.command[0] == "sysadminctl"]
    assert made[:4] == ("sysadminctl", "-addUser", "_stationmaster", "-roleAccount")
    assert int(made[-1]) in launchd.ROLE_ACCOUNTS


def test_credentials_are_refused(tmp_path: Path) -> None:
    service = Wanted(home=wanted(tmp_path).home, program=("x",), credentials={"line1": tmp_path})
    with pytest.raises(ConfigError, match="macOS has no credentials"):
        launchd.install(service)
