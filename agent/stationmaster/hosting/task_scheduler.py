"""The agent under the Task Scheduler of Windows: at the start of the machine, or when its user logs in.

A plain program cannot be a Windows service: the service manager ends it with error 1053.
"""

from __future__ import annotations

import getpass
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PureWindowsPath
from xml.etree import ElementTree as ET

from stationmaster.errors import ConfigError
from stationmaster.home import service_name
from stationmaster.hosting.account import what_stays
from stationmaster.hosting.plan import Give, Plan, Remove, Run, Step, Wanted, Write

SCHEMA = "http://schemas.microsoft.com/windows/2004/02/mit/task"
LOCAL_SERVICE = "S-1-5-19"
"""The account with the fewest rights of those that every Windows has and that need no password."""

_RIGHTS = ("*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F", f"*{LOCAL_SERVICE}:(OI)(CI)M")
"""The system and administrators: all; the agent: change. Who else may write there runs code as the agent."""


def task_name(wanted: Wanted) -> str:
    """The task's name; each user has one of his own."""
    return service_name.task_name(wanted.home.scope)


def render(wanted: Wanted, *, user: str = "") -> str:
    """The task, see "Task Scheduler Schema" in the Windows documentation.

    Args:
        wanted: the service.
        user: whose log-in starts it, in user scope.
    """
    task = ET.Element("Task", {"version": "1.3", "xmlns": SCHEMA})
    _add(task, {"RegistrationInfo": {"Description": "Stationmaster agent: delivers test reports"}})
    trigger = {"Enabled": "true"} if wanted.machine else {"Enabled": "true", "UserId": user}
    _add(task, {"Triggers": {"BootTrigger" if wanted.machine else "LogonTrigger": trigger}})
    account = (
        {"UserId": LOCAL_SERVICE, "LogonType": "ServiceAccount", "RunLevel": "LeastPrivilege"}
        if wanted.machine
        else {"UserId": user, "LogonType": "InteractiveToken", "RunLevel": "LeastPrivilege"}
    )
    _add(task, {"Principals": {"Principal": account}})
    task.find("Principals/Principal").set("id", "Agent")  # type: ignore[union-attr]  # it was just made
    settings = {
        "MultipleInstancesPolicy": "IgnoreNew",
        "DisallowStartIfOnBatteries": "false",
        "StopIfGoingOnBatteries": "false",
        "AllowHardTerminate": "true",
        "StartWhenAvailable": "true",
        "RunOnlyIfNetworkAvailable": "false",
        "IdleSettings": {"StopOnIdleEnd": "false", "RestartOnIdle": "false"},
        "Enabled": "true",
        "ExecutionTimeLimit": "PT0S",
        "Priority": "7",
        "RestartOnFailure": {"Interval": "PT1M", "Count": "999"},
    }
    _add(task, {"Settings": settings})
    program, *arguments = wanted.command
    exec_ = {"Command": program, "Arguments": subprocess.list2cmdline(arguments)}
    _add(task, {"Actions": {"Exec": exec_}})
    task.find("Actions").set("Context", "Agent")  # type: ignore[union-attr]  # as above
    ET.indent(task)
    text = ET.tostring(task, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-16"?>\n{text}\n'


def _add(parent: ET.Element, values: dict[str, object]) -> None:
    for name, value in values.items():
        child = ET.SubElement(parent, name)
        if isinstance(value, dict):
            _add(child, value)
        else:
            child.text = str(value)


def install(
    wanted: Wanted, *, watched: Iterable[str] = (), remote: Callable[[str], bool] | None = None
) -> Plan:
    """Everything that makes the task run now and from now on.

    Args:
        wanted: the service.
        watched: the watch folders of all instances.
        remote: is a drive such as "Z:" one of a network? None: ask Windows.
    """
    if wanted.credentials:
        raise ConfigError(
            "Windows has no credentials of services.",
            next_step="Hand the token to the running agent: stationmaster instance edit NAME --token-stdin",
        )
    if wanted.chosen_home:
        raise ConfigError(
            "A task gets no variables: STATIONMASTER_HOME would not reach the agent.",
            next_step="Set it for the whole machine and leave it out here, or use the usual folders.",
        )
    home, file = wanted.home, wanted.home.config / service_name.TASK_FILE
    root = home.config.parent
    steps: list[Step] = [Give(text=f"Make the folder {root}.", folders=(home.config,))]
    if wanted.machine:
        command = ("icacls", str(root), "/inheritance:r", "/grant:r", *_RIGHTS)
        steps.append(Run(text="Let only administrators and the agent write there.", command=command))
    user = "" if wanted.machine else getpass.getuser()
    name = task_name(wanted)
    steps += [
        Write(text=f"Write the task to {file}.", path=file, content=render(wanted, user=user), utf16=True),
        Run(text="Register it.", command=("schtasks", "/Create", "/TN", name, "/XML", str(file), "/F")),
        Run(text="Start it now.", command=("schtasks", "/Run", "/TN", name)),
    ]
    notes = [f'What it does: schtasks /Query /TN "{name}" /V /FO LIST']
    if wanted.machine:
        notes += [_drive_note(path) for path in mapped(watched, remote or _is_remote)]
    return Plan(kind="task-scheduler", service=name, steps=tuple(steps), notes=tuple(notes))


def _drive_note(path: str) -> str:
    return (
        f"The watch folder {path} lies on a drive letter of your log-in, which the service does not see. "
        r"Write the share's own name into the settings, \\server\share\folder. Where the share wants a "
        "log-in, use your own agent: agent install --scope user."
    )


def mapped(paths: Iterable[str], remote: Callable[[str], bool]) -> list[str]:
    """The paths that lie on a mapped network drive."""
    drives = {path: PureWindowsPath(path).drive for path in paths}
    return [path for path, drive in drives.items() if len(drive) == 2 and drive[1] == ":" and remote(drive)]


def uninstall(wanted: Wanted, *, file: Path | None = None) -> Plan:
    """Stop the agent and remove the task; everything else stays."""
    file = file or wanted.home.config / service_name.TASK_FILE
    name = task_name(wanted)
    if not file.is_file():
        return Plan(kind="task-scheduler", service=name, notes=(f"There is no {file}: nothing was done.",))
    scope = ("--scope", "machine") if wanted.machine else ()
    steps = (
        Run(text="Stop it in order.", command=(*wanted.program, *scope, "agent", "stop"), advice=""),
        Run(text="Remove the task.", command=("schtasks", "/Delete", "/TN", name, "/F")),
        Remove(text=f"Remove {file}.", path=file),
    )
    return Plan(kind="task-scheduler", service=name, steps=steps, notes=(what_stays(wanted) + ".",))


if sys.platform == "win32":
    import ctypes

    def _is_remote(drive: str) -> bool:
        return bool(ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == 4)  # DRIVE_REMOTE

else:

    def _is_remote(drive: str) -> bool:
        del drive
        return False
