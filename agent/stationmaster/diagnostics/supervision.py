"""Who starts the agent again after a crash and at boot, by what its installation leaves behind.

Asked by the agent itself: the environment that counts is that of its own process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.diagnostics.check import good, warned
from stationmaster.home.paths import Scope
from stationmaster.home.service_name import LABEL, install_command, plist_path, task_name
from stationmaster.home.system_program import Done, call
from stationmaster.model import Check, Hop

Ask = Callable[[Sequence[str]], Done]

_LIMIT = 15.0
"""Seconds that the Task Scheduler may take to answer."""

_NOBODY = "No service was found that starts the agent again after a crash, or when the computer starts."


def _ask(command: Sequence[str]) -> Done:
    return call(command, limit=_LIMIT)


async def supervision_check(
    scope: Scope,
    env: Mapping[str, str],
    *,
    platform: str = sys.platform,
    ask: Ask = _ask,
    plist: Path | None = None,
    pids: Sequence[int] = (),
) -> Check:
    """Look for the supervisor.

    Args:
        scope: whose agent this is.
        env: the environment of the agent's process.
        platform: as `sys.platform`.
        ask: calls a program of the system; it may block.
        plist: where launchd's definition lies; None: where installing puts it.
        pids: the numbers under which the system may have started this process; none: as they are.
    """
    if platform == "win32":
        return await _task_scheduler(scope, ask)
    if platform == "darwin":
        return _launchd(scope, env, plist or plist_path(scope))
    # systemd names the process that it started (systemd.exec(5)): what a session passes on does not count.
    if env.get("SYSTEMD_EXEC_PID", "") in {str(one) for one in pids or _own_pids()}:
        return _somebody("systemd")
    return _warned(_NOBODY, f"Let it run as a service: {install_command(scope)}")


def _own_pids() -> tuple[int, ...]:
    """Ours; a frozen program's first process only unpacks and waits, and the agent is its child."""
    return (os.getpid(), os.getppid()) if getattr(sys, "frozen", False) else (os.getpid(),)


def _launchd(scope: Scope, env: Mapping[str, str], plist: Path) -> Check:
    job = env.get("XPC_SERVICE_NAME", "")
    # "0" in a session; what a program with windows starts, a terminal for instance, has that program's name.
    if job not in ("", "0") and not job.startswith("application."):
        return _somebody("launchd" if job == LABEL else f"launchd ({job})")
    if plist.is_file():
        text = f"launchd knows the agent ({plist}), but did not start this one: somebody else did."
        return _warned(text, f"Stop it, then let launchd start it: {install_command(scope)}")
    return _warned(_NOBODY, f"Let it run as a service: {install_command(scope)}")


async def _task_scheduler(scope: Scope, ask: Ask) -> Check:
    name = task_name(scope)
    command = ("schtasks", "/Query", "/TN", name, "/XML")  # not its table: that is in the system's language
    try:
        done = await THREAD.call(lambda: ask(command), deadline=_LIMIT * 2)
    except CallHangsError:
        done = Done(there=True, trouble="it does not answer")
    if done.trouble:
        return _warned(_NOBODY, f"Let it run as a service: {install_command(scope)}")
    if _switched_off(done.out):
        text = f"The task {name} of the Task Scheduler is switched off: it does not start the agent."
        return _warned(text, f"Switch it on in the Task Scheduler, or make it anew: {install_command(scope)}")
    return _somebody(f"The Task Scheduler ({name})")


def _switched_off(definition: str) -> bool:
    """By its settings; each trigger has an `Enabled` of its own."""
    _, _, settings = definition.partition("<Settings>")
    return "<Enabled>false</Enabled>" in settings.partition("</Settings>")[0]


def _somebody(who: str) -> Check:
    return good(Hop.SUPERVISION, f"{who} starts it again after a crash and at boot.", details={"who": who})


def _warned(text: str, step: str) -> Check:
    return warned(Hop.SUPERVISION, text, step)
