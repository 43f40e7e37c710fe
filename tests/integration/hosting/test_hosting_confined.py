"""The system calls of an agent at work are those that its unit allows; systemd itself does not run here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.station import Station, needs_strace

if sys.platform != "linux":
    pytest.skip("system calls of Linux", allow_module_level=True)


def allowed(group: str) -> set[str]:
    """The calls of a group, by systemd's own list."""
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True
    )
    found: set[str] = set()
    for line in done.stdout.splitlines()[1:]:
        word = re.sub("\x1b\\[[0-9;]*m", "", line).strip()
        if word.startswith("@"):
            found |= allowed(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


async def test_the_agent_and_its_workers_make_no_system_call_that_the_unit_forbids(tmp_path: Path) -> None:
    needs_strace()
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    trace = tmp_path / "trace"
    async with Station(tmp_path) as station:
        line = await station.line("L1", await station.server(), "move", "archive", "delete")
        await station.start("strace", "-f", "-qq", "-c", "-U", "name", "-o", str(trace))
        for box in line.inboxes:
            box.drop(line.equipment.make("junit"))
            box.spoil(b"no report", f"{box.path.name}.xml")
        await station.conserved()
        stopped = await station.command("agent", "stop")
        assert stopped.returncode == 0, stopped.stderr
        await station.gone()
    called = {word for word in trace.read_text().split() if re.fullmatch("[a-z][a-z0-9_]+", word)}
    called -= {"syscall", "total"}
    assert {"execve", "fdatasync", "sendto"} <= called
    assert not called - allowed("@system-service")
