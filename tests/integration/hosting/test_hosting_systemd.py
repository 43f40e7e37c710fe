"""The systemd unit: what systemd itself thinks of it, and what install and uninstall do with it."""

from __future__ import annotations

import configparser
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fakes.accounts import everybodys_python, rights
from fakes.recorded import Recorded
from stationmaster.errors import StationmasterError
from stationmaster.home.paths import Home, Scope
from stationmaster.hosting import systemd
from stationmaster.hosting.launch import program
from stationmaster.hosting.plan import Give, Plan, Run, Wanted, Write, carry_out

if sys.platform != "linux":
    pytest.skip("systemd is Linux's", allow_module_level=True)

EXPOSURE = 3.0
"""What `systemd-analyze security` may give at most: 0 is a locked box, 10 a program of root."""


def wanted(root: Path, scope: Scope = Scope.USER, **more: object) -> Wanted:
    home = Home.find(scope, env={"STATIONMASTER_HOME": str(root / "home")})
    values: dict[str, object] = {"home": home, "program": program(), **more}
    return Wanted(**values)  # type: ignore[arg-type]  # a test's own choice of fields


def usual(scope: Scope) -> Wanted:
    """As on a machine that has it where it belongs."""
    return Wanted(home=Home.find(scope, env={}), program=program())


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    env = {**os.environ, "XDG_RUNTIME_DIR": "/run"}  # it only wants to know some name
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False, env=env)
    return subprocess.CompletedProcess(words, done.returncode, done.stdout, done.stdout + done.stderr)


def values(unit: str) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as systemd, which tells cases apart
    parser.read_string(unit)
    return parser["Service"]


# ---------------------------------------------------------------- the unit
@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("name", ["plain", "with spaces, 50% and $HOME"])
def test_systemd_takes_the_unit(tmp_path: Path, scope: Scope, name: str) -> None:
    root = tmp_path / name
    copy = root / "stationmaster"
    root.mkdir()
    copy.symlink_to(program()[0])
    chosen = f'{root}/"home" \\'
    service = wanted(tmp_path / name, scope, program=(str(copy), '"$1"'), chosen_home=chosen)
    unit = root.parent / systemd.UNIT
    unit.write_text(systemd.render(service, {"line1": root / "token"}))
    # `root` is there on every machine; the account that install makes may not be.
    unit.write_text(unit.read_text().replace("=stationmaster\n", "=root\n"))
    done = analyze("verify", *(["--user"] if scope is Scope.USER else []), str(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_machines_unit_may_do_little(tmp_path: Path) -> None:
    unit = tmp_path / systemd.UNIT
    unit.write_text(systemd.render(usual(Scope.MACHINE), {}))
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", str(unit))
    assert done.returncode == 0, done.stdout[-300:]


def test_the_unit_leaves_the_agent_time_and_its_folders() -> None:
    home = Home.find(Scope.MACHINE, env={})
    found = values(systemd.render(usual(Scope.MACHINE), {}))
    assert found["Type"] == "notify"
    assert found["KillMode"] == "mixed"
    assert float(found["TimeoutStopSec"]) > 30
    assert float(found["WatchdogSec"]) >= 30
    assert (found["User"], found["Group"]) == ("stationmaster", "stationmaster")
    assert found["ReadWritePaths"] == f"-{home.config}"
    assert found["PrivateTmp"] == found["ProtectHome"] == "no"  # testers write there
    for kind, folder in (("State", home.data), ("Logs", home.log), ("Runtime", home.run)):
        assert found[f"{kind}Directory"] == folder.name
    assert "MemoryMax" not in found


def test_a_home_of_ones_own_is_handed_to_the_agent(tmp_path: Path) -> None:
    service = wanted(tmp_path, Scope.MACHINE, chosen_home=str(tmp_path / "home"))
    found = values(systemd.render(service, {}))
    assert found["Environment"] == f"STATIONMASTER_HOME={tmp_path}/home"
    assert "StateDirectory" not in found


# ---------------------------------------------------------------- install, uninstall
@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """What would call the system, and only write down how they are called."""
    found = Recorded(tmp_path / "bin", "systemctl", "groupadd", "useradd", "usermod")
    monkeypatch.setenv("PATH", f"{found.folder}:{os.environ['PATH']}")
    return found


def carry(plan: Plan) -> None:
    for step in plan.steps:
        carry_out(step)


def test_installing_again_changes_nothing_and_new_settings_restart_it(
    tmp_path: Path, programs: Recorded
) -> None:
    service, folder = wanted(tmp_path), tmp_path / "units"
    carry(systemd.install(service, folder=folder))
    assert (folder / systemd.UNIT).read_text() == systemd.render(service, {})
    assert programs.take() == [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable", "--now", systemd.UNIT],
    ]
    carry(systemd.install(service, folder=folder))
    assert programs.take() == [["systemctl", "--user", "enable", "--now", systemd.UNIT]]
    moved = wanted(tmp_path, program=("/opt/stationmaster/stationmaster",))
    carry(systemd.install(moved, folder=folder))
    assert programs.take()[-1] == ["systemctl", "--user", "restart", systemd.UNIT]


def test_credentials_stay_until_they_are_taken_away(tmp_path: Path, programs: Recorded) -> None:
    token, folder = tmp_path / "50% token", tmp_path / "units"
    token.write_text("secret")
    carry(systemd.install(wanted(tmp_path, credentials={"line1": token}), folder=folder))
    carry(systemd.install(wanted(tmp_path, credentials={"line2": token}), folder=folder))
    unit = (folder / systemd.UNIT).read_text()
    for name in ("line1", "line2"):
        assert f"LoadCredential=stationmaster-{name}:{tmp_path}/50%% token\n" in unit
    assert "secret" not in unit
    carry(systemd.install(wanted(tmp_path, credentials={"line1": None}), folder=folder))
    assert "stationmaster-line1" not in (folder / systemd.UNIT).read_text()
    with pytest.raises(StationmasterError, match="there is no such file"):
        systemd.install(wanted(tmp_path, credentials={"line1": tmp_path / "none"}), folder=folder)
    assert programs.take()


def test_uninstalling_removes_the_unit_and_says_what_stays(tmp_path: Path, programs: Recorded) -> None:
    service, folder = wanted(tmp_path), tmp_path / "units"
    service.home.ensure()
    carry(systemd.install(service, folder=folder))
    programs.take()
    plan = systemd.uninstall(service, folder=folder)
    assert str(service.home.data) in plan.notes[0]
    carry(plan)
    assert not (folder / systemd.UNIT).exists()
    assert service.home.data.is_dir()
    assert programs.take() == [
        ["systemctl", "--user", "disable", "--now", systemd.UNIT],
        ["systemctl", "--user", "daemon-reload"],
    ]
    again = systemd.uninstall(service, folder=folder)
    assert again.steps == ()
    assert "nothing was done" in again.notes[0]


def test_what_systemctl_says_is_told(tmp_path: Path, programs: Recorded) -> None:
    programs.fail("systemctl", "Failed to connect to bus")
    with pytest.raises(StationmasterError, match=r"daemon-reload did not work: Failed to connect to bus"):
        carry(systemd.install(wanted(tmp_path), folder=tmp_path / "units"))


def test_a_path_that_systemd_does_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StationmasterError, match="quotes or a backslash"):
        systemd.install(wanted(tmp_path, program=('/opt/"x"/stationmaster',)))


def test_the_account_is_made_where_it_is_missing(tmp_path: Path, programs: Recorded) -> None:
    service = wanted(tmp_path, Scope.MACHINE, account="no-such-account")
    steps = systemd.install(service, folder=tmp_path / "units").steps
    for step in steps:
        if isinstance(step, Run) and not step.account:
            carry_out(step)
    made = [call for call in programs.take() if call[0] == "useradd"]
    assert [(one[1], one[-1]) for one in made] == [("--system", "no-such-account")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_left_in_the_folders_is_given_to_the_account(tmp_path: Path) -> None:
    nobody, theirs = pwd.getpwnam("nobody"), tmp_path / "theirs"
    config = tmp_path / "etc"
    (config / "instances").mkdir(parents=True)
    (config / "instances" / "line1.toml").write_text("")
    theirs.write_text("of root")
    (config / "link").symlink_to(theirs)
    os.link(theirs, config / "second-name")
    carry_out(Give(text="", folders=(config, tmp_path / "new"), account="nobody", group="nogroup"))
    for path in (config, config / "instances", config / "instances" / "line1.toml", tmp_path / "new"):
        assert (path.stat().st_uid, path.stat().st_gid) == (nobody.pw_uid, nobody.pw_gid), path
    assert theirs.stat().st_uid == 0


# ---------------------------------------------------------------- as it is typed
def typed(root: Path, programs: Recorded, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program(), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={
            "PATH": f"{programs.folder}:/usr/bin:/bin",
            "HOME": str(root),
            "XDG_CONFIG_HOME": str(root / "config"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )


def test_install_and_uninstall_as_they_are_typed(tmp_path: Path, programs: Recorded) -> None:
    unit = tmp_path / "config" / "systemd" / "user" / systemd.UNIT
    shown = typed(tmp_path, programs, "agent", "install", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "Type=notify" in shown.stdout
    assert "systemctl --user enable --now stationmaster.service" in shown.stdout
    assert shown.stderr.endswith("Nothing is changed: this was a dry run.\n")
    assert not unit.exists()
    assert not programs.take()
    done = typed(tmp_path, programs, "agent", "install")
    assert done.returncode == 0, done.stderr
    assert unit.read_text() in shown.stdout
    assert "loginctl enable-linger" in done.stderr
    assert programs.take()
    answer = typed(tmp_path, programs, "agent", "uninstall", "--scope", "user", "--json")
    data = json.loads(answer.stdout)["data"]
    assert (data["kind"], data["scope"], data["done"]) == ("systemd", "user", True)
    assert [step["do"] for step in data["steps"]] == ["run", "remove", "run"]
    assert not unit.exists()


def test_the_machines_service_can_be_looked_at(tmp_path: Path, programs: Recorded) -> None:
    for words in (("--scope", "machine", "agent", "install"), ("agent", "install", "--scope", "machine")):
        shown = typed(tmp_path, programs, *words, "--dry-run", "--json")
        (unit,) = [s for s in json.loads(shown.stdout)["data"]["steps"] if s["do"] == "write"]
        assert unit["path"] == "/etc/systemd/system/stationmaster.service"
    assert not programs.take()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take on another account's rights")
def test_another_user_than_root_is_told_how_to_make_the_machines_service() -> None:
    with tempfile.TemporaryDirectory(prefix="sm-") as folder:
        Path(folder).chmod(0o755)
        python = everybodys_python(Path(folder))
        for verb in ("install", "uninstall"):
            done = subprocess.run(
                [python.program, "-m", "stationmaster", "--scope", "machine", "agent", verb],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                env=python.env,
                **rights("nobody"),
            )
            assert done.returncode == 1, done.stderr
            assert f"Only root may {verb} the machine's agent." in done.stderr
            assert "sudo " in done.stderr


def test_a_plan_can_be_shown_step_by_step(tmp_path: Path) -> None:
    kinds = {type(step) for step in systemd.install(wanted(tmp_path, Scope.MACHINE), folder=tmp_path).steps}
    assert kinds == {Run, Give, Write}
