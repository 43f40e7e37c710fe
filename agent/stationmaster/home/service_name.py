"""What the agent is called where the system keeps its services: to install it there, and to find it again."""

from __future__ import annotations

import getpass
from pathlib import Path

from stationmaster.home.paths import Scope

LABEL = "org.stationmaster.agent"
"""Of launchd on macOS."""

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
