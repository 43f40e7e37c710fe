"""Who starts the agent again: found by what installing it leaves behind, on each platform."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fakes.recorded import Recorded
from stationmaster.diagnostics.supervision import supervision_check
from stationmaster.home.paths import Home, Scope
from stationmaster.home.service_name import LABEL, task_name
from stationmaster.home.system_program import Done, call
from stationmaster.hosting import launchd, task_scheduler
from stationmaster.hosting.plan import Wanted
from stationmaster.model import CheckState

INSTALL = {
    Scope.USER: "stationmaster agent install",
    Scope.MACHINE: "stationmaster --scope machine agent install",
}


def wanted(root: Path, scope: Scope = Scope.USER) -> Wanted:
    home = Home.find(scope, env={"STATIONMASTER_HOME": str(root / "home")})
    return Wanted(home=home, program=("stationmaster",))


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "freebsd14"])
async def test_where_nobody_is_found_the_command_is_named(
    tmp_path: Path, platform: str, scope: Scope
) -> None:
    def no_task(_: Sequence[str]) -> Done:
        return Done(there=True, trouble="ERROR: The system cannot find the file specified.")

    check = await supervision_check(scope, {}, platform=platform, ask=no_task, plist=tmp_path / "no.plist")
    assert check.state is CheckState.WARNING
    assert check.next_step.endswith(f": {INSTALL[scope]}")


async def test_only_the_process_that_systemd_started_is_looked_after() -> None:
    env = {"SYSTEMD_EXEC_PID": "41"}
    mine = await supervision_check(Scope.USER, env, platform="linux", pids=(41,))
    child = await supervision_check(Scope.USER, env, platform="linux", pids=(42,))
    unpacked = await supervision_check(Scope.USER, env, platform="linux", pids=(42, 41))
    assert [one.state for one in (mine, child, unpacked)] == [
        CheckState.OK,
        CheckState.WARNING,
        CheckState.OK,
    ]
    assert mine.text.startswith("systemd starts it again")


@pytest.mark.parametrize(
    ("job", "who"),
    [
        (LABEL, "launchd"),
        ("com.acme.tester", "launchd (com.acme.tester)"),
        ("0", ""),
        ("application.com.apple.Terminal.1152921500312810881", ""),
    ],
)
async def test_launchd_names_the_job_that_it_started(tmp_path: Path, job: str, who: str) -> None:
    env = {"XPC_SERVICE_NAME": job}
    check = await supervision_check(Scope.USER, env, platform="darwin", plist=tmp_path / "no.plist")
    assert check.details.get("who", "") == who
    assert check.state is (CheckState.OK if who else CheckState.WARNING)


async def test_an_agent_that_somebody_started_beside_launchd_is_told(tmp_path: Path) -> None:
    plist = tmp_path / "agent.plist"
    plist.write_text(launchd.render(wanted(tmp_path)))
    check = await supervision_check(Scope.USER, {}, platform="darwin", plist=plist)
    assert check.state is CheckState.WARNING
    assert str(plist) in check.text
    assert check.next_step == "Stop it, then let launchd start it: stationmaster agent install"


@pytest.mark.parametrize("scope", Scope)
async def test_the_task_that_was_installed_is_found_whatever_language_windows_speaks(
    tmp_path: Path, scope: Scope
) -> None:
    service, asked = wanted(tmp_path, scope), list[Sequence[str]]()
    definition = task_scheduler.render(service, user="PC\\joe")

    def query(command: Sequence[str]) -> Done:
        asked.append(command)
        return Done(there=True, out=definition)

    found = await supervision_check(scope, {}, platform="win32", ask=query)
    assert (found.state, found.details["who"]) == (CheckState.OK, f"The Task Scheduler ({task_name(scope)})")
    assert asked == [("schtasks", "/Query", "/TN", task_scheduler.task_name(service), "/XML")]
    settings = definition.index("<Settings>")
    definition = definition[:settings] + definition[settings:].replace(
        "<Enabled>true</Enabled>", "<Enabled>false</Enabled>"
    )
    off = await supervision_check(scope, {}, platform="win32", ask=query)
    assert off.state is CheckState.WARNING
    assert "is switched off" in off.text


@pytest.mark.skipif(sys.platform == "win32", reason="programs with #!")
async def test_the_program_is_called_as_installing_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Recorded(tmp_path / "bin", "schtasks")
    monkeypatch.setenv("PATH", f"{programs.folder}{os.pathsep}{os.environ['PATH']}")
    there = await supervision_check(Scope.MACHINE, {}, platform="win32")
    programs.fail("schtasks", "no such task")
    gone = await supervision_check(Scope.MACHINE, {}, platform="win32")
    assert (there.state, gone.state) == (CheckState.OK, CheckState.WARNING)
    assert programs.take() == [["schtasks", "/Query", "/TN", "\\Stationmaster\\Agent", "/XML"]] * 2
    monkeypatch.setenv("PATH", str(tmp_path))
    assert call(("schtasks",), limit=5) == Done(there=False, trouble="The program schtasks is not here.")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sleep")
def test_a_program_that_does_not_end_is_not_waited_for() -> None:
    assert "timed out" in call(("sleep", "600"), limit=0.1).trouble
