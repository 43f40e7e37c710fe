"""The agent under launchd on macOS: a LaunchDaemon of the machine, or a LaunchAgent of a user."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path

from stationmaster.errors import ConfigError
from stationmaster.home import service_name
from stationmaster.home.paths import GROUP
from stationmaster.hosting.account import give_folders, join_group, make_group, what_stays
from stationmaster.hosting.plan import (
    Give,
    Plan,
    Remove,
    Run,
    Step,
    Wanted,
    Write,
    account_exists,
    group_members,
)

LABEL = service_name.LABEL
ROLE_ACCOUNTS = range(300, 400)
"""User ids that macOS leaves to role accounts of other programs."""


def plist_path(wanted: Wanted) -> Path:
    """Where launchd looks for the definition."""
    return service_name.plist_path(wanted.home.scope)


def render(wanted: Wanted) -> str:
    """The definition, see launchd.plist(5)."""
    values: dict[str, object] = {
        "Label": LABEL,
        "ProgramArguments": list(wanted.command),
        "RunAtLoad": True,
        # An ordered stop ends with 0 and is final; everything else is a failure, and it comes again.
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": 40,
        "ProcessType": "Background",
        "AbandonProcessGroup": False,
        "Umask": 0o027 if wanted.machine else 0o077,
        # The log is the agent's own; what Python itself says before that goes here.
        "StandardErrorPath": str(wanted.home.log / "launchd.log"),
    }
    if wanted.chosen_home:
        values["EnvironmentVariables"] = {"STATIONMASTER_HOME": wanted.chosen_home}
    if wanted.machine:
        values |= {"UserName": wanted.account, "GroupName": GROUP}
    return plistlib.dumps(values).decode()


def install(wanted: Wanted, *, path: Path | None = None) -> Plan:
    """Everything that is not so yet; see `systemd.install`."""
    if wanted.credentials:
        raise ConfigError(
            "macOS has no credentials of services.",
            next_step="Set secrets.store to file, or use the keychain.",
        )
    path = path or plist_path(wanted)
    content = render(wanted)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    steps: list[Step] = _account_steps(wanted) if wanted.machine else []
    if not wanted.machine:
        steps.append(Give(text=f"Make the folder {wanted.home.log}.", folders=(wanted.home.log,)))
    if content != before:
        steps.append(Write(text=f"Write {path}.", path=path, content=content))
    domain = _domain(wanted)
    target = f"{domain}/{LABEL}"
    steps += [
        Run(text="Let launchd forget an earlier one.", command=("launchctl", "bootout", target), advice=""),
        Run(text="Allow it to start.", command=("launchctl", "enable", target)),
        Run(text="Start it with the system, and now.", command=("launchctl", "bootstrap", domain, str(path))),
    ]  # fmt: skip
    notes = (f"What it does: launchctl print {domain}/{LABEL}",)
    return Plan(kind="launchd", service=LABEL, steps=tuple(steps), notes=notes)


def _account_steps(wanted: Wanted) -> list[Step]:
    steps: list[Step] = []
    account, home = wanted.account, wanted.home
    if group_members(GROUP) is None:
        steps.append(make_group("dseditgroup", "-o", "create", GROUP))
    if not account_exists(account):
        command = ("sysadminctl", "-addUser", account, "-roleAccount", "-UID", str(_free_id()))
        steps.append(Run(text=f"Make the role account {account}.", command=command))
    steps.append(join_group(account, "dseditgroup", "-o", "edit", "-a", account, "-t", "user", GROUP))
    steps.append(give_folders(account, (home.config, home.data, home.log, home.run)))
    return steps


def _free_id() -> int:
    import pwd  # noqa: PLC0415 - not on Windows, where this module is imported too

    taken = {one.pw_uid for one in pwd.getpwall()}
    return next(one for one in ROLE_ACCOUNTS if one not in taken)


def uninstall(wanted: Wanted, *, path: Path | None = None) -> Plan:
    """Stop the service and remove its definition; everything else stays."""
    path = path or plist_path(wanted)
    if not path.is_file():
        return Plan(kind="launchd", service=LABEL, notes=(f"There is no {path}: nothing was done.",))
    steps = (
        Run(
            text="Stop it in order, and start it no more.",
            command=("launchctl", "bootout", f"{_domain(wanted)}/{LABEL}"),
            advice="",
        ),
        Remove(text=f"Remove {path}.", path=path),
    )
    return Plan(kind="launchd", service=LABEL, steps=steps, notes=(what_stays(wanted) + ".",))


def _domain(wanted: Wanted) -> str:
    return "system" if wanted.machine else f"gui/{getattr(os, 'getuid', int)()}"
