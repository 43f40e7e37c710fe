"""The agent as a service of whatever this system has: systemd, launchd, the Task Scheduler."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from stationmaster.config.store import ConfigStore
from stationmaster.errors import StationmasterError
from stationmaster.home.paths import HOME_VARIABLE, Home, Scope
from stationmaster.hosting import launchd, systemd, task_scheduler
from stationmaster.hosting.launch import program
from stationmaster.hosting.plan import ACCOUNT, Plan, Wanted, shown

_HOSTS = {"linux": "systemd", "darwin": "launchd", "win32": "task-scheduler"}


def wanted(
    home: Home,
    *,
    credentials: Mapping[str, Path | None] | None = None,
    account: str = "",
    env: Mapping[str, str] | None = None,
) -> Wanted:
    """The service for the program that runs now."""
    env = os.environ if env is None else env
    usual = f"_{ACCOUNT}" if sys.platform == "darwin" else ACCOUNT
    return Wanted(
        home=home,
        program=program(),
        credentials=dict(credentials or {}),
        account=account or usual,
        chosen_home=str(home.config.parent) if env.get(HOME_VARIABLE, "") else "",
    )


def check_rights(home: Home, *, verb: str) -> None:
    """Refuse what only root can do.

    Raises:
        StationmasterError: this user may not do it.
    """
    if home.scope is Scope.MACHINE and sys.platform != "win32" and os.geteuid() != 0:
        command = shown(("sudo", *program(), "--scope", "machine", "agent", verb))
        raise StationmasterError(f"Only root may {verb} the machine's agent.", next_step=f"Run: {command}")


def plan_install(service: Wanted, *, platform: str = sys.platform) -> Plan:
    """What is to be done to let the agent run as a service."""
    host = _host(platform)
    if host == "systemd":
        return systemd.install(service)
    if host == "launchd":
        return launchd.install(service)
    return task_scheduler.install(service, watched=_watched(service.home))


def plan_uninstall(service: Wanted, *, platform: str = sys.platform) -> Plan:
    """What is to be done to remove the service; settings, spool and tokens stay."""
    host = _host(platform)
    if host == "systemd":
        return systemd.uninstall(service)
    return launchd.uninstall(service) if host == "launchd" else task_scheduler.uninstall(service)


def _host(platform: str) -> str:
    if platform not in _HOSTS:
        raise StationmasterError(
            f"No service can be made on {platform}.",
            next_step="Let a supervisor of your own run: stationmaster agent run",
        )
    return _HOSTS[platform]


def _watched(home: Home) -> list[str]:
    try:
        instances = ConfigStore(home).load_all().instances
    except StationmasterError:
        return []  # the agent tells what is wrong with them
    return [folder.path for config in instances.values() for folder in config.watch]
