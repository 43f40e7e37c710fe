"""The agent as a systemd service: of the machine, under an account of its own, or of a user."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from stationmaster.errors import ConfigError
from stationmaster.home.name import check_name
from stationmaster.home.paths import GROUP
from stationmaster.hosting.account import give_folders, join_group, make_group, what_stays
from stationmaster.hosting.plan import (
    Plan,
    Remove,
    Run,
    Step,
    Wanted,
    Write,
    account_exists,
    group_members,
)

UNIT = "stationmaster.service"
_LOAD = re.compile(r"^LoadCredential=stationmaster-([^:]+):(.+)$", re.MULTILINE)
_GUIDE = "docs/how-to/services.md"

_ALWAYS = """\
Type=notify
{access}ExecStart={command}
# The agent tells that its event loop runs. A station that stands still is a Problem, not a restart.
WatchdogSec=60
Restart=on-failure
RestartSec=10
# An ordered stop takes 30 s at most. Workers get no signal of their own: the agent ends them.
TimeoutStopSec=40
KillMode=mixed
"""

_HARDENED = """\
# What it may do. Station folders can lie anywhere and come later, and testers write to /tmp and to homes:
# so these stay open here. To tighten it for your folders see "Tighten it" in {guide}.
ProtectSystem=full
ReadWritePaths=-{config}
PrivateTmp=no
ProtectHome=no
NoNewPrivileges=yes
# To see that a tester still writes to a file that belongs to another account.
AmbientCapabilities=CAP_LEASE
CapabilityBoundingSet=CAP_LEASE
PrivateDevices=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictNamespaces=yes
UMask=0027
"""

_UNPRIVILEGED = """\
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""

_FOLDERS = """\
ConfigurationDirectory=stationmaster
ConfigurationDirectoryMode=0750
StateDirectory=stationmaster
StateDirectoryMode=0710
LogsDirectory=stationmaster
LogsDirectoryMode=0750
RuntimeDirectory=stationmaster
RuntimeDirectoryMode=0750
"""


def unit_folder(wanted: Wanted, env: Mapping[str, str] | None = None) -> Path:
    """Where systemd looks for the unit."""
    if wanted.machine:
        return Path("/etc/systemd/system")
    env = os.environ if env is None else env
    return Path(env.get("XDG_CONFIG_HOME", "") or Path.home() / ".config") / "systemd" / "user"


def render(wanted: Wanted, credentials: Mapping[str, Path]) -> str:
    """The unit."""
    machine = wanted.machine
    frozen = bool(getattr(sys, "frozen", False))
    manager = "systemctl" if machine else "systemctl --user"
    unit = f"# Written by `stationmaster agent install`. Your own changes: {manager} edit {UNIT}\n"
    unit += "[Unit]\nDescription=Stationmaster agent: delivers test reports\n"
    unit += "After=network.target\n" if machine else ""  # without a network it waits by itself
    # Whatever ended it, it comes again: a station that waits for a person in vain is worse than a retry.
    unit += "StartLimitIntervalSec=0\n\n[Service]\n"
    unit += _ALWAYS.format(
        # A frozen program's first process is the main one; it is its child that speaks.
        access="NotifyAccess=all\n" if frozen else "",
        # Variables are put in everywhere but in the program's own name.
        command=" ".join(quoted(word, variables=number > 0) for number, word in enumerate(wanted.command)),
    )
    if wanted.chosen_home:
        unit += f"Environment={quoted('STATIONMASTER_HOME=' + wanted.chosen_home, variables=False)}\n"
    if machine:
        unit += f"User={wanted.account}\nGroup={GROUP}\n"
        unit += "" if wanted.chosen_home else _FOLDERS
    for name, path in sorted(credentials.items()):
        unit += f"LoadCredential=stationmaster-{name}:{_specifiers(str(path))}\n"
    if machine:
        unit += "\n" + _HARDENED.format(config=quoted(str(wanted.home.config), variables=False), guide=_GUIDE)
    else:
        unit += "\nNoNewPrivileges=yes\n"
    unit += _UNPRIVILEGED
    return unit + f"\n[Install]\nWantedBy={'multi-user' if machine else 'default'}.target\n"


def quoted(word: str, *, variables: bool = True) -> str:
    """A word of a command line in a unit (systemd.service(5), "Command lines")."""
    word = _specifiers(word)
    if variables:
        word = word.replace("$", "$$")
    if word and not re.search(r"[\s\"'\\;]", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def install(wanted: Wanted, *, folder: Path | None = None) -> Plan:
    """Everything that is not so yet, so that the service runs now and at each start of the machine.

    Args:
        wanted: the service.
        folder: where the unit goes; None: where systemd looks for it.
    """
    if set(wanted.program[0]) & set("\"'\\"):
        raise ConfigError(
            f"systemd takes no program whose path has quotes or a backslash: {wanted.program[0]}",
            next_step="Install the program somewhere else, such as /opt/stationmaster.",
        )
    path = (folder or unit_folder(wanted)) / UNIT
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    content = render(wanted, _credentials(wanted, before))
    steps: list[Step] = _account_steps(wanted) if wanted.machine else []
    if content != before:
        steps += [
            Write(text=f"Write the unit {path}.", path=path, content=content),
            _control(wanted, "Let systemd read it.", "daemon-reload"),
        ]
    steps.append(_control(wanted, "Start it with the system, and now.", "enable", "--now", UNIT))
    if before and content != before:
        steps.append(_control(wanted, "Start it anew with the new unit.", "restart", UNIT))
    return Plan(kind="systemd", service=UNIT, steps=tuple(steps), notes=_install_notes(wanted))


def _account_steps(wanted: Wanted) -> list[Step]:
    steps: list[Step] = []
    account, home = wanted.account, wanted.home
    members = group_members(GROUP)
    if members is None:
        steps.append(make_group("groupadd", "--system", GROUP))
    if not account_exists(account):
        nologin = "/usr/sbin/nologin"
        words = ("--no-create-home", "--shell", nologin, "--comment", "Stationmaster agent", account)
        command = ("useradd", "--system", "--gid", GROUP, "--home-dir", str(home.data), *words)
        steps.append(Run(text=f"Make the account {account}, with which nobody can log in.", command=command))
    elif account not in (members or ()):
        steps.append(join_group(account, "usermod", "--append", "--groups", GROUP, account))
    steps.append(
        Run(
            text=f"See that the account {account} can run the program.",
            command=(*wanted.program, "--version"),
            account=account,
            advice="Install the program where every account may read it, such as /opt/stationmaster.",
        )
    )
    folders = (home.config, home.data, home.log, *((home.run,) if wanted.chosen_home else ()))
    steps.append(give_folders(account, folders))
    return steps


def _install_notes(wanted: Wanted) -> tuple[str, ...]:
    if not wanted.machine:
        return (
            "It runs while you are logged in. To let it run without a log-in: loginctl enable-linger",
            f"What it does: systemctl --user status {UNIT}",
        )
    return (
        f"Let a user operate it, and submit: sudo usermod -aG {GROUP} NAME; it holds from the next log-in.",
        f"Watch folders must be readable and writable for the account {wanted.account}: see {_GUIDE}.",
        f"What it does: systemctl status {UNIT}, stationmaster --scope machine agent status",
    )


def _credentials(wanted: Wanted, before: str) -> dict[str, Path]:
    """Those of the unit that is there, and those that are asked for."""
    known: dict[str, Path | None] = {
        name: Path(path.replace("%%", "%")) for name, path in _LOAD.findall(before)
    }
    known.update(wanted.credentials)
    for name, path in wanted.credentials.items():
        check_name(name)
        if path is not None and (not path.is_file() or ":" in str(path) or "\n" in str(path)):
            raise ConfigError(
                f"The credential of {name} cannot come from {path}: there is no such file, or systemd cannot "
                "take this name.",
                next_step="Put the token there first; only root needs to be able to read it.",
            )
    return {name: path for name, path in known.items() if path is not None}


def uninstall(wanted: Wanted, *, folder: Path | None = None) -> Plan:
    """Stop the service and remove its unit; everything else stays."""
    path = (folder or unit_folder(wanted)) / UNIT
    if not path.is_file():
        return Plan(kind="systemd", service=UNIT, notes=(f"There is no unit {path}: nothing was done.",))
    steps = (
        _control(wanted, "Stop it in order, and start it no more.", "disable", "--now", UNIT),
        Remove(text=f"Remove the unit {path}.", path=path),
        _control(wanted, "Let systemd forget it.", "daemon-reload"),
    )
    account = f", the account {wanted.account} and the group {GROUP}" if wanted.machine else ""
    return Plan(kind="systemd", service=UNIT, steps=steps, notes=(what_stays(wanted) + account + ".",))


def _control(wanted: Wanted, text: str, *words: str) -> Run:
    return Run(
        text=text,
        command=("systemctl", *(() if wanted.machine else ("--user",)), *words),
        advice=f"See what it says: journalctl {'' if wanted.machine else '--user '}-u {UNIT}",
    )
