"""What the agent is called where the system keeps its services: to install it there, and to find it again."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from stationmaster.home.paths import Scope

LABEL = "org.stationmaster.agent"
"""Of launchd on macOS."""

UNIT = "stationmaster.service"
"""Name of systemd's definition."""

UNIT_FOLDERS = (Path("/etc/systemd/system"), Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))
"""Where the machine's lies: made by `agent install`, or by a package."""

TASK_FILE = "task.xml"
"""Definition of the Task Scheduler's task, in the folder of the settings: there as long as the task is."""


def plist_path(scope: Scope) -> Path:
    """Where launchd looks for the definition."""
    machine = scope is Scope.MACHINE
    root = Path("/Library/LaunchDaemons") if machine else Path.home() / "Library" / "LaunchAgents"
    return root / f"{LABEL}.plist"


def task_name(scope: Scope) -> str:
    """Of the Task Scheduler on Windows; each user has a task of his own."""
    machine = scope is Scope.MACHINE
    return "\\Stationmaster\\Agent" if machine else f"\\Stationmaster\\Agent of {getpass.getuser()}"


def install_command(scope: Scope) -> str:
    """What makes it a service, as a person types it."""
    return f"stationmaster {'--scope machine ' if scope is Scope.MACHINE else ''}agent install"


def machine_step(*, again: bool = False, units: Sequence[Path] = UNIT_FOLDERS) -> str:
    """How the machine's agent is started, or with `again` restarted: it is a service of the system.

    Args:
        again: it runs, and is to end first.
        units: where systemd looks for it.
    """
    if sys.platform == "win32":
        how = "to end and run" if again else "to run"
        return f"Ask an administrator {how} the task {task_name(Scope.MACHINE)} in the Task Scheduler."
    if sys.platform == "darwin":
        end_first = "-k " if again else ""
        return f"Ask an administrator for: sudo launchctl kickstart {end_first}system/{LABEL}"
    if not any((folder / UNIT).is_file() for folder in units):
        return f"It is no service yet. Ask an administrator for: sudo {install_command(Scope.MACHINE)}"
    return f"Ask an administrator for: sudo systemctl {'restart' if again else 'start'} stationmaster"
