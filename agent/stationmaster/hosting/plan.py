"""What is to be done to install or remove a service: steps that can be shown, or done one after the other."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.config.atomic import replace_text
from stationmaster.errors import StationmasterError
from stationmaster.home.paths import Home, Scope
from stationmaster.home.system_program import call
from stationmaster.sentence import closed

ACCOUNT = "stationmaster"
"""The account of the machine's agent, where no other one is named."""

_LIMIT = 120.0
"""Seconds that one command may take: stopping the agent is part of one."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The service that is asked for.

    Attributes:
        home: whose agent.
        program: how the command line is called.
        credentials: file with the token by name of the instance; None: no credential for this one any more.
        account: whose rights the machine's agent has.
        chosen_home: value of STATIONMASTER_HOME that the agent must get, "" for none.
    """

    home: Home
    program: tuple[str, ...]
    credentials: dict[str, Path | None] = {}
    account: str = ACCOUNT
    chosen_home: str = ""

    @property
    def machine(self) -> bool:
        """The machine's agent, not this user's."""
        return self.home.scope is Scope.MACHINE

    @property
    def command(self) -> tuple[str, ...]:
        """The command line of the agent."""
        scope = ("--scope", self.home.scope.value) if self.machine else ()
        return (*self.program, *scope, "agent", "run")


class Run(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """Run a program.

    Attributes:
        text: what for.
        account: with whose rights; "" for ours.
        advice: what to do where it fails; "" where that does not matter.
    """

    text: str
    command: tuple[str, ...]
    account: str = ""
    advice: str = "Correct that, then run the command again."


class Write(msgspec.Struct, frozen=True, kw_only=True, tag="write"):
    """Write a file whole, or replace it."""

    text: str
    path: Path
    content: str
    utf16: bool = False


class Remove(msgspec.Struct, frozen=True, kw_only=True, tag="remove"):
    """Remove a file."""

    text: str
    path: Path


class Give(msgspec.Struct, frozen=True, kw_only=True, tag="give"):
    """Make folders, and give them with all that root left in them to an account; "" for nobody else."""

    text: str
    folders: tuple[Path, ...]
    account: str = ""
    group: str = ""


Step = Run | Write | Remove | Give


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done.

    Attributes:
        kind: who supervises: systemd, launchd or task-scheduler.
        service: its name there.
        notes: what the person should know.
    """

    kind: str
    service: str
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


def carry_out(step: Step) -> None:
    """Do one step.

    Raises:
        StationmasterError: it did not work; what was done before stays, and may be done again.
    """
    if isinstance(step, Run):
        _run(step)
    elif isinstance(step, Write):
        _write(step)
    elif isinstance(step, Remove):
        _remove(step.path)
    else:
        _give(step)


def _run(step: Run) -> None:
    """The only place from which installing calls other programs."""
    rights: dict[str, Any] = {}
    if step.account:
        rights = {"user": step.account, "group": _group_of(step.account), "extra_groups": []}
    done = call(step.command, limit=_LIMIT, rights=rights)
    if not step.advice or not done.trouble:
        return
    if not done.there:
        raise StationmasterError(
            done.trouble,
            next_step="Is this the right system? Any supervisor of your own can run: stationmaster agent run",
        )
    raise StationmasterError(
        closed(f"{shown(step.command)} did not work: {done.trouble}"), next_step=step.advice
    )


def _write(step: Write) -> None:
    try:
        step.path.parent.mkdir(parents=True, exist_ok=True)
        if step.utf16:
            step.path.write_bytes(step.content.encode("utf-16"))
            return
    except OSError as error:
        raise _failed(step.path, error) from error
    replace_text(step.path, step.content, mode=0o644)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _failed(path, error) from error


def _failed(path: Path, error: OSError) -> StationmasterError:
    return StationmasterError(
        f"{path} cannot be changed: {error.strerror}.", next_step="Check the rights there."
    )


if sys.platform != "win32":
    import grp
    import pwd

    def account_exists(name: str) -> bool:
        """Is there an account of this name?"""
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True

    def group_members(name: str) -> frozenset[str] | None:
        """The accounts in a group, by its list or as their own group; None where there is none."""
        try:
            found = grp.getgrnam(name)
        except KeyError:
            return None
        own = {one.pw_name for one in pwd.getpwall() if one.pw_gid == found.gr_gid}
        return frozenset({*found.gr_mem, *own})

    def _group_of(account: str) -> int:
        return pwd.getpwnam(account).pw_gid

    def _give(step: Give) -> None:
        place = Path()
        try:
            for place in step.folders:
                place.mkdir(parents=True, exist_ok=True, mode=0o750)
                if step.account:
                    _give_folder(place, pwd.getpwnam(step.account).pw_uid, grp.getgrnam(step.group).gr_gid)
        except OSError as error:
            raise _failed(place, error) from error

    def _give_folder(folder: Path, uid: int, gid: int) -> None:
        """What others own there stays theirs; a second name of a file may be one that lies elsewhere."""
        for _, _, files, descriptor in os.fwalk(folder):
            if os.fstat(descriptor).st_uid == 0:
                os.fchown(descriptor, uid, gid)
            for name in files:
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if found.st_uid == 0 and found.st_nlink == 1:
                    os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)

else:

    def account_exists(name: str) -> bool:
        """Only systemd and launchd need accounts of their own."""
        raise NotImplementedError(name)

    def group_members(name: str) -> frozenset[str] | None:
        """As above."""
        raise NotImplementedError(name)

    def _group_of(account: str) -> int:
        raise NotImplementedError(account)

    def _give(step: Give) -> None:
        for place in step.folders:
            try:
                place.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _failed(place, error) from error


def shown(command: Sequence[str]) -> str:
    """A command as it is typed in a shell."""
    import shlex  # noqa: PLC0415 - for people only

    return shlex.join(command)
