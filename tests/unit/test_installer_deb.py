"""What the Debian package's scripts do with the machine's agent; stand-ins play the system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import brand

SCRIPTS = Path(brand.__file__).parent / "linux"
UNIT = "[Service]\nType=notify\nExecStart={program} --scope machine agent run --quiet\n"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of a Debian package")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """The root of a system under systemd, with our program and its service; `calls` records calls."""
    for folder in ("run/systemd/system", "etc/systemd/system", "usr/lib/stationmaster", "tools"):
        (tmp_path / folder).mkdir(parents=True)
    for program in ("tools/deb-systemd-invoke", "usr/lib/stationmaster/stationmaster"):
        stand_in = tmp_path / program
        stand_in.write_text(f'#!/bin/sh\necho "${{0##*/}} $*" >>{tmp_path}/calls\nexit 0$FAILS\n')
        stand_in.chmod(0o755)
    set_unit(tmp_path, "/usr/lib/stationmaster/stationmaster")
    return tmp_path


def set_unit(root: Path, program: str) -> None:
    (root / "etc/systemd/system/stationmaster.service").write_text(UNIT.format(program=program))


def calls(root: Path, script: str, *arguments: str, fails: str = "") -> list[str]:
    """What a script calls."""
    env = {"DPKG_ROOT": str(root), "PATH": f"{root}/tools{os.pathsep}/usr/bin:/bin", "FAILS": fails}
    subprocess.run(["sh", SCRIPTS / script, *arguments], env=env, check=True)
    record = root / "calls"
    return record.read_text().splitlines() if record.exists() else []


def test_an_update_lets_a_running_agent_of_the_machine_begin_anew(system: Path) -> None:
    assert calls(system, "prerm", "upgrade", "0.2.0") == []
    assert calls(system, "postinst", "configure", "0.1.0") == [
        "deb-systemd-invoke try-restart stationmaster.service"
    ]


def test_a_first_installation_starts_nothing(system: Path) -> None:
    assert calls(system, "postinst", "configure", "") == []


def test_a_removal_takes_the_service_along_or_stops_it_at_least(system: Path) -> None:
    uninstall = "stationmaster --scope machine agent uninstall"
    assert calls(system, "prerm", "remove") == [uninstall]
    assert calls(system, "prerm", "remove", fails="1")[1:] == [
        uninstall,
        "deb-systemd-invoke stop stationmaster.service",
    ]


@pytest.mark.parametrize("program", ["/opt/stationmaster/bin/stationmaster", "/usr/bin/other"])
def test_an_agent_of_another_installation_is_left_alone(system: Path, program: str) -> None:
    set_unit(system, program)
    assert calls(system, "prerm", "remove") == []
    assert calls(system, "postinst", "configure", "0.1.0") == []


def test_a_system_without_systemd_or_without_the_service_needs_nothing(system: Path) -> None:
    (system / "etc/systemd/system/stationmaster.service").unlink()
    assert calls(system, "prerm", "remove") == []
    (system / "run/systemd/system").rmdir()
    assert calls(system, "postinst", "configure", "0.1.0") == []
