"""Packs the days of an archive that are over, in a child process, when there is little else to do."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.archive.child import OWNER
from stationmaster.archive.shared import Neighbours, Shared
from stationmaster.clock import Clock
from stationmaster.config.retention_schema import RetentionConfig
from stationmaster.errors import ConfigError, SpoolError
from stationmaster.file_name import to_wire
from stationmaster.log import Lasting, bound
from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster.sentence import joined
from stationmaster.spool.store import Spool
from stationmaster.worker.error import ChildError, ChildHandlerError, ChildTimeoutError
from stationmaster.worker.process import ChildProcess

_LOG = logging.getLogger(__name__)
LOOK_EVERY = 60.0
"""Seconds between two looks at whether a day is over, and whether there is time for it."""

AGAIN_AFTER = 3600.0
"""Seconds after which what could not be packed is tried again, and after which work is not waited for."""

LAST_AGAIN = 24 * 3600.0
"""Seconds between two looks for files that came late into a day that was packed."""

LOOK_LIMIT = 600.0
PACK_LIMIT = 12 * 3600.0
"""Seconds that the child may take for a look, and to pack a day of 50 GB on a slow disk."""

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Archives(msgspec.Struct, frozen=True, kw_only=True):
    """The archives of an instance, and what is to be done with them.

    Attributes:
        own: the one in its data folder; where that is not there no child is started for it.
        owner: the instance's id.
        look: what the settings of now tell of the other instances. Blocks.
    """

    own: Path
    roots: tuple[Path, ...]
    retention: RetentionConfig
    owner: str
    look: Callable[[], Neighbours]


class Packing:
    """`run` lives until cancelled; the child dies with it."""

    def __init__(
        self,
        archives: Archives,
        spool: Spool,
        clock: Clock,
        *,
        instance: str,
        busy: Callable[[], bool],
        server_time: Callable[[], datetime | None],
    ) -> None:
        """Nothing runs yet.

        Args:
            busy: is there other work now? Packing waits for it, up to an hour.
            server_time: what the server's clock shows, None as long as it has not told.
        """
        self._archives = archives
        self._spool = spool
        self._clock = clock
        self._instance = instance
        self._busy = busy
        self._server_time = server_time
        self._log = bound(_LOG, instance)
        self._lasting = Lasting(self._log)
        self._trouble: dict[Path, str] = {}
        self._since: datetime | None = None
        self._shared: dict[Path, Problem] = {}
        self._foreign: dict[Path, bool] = {}
        self._ids: frozenset[str] = frozenset()
        self.rounds = 0
        """How often the archives were looked after."""

    # ---------------------------------------------------------------- life
    async def run(self) -> None:
        """After the start and after each midnight, pack what is over; what did not work, again each hour."""
        done_for, again = "", float("-inf")
        while self._archives.retention.archive_pack or self._archives.retention.archive_days:
            today = self._today()
            if today != done_for or self._clock.monotonic() >= again:
                open_still = await self._round(today)
                done_for = today
                again = self._clock.monotonic() + (AGAIN_AFTER if open_still else LAST_AGAIN)
            await self._clock.sleep(LOOK_EVERY)

    def _today(self) -> str:
        return _day(self._clock.now())

    async def _round(self, today: str) -> bool:
        """Look after all archives; True where something is left to do."""
        try:
            left = await self._look_for_shared()
        except ConfigError as error:
            self._lasting.met("settings", f"no archive is packed, as it is not known whose it is: {error}")
            return True
        self._lasting.over("settings", "archives can be packed again")
        for root in self._archives.roots:
            if root == self._archives.own and not await asyncio.to_thread(os.path.isdir, root):
                continue
            child = ChildProcess("stationmaster.archive.child")
            try:
                if await self._is_ours(child, root):
                    left |= await self._root(child, root, today)
                else:
                    left = True
                trouble = ""
            except (ChildError, SpoolError) as error:
                left, trouble = True, _words(error)
            except _NotPackedError as error:
                left, trouble = True, str(error)
            finally:
                await child.aclose()  # a start that was cut short leaves a process, too
            self._told(root, trouble)
        self.rounds += 1
        return left

    async def _look_for_shared(self) -> bool:
        """Find out which archives are not ours alone; True where there are any."""
        found = await asyncio.to_thread(self._archives.look)
        self._ids = found.ids
        for root in self._archives.roots:
            if root in found.shared:
                self._tell_shared(root, found.shared[root])
            elif root in self._shared and not self._foreign.get(root):
                self._tell_shared(root, None)
        return bool(found.shared)

    async def _is_ours(self, child: ChildProcess, root: Path) -> bool:
        """Leave our mark in an archive, and see that nobody of another home left one."""
        if root in self._shared and not self._foreign.get(root):
            return False
        if root == self._archives.own:
            return True  # it lies in this home: nobody else comes there
        name = self._instance
        answer = await _ask(child, "claim", root, owner=self._archives.owner, name=name)
        others = {key: who for key, who in answer["others"].items() if key not in self._ids}
        self._foreign[root] = bool(others)
        if others:
            mark = str(root / f"{OWNER}{next(iter(others))}")
            self._tell_shared(root, Shared(root=root, instances=(name, *others.values()), mark=mark))
        else:
            self._tell_shared(root, None)
        return not others

    def _tell_shared(self, root: Path, found: Shared | None) -> None:
        if found is None:
            self._shared.pop(root, None)
            self._lasting.over((root, "shared"), f"the archive {root} is used by this station alone now")
            return
        since = self._shared[root].since if root in self._shared else self._clock.now()
        self._shared[root] = found.problem(self._instance, since)
        self._lasting.met((root, "shared"), found.text)

    async def _root(self, child: ChildProcess, root: Path, today: str) -> bool:
        """One archive, its oldest day first; True where something is left to do.

        Raises:
            _NotPackedError: a day cannot be packed; all others are.
        """
        retention, left, trouble = self._archives.retention, False, None
        if retention.archive_pack:
            days = (await _ask(child, "open_days", root, today=today))["days"]
            for day in days:
                await self._wait_for_time()
                if day in await self._unreleased():
                    left = True
                    continue
                try:
                    left |= await self._day(child, root, day)
                except _NotPackedError as error:
                    trouble = trouble or error  # the days after it are packed all the same
        if retention.archive_days:
            left |= await self._expire(child, root, today)
        if trouble is not None:
            raise trouble
        return left

    async def _expire(self, child: ChildProcess, root: Path, today: str) -> bool:
        """Remove old packs; True where it is to be looked at again soon.

        A clock that is years ahead must not remove them all: the server's has to say the same.
        """
        told = self._server_time()
        if told is None:
            return True
        sure = min(today, _day(told))
        gone = await _ask(child, "expire", root, today=sure, days=self._archives.retention.archive_days)
        if gone["removed"]:
            self._log.info("removed old archives of %s: %s", root, ", ".join(gone["removed"]))
        return sure < today

    async def _day(self, child: ChildProcess, root: Path, day: str) -> bool:
        try:
            answer = await _ask(child, "pack", root, limit=PACK_LIMIT, day=day)
        except ChildTimeoutError:
            raise  # what hangs is rather the disk than this day
        except ChildError as error:  # the other days may be well
            raise _NotPackedError(_words(error)) from error
        if "trouble" in answer:
            raise _NotPackedError(answer["trouble"])
        if answer["removed"]:
            self._log.info("packed %d files of %s in %s", answer["removed"], day, root)
        if answer["unreadable"]:
            more = " and others" if answer["unreadable"] > len(answer["names"]) else ""
            names = f"{', '.join(answer['names'])}{more}"
            raise _NotPackedError(f"{answer['unreadable']} of the files of {day} cannot be read: {names}.")
        return bool(answer["left"] or answer["busy"])

    async def _wait_for_time(self) -> None:
        """Until there is no other work, an hour at most: a station that never rests is packed too."""
        end = self._clock.monotonic() + AGAIN_AFTER
        while self._busy() and self._clock.monotonic() < end:
            await self._clock.sleep(LOOK_EVERY)

    async def _unreleased(self) -> set[str]:
        """Days into whose folders a release may still bring a file, or look for one that it brought."""
        return {_day(row.taken_at) for row in await self._spool.unreleased()}

    # ---------------------------------------------------------------- trouble
    def _told(self, root: Path, trouble: str) -> None:
        if trouble:
            self._trouble[root] = trouble
            self._lasting.met(root, f"the archive {root} cannot be packed now: {trouble}")
            self._since = self._since or self._clock.now()
            return
        self._trouble.pop(root, None)
        self._lasting.over(root, f"the archive {root} can be packed again")
        if not self._trouble:
            self._since = None

    def problems(self) -> tuple[Problem, ...]:
        """Archives that could not be packed the last time; worth a notification once that lasts."""
        return (*self._shared.values(), *self._unpacked())

    def _unpacked(self) -> Iterator[Problem]:
        return (
            Problem(
                code=ProblemCode.ARCHIVE_NOT_PACKED,
                severity=Severity.WARNING,
                title="An archive cannot be packed",
                text=joined(f"{root}: {trouble}", "The files stay as they are; it is tried again each hour."),
                next_step="Make room on that disk, check it and its rights, or see retention.archive_pack.",
                instance=self._instance,
                subject=str(root),
                since=self._since or self._clock.now(),
                time_to_visible=2 * AGAIN_AFTER,
            )
            for root, trouble in sorted(self._trouble.items())
        )


class _NotPackedError(Exception):
    """Inside this module: a day cannot be packed, in words."""


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"


async def _ask(
    child: ChildProcess, op: str, root: Path, *, limit: float = LOOK_LIMIT, **more: Any
) -> Mapping[str, Any]:
    await child.start()  # it may have died of what it did before
    return await child.request({"op": op, "root": to_wire(root), **more}, limit)


def _words(error: ChildError | SpoolError) -> str:
    if isinstance(error, ChildHandlerError) and error.errno in _FULL:
        return "There is not enough room on its disk."
    return str(error)
