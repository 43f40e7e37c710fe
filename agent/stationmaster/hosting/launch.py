"""Find the agent of a scope, and start one that outlives who started it: for the tray and `agent start`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stationmaster.control.client import ControlClient
from stationmaster.errors import NoAgentError, StationmasterError
from stationmaster.home.paths import DETACHED_VARIABLE, HOME_VARIABLE, Home, Scope, make_private
from stationmaster.home.service_name import LABEL, TASK_FILE, UNIT, machine_step, task_name
from stationmaster.home.system_program import call
from stationmaster.hosting.command import Command
from stationmaster.model import AgentStatus

_LAST_WORDS = 2000
"""Characters of what an agent said before it ended that are worth showing."""

_LOOK_EVERY = 0.05

_UNIT, _PLIST = UNIT, f"{LABEL}.plist"
"""Names of the service's definition, see `systemd` and `launchd`."""

_SERVICE_LIMIT = 60.0
"""Seconds that the system may take to start its service: longer than it waits for the agent's first word."""

_WINDOWS_DETACHED = 0x00000008 | 0x00000200  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
_WINDOWS_BREAKAWAY = 0x01000000  # CREATE_BREAKAWAY_FROM_JOB: a terminal's job would take the agent with it


def program(*, windowed: bool = False, executable: str = "") -> tuple[str, ...]:
    """How to call our programs from anywhere: frozen, of a virtual environment, or by their module.

    Args:
        windowed: the tray, not the console program.
        executable: what runs now; "" for `sys.executable`.
    """
    executable = executable or sys.executable
    name = "stationmaster-tray" if windowed else "stationmaster"
    # Not resolved: in a virtual environment Python is a link, and what it links to knows nothing of us.
    beside = Path(executable).parent / (f"{name}.exe" if sys.platform == "win32" else name)
    if beside.is_file():
        return (str(beside),)
    if getattr(sys, "frozen", False):
        raise StationmasterError(
            f"{beside} is not there.",
            next_step="Install Stationmaster again: its two programs belong together.",
        )
    return (executable, "-P", "-m", "stationmaster_tray" if windowed else "stationmaster")


class Launcher:
    """Starts the agent of one scope, as a process of its own session that stays when we leave.

    It blocks for some milliseconds: call it in a thread where a window must not wait.
    """

    def __init__(
        self, scope: str = "user", env: Mapping[str, str] | None = None, *, system: str = sys.platform
    ) -> None:
        """Start nothing yet.

        Args:
            scope: `user` or `machine`.
            env: the agent's environment; None: ours.
            system: whose services count, as `sys.platform` names it.
        """
        self._system = system
        self._env = dict(os.environ if env is None else env)
        self.home = Home.find(Scope(scope), self._env)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where an agent of this scope answers: for `ControlClient`."""
        return self.home.socket

    def command(self, *words: str) -> Command:
        """A command of the console program for this scope, to be run to its end."""
        scope = () if self.home.scope is Scope.USER else ("--scope", self.home.scope.value)
        return Command(lambda: (*program(), *scope, *words), self._env)

    @property
    def supervised(self) -> bool:
        """Something else starts this agent and restarts it: the system's service."""
        if self.home.scope is Scope.MACHINE:
            return True
        chosen = self._env.get(HOME_VARIABLE, "")
        if self._system == "win32":
            # A task gets no variables: it starts the agent of the usual home and of no other.
            return not chosen and (self.home.config / TASK_FILE).is_file()
        home = Path(self._env.get("HOME", "") or Path.home())
        if self._system == "darwin":
            service = home / "Library/LaunchAgents" / _PLIST
        else:
            config = Path(self._env.get("XDG_CONFIG_HOME", "") or home / ".config")
            service = config / "systemd/user" / _UNIT
        try:
            return _names_home(service.read_text(), chosen)  # a service for another home is not ours
        except (OSError, ValueError):
            return False

    @property
    def restart_step(self) -> str:
        """Who has to start this agent anew; "" where we may, with `start` once it has ended."""
        return machine_step(again=True) if self.home.scope is Scope.MACHINE else ""

    @property
    def mine(self) -> bool:
        """The agent that we started is still there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start an agent, through the user's service where there is one; it answers a little later.

        Raises:
            StationmasterError: it cannot be started.
        """
        if self.home.scope is Scope.MACHINE:
            raise StationmasterError(
                "The machine's agent is a service: it is not for this account to start it.",
                next_step=machine_step(),
            )
        if self.supervised:
            self._start_service()
            return
        command = list(program())
        env = {**self._env, DETACHED_VARIABLE: "1"}
        if getattr(sys, "frozen", False):
            env["PYINSTALLER_RESET_ENVIRONMENT"] = "1"  # it must not use files that we unpacked: we go first
        make_private(self.home.log)
        try:
            with self._said.open("wb") as said:
                self._process = _popen([*command, "agent", "run", "--quiet"], env, said)
        except OSError as error:
            raise StationmasterError(
                f"The agent cannot be started ({command[0]}): {error.strerror}.",
                next_step="Install Stationmaster again, or start it yourself: stationmaster agent run",
            ) from error

    async def answered(self, timeout: float) -> AgentStatus:  # noqa: ASYNC109 - of the whole wait
        """Wait until the agent that we started answers; its first snapshot.

        Raises:
            StationmasterError: it ended instead, with its last words, or it does not answer in time.
        """
        end = time.monotonic() + timeout
        while True:
            try:
                async with ControlClient(self.address, timeout=timeout) as client:
                    return await client.status()
            except NoAgentError:
                ended = await asyncio.to_thread(self.ended)
                if ended is not None:
                    code, words = ended
                    raise StationmasterError(
                        f"The agent ended at once, with code {code}: {words or 'it said nothing'}",
                        next_step=f"Its log is in {self.home.log}.",
                    ) from None
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(_LOOK_EVERY)

    def ended(self) -> tuple[int, str] | None:
        """Exit code and last words of the agent that we started, once it has ended; None before."""
        if self._process is None or self._process.poll() is None:
            return None
        words = ""
        with contextlib.suppress(OSError):
            words = self._said.read_text(errors="replace")[-_LAST_WORDS:].strip()
        return int(self._process.returncode), words

    def _start_service(self) -> None:
        # One of our own beside it would hold the home: the service could not start, and nobody would
        # start ours again.
        commands = {
            "darwin": ("launchctl", "kickstart", f"gui/{getattr(os, 'getuid', int)()}/{LABEL}"),
            "win32": ("schtasks", "/Run", "/TN", task_name(Scope.USER)),
        }
        command = commands.get(self._system, ("systemctl", "--user", "start", _UNIT))
        trouble = call(command, limit=_SERVICE_LIMIT).trouble
        if trouble:
            raise StationmasterError(
                f"The service did not start: {trouble}",
                next_step=f"Try it yourself: {' '.join(command)}; or take the service away: "
                "stationmaster agent uninstall",
            )

    @property
    def _said(self) -> Path:
        """What the agent prints beside its log: only what went wrong before it had one."""
        return self.home.log / "start.txt"


def _names_home(definition: str, chosen: str) -> bool:
    """A unit or plist starts the agent of this home: "" is the usual one, which no definition names."""
    if not chosen:
        return HOME_VARIABLE not in definition
    from html import escape  # noqa: PLC0415 - only where a service is installed

    from stationmaster.hosting.systemd import quoted  # noqa: PLC0415 - as above

    lines = {line.strip() for line in definition.splitlines()}
    word = quoted(f"{HOME_VARIABLE}={chosen}", variables=False)
    return f"Environment={word}" in lines or f"<string>{escape(chosen, quote=False)}</string>" in lines


def _popen(command: list[str], env: Mapping[str, str], said: Any) -> subprocess.Popen[bytes]:
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said}
    if sys.platform == "win32":
        try:
            return subprocess.Popen(  # noqa: S603 - our own program
                command, env=env, creationflags=_WINDOWS_DETACHED | _WINDOWS_BREAKAWAY, **streams
            )
        except PermissionError:  # the job that we are in lets nobody out
            return subprocess.Popen(command, env=env, creationflags=_WINDOWS_DETACHED, **streams)  # noqa: S603 - as above
    return subprocess.Popen(command, env=env, start_new_session=True, cwd="/", **streams)  # noqa: S603 - our own program
