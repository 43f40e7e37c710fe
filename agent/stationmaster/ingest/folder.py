"""One watch folder: scans it, waits until its files rest, and keeps those that may be claimed.

One task a folder (`run`), so that a folder that hangs stops nothing but itself. A turn of the task makes a
few bounded calls only; what is left waits for the next turn.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
from datetime import datetime
from functools import partial
from pathlib import Path

from stationmaster.api.folder import is_marker
from stationmaster.config.schema import After
from stationmaster.errors import SpoolError
from stationmaster.ingest.agenda import CALL, Agenda
from stationmaster.ingest.candidate import Phase
from stationmaster.ingest.claim import Claim, Outcome
from stationmaster.ingest.files import Files, FolderHangsError, Names, held
from stationmaster.ingest.release import Release, Released, Standing
from stationmaster.ingest.roster import Moment, Roster
from stationmaster.ingest.settle import Stat
from stationmaster.ingest.sight import Scan, Setting, Sight
from stationmaster.ingest.stray import Strays
from stationmaster.ingest.trouble import Trouble
from stationmaster.ingest.wakeup import Hints
from stationmaster.log import bound
from stationmaster.model import Lane, SourceState

LOCAL_INTERVAL = 2.0
QUIET_INTERVAL = 5.0
NETWORK_INTERVAL = 10.0
LONGEST_INTERVAL = 30.0
"""Seconds between scans; a folder that takes long to scan is scanned less often.

Quiet is a local folder that is watched, where the last scan found nothing that the watch had not told of.
"""

_SLOW_LOCAL = 50
_SLOW_NETWORK = 3
"""A scan that took so long is not repeated before so many times as long."""

SOON = 0.1
"""Seconds after which a name is looked at again that is about to be gone, or may be a new sub-folder."""

LEDGER_RETRY = 5.0
"""Seconds until a ledger that could not be read is asked again."""

_LOG = logging.getLogger(__name__)


class FolderWatch:
    """See the module.

    Attributes:
        root: the folder's absolute path, its key in the ledger too.
        roster: what is known of its files.
        sight: how the folder looked.
        turns: how often its task had a turn so far.
    """

    def __init__(self, setting: Setting) -> None:
        """Nothing is looked at yet."""
        self.root = setting.root
        self.folder = setting.folder
        self.roster = Roster(setting.folder, covers=self._covers, owns=self._owns)
        self.sight = Sight()
        self._s = setting
        self._log = bound(_LOG, setting.instance)
        self._clock = setting.clock
        self._wake = asyncio.Event()
        self._agenda = Agenda(setting.clock.monotonic())
        self._hints: Hints | None = None
        self._place: tuple[tuple[int, int], bool] | None = None
        self._scan: Scan | None = None
        self._scan_at = -math.inf
        self._nudges = 0
        self._not_before = -math.inf
        self._retry = 0.0
        self._strays = Strays(self.root, self._log)
        self.turns = 0

    # ------------------------------------------------------------------ what the watcher asks

    @property
    def idle(self) -> bool:
        """The folder was looked at, and nothing is on its way but files that are not ready by themselves."""
        return self.sight.tried and not self._agenda.hinted and self.roster.idle(self.now())

    @property
    def claimable(self) -> bool:
        """A file is claimed, or can be."""
        return self.sight.trouble is None and self.roster.pending.active

    def now(self) -> datetime:
        """The time of day, as this folder's clock has it."""
        return self._clock.now()

    def nudge(self) -> None:
        """Scan now."""
        self.sight.tried = False
        self._nudges += 1
        self._scan_at = -math.inf
        self._wake.set()

    def hasten(self) -> None:
        """Scan now, and offer at once what was not taken before."""
        self.roster.pending.hasten(self._clock.monotonic())
        self.nudge()

    def claim(self, lane: Lane) -> Claim | None:
        """The next file of that lane that is ready."""
        candidate = None if self.sight.trouble else self.roster.pending.claim(lane)
        if candidate is None:
            return None
        path = Path(self.root, candidate.name)
        return Claim(
            state=SourceState(path=path, size=candidate.stat.size, mtime_ns=candidate.stat.mtime_ns),
            folder=self.folder,
            key=self.root,
            lane=candidate.lane,
            first_seen=candidate.first_seen,
            rested=self._clock.monotonic() - candidate.since,
            resume=self.roster.resumes.get(candidate.name),
        )

    def done(self, claim: Claim, outcome: Outcome, resume: bytes | None) -> None:
        """What became of a claim."""
        name = str(claim.state.path.relative_to(self.root))
        roster, now = self.roster, self._clock.monotonic()
        candidate = roster.pending.get(name)
        if candidate is None or candidate.phase is not Phase.CLAIMED:
            return
        if outcome in (Outcome.CONVERTED, Outcome.FAILED):
            stirred = candidate.stirred
            roster.dealt_with(candidate, Stat(claim.state.size, claim.state.mtime_ns), resume)
            soon = now if stirred else now + SOON if self.folder.after is not After.KEEP else self._scan_at
            if self._agenda.later(name, soon) or (roster.arrivals and roster.room()["burst"]):
                self._wake.set()
            return
        if outcome is Outcome.VANISHED:
            roster.gone(name)
        else:
            roster.pending.again(candidate, outcome, now=now, wall=self._clock.now())
        self._wake.set()

    async def release(self, job: Release) -> Released:
        """Release a file of this folder.

        Raises:
            OSError: it cannot be done now.
            FolderHangsError: no answer in time.
        """
        if await held(await self._s.access.files(), job):
            return Released(standing=Standing.OPEN)
        apart = await self._s.access.apart(job.folder)
        try:
            with self._strays.none_of(job):
                released = await (apart or await self._s.access.files()).release(job)
        finally:
            if apart is not None:
                await apart.aclose()
        if released.standing is Standing.CHANGED and job.path.is_relative_to(self.root):
            name = str(job.path.relative_to(self.root))
            self.roster.replaced(name, Stat(job.size, job.mtime_ns))
            self._agenda.hint([name])
            self._wake.set()
        return released

    # ------------------------------------------------------------------ the task

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            await self._load()
            while True:
                self._wake.clear()
                await self._turn()
                self.turns += 1
                await self._clock.wait(self._wake, self._pause())
        finally:
            self._unwatch()
            await self._s.access.aclose()

    async def _load(self) -> None:
        """What the ledger knows of this folder: taken files are not offered again."""
        prefix = str(Path(self.root, "_"))[:-1]
        while True:
            try:
                async for rows in self._s.ledger.ledger(self.root):
                    for row in rows:
                        name = str(row.path).removeprefix(prefix)
                        self.roster.recall(name, Stat(row.size, row.mtime_ns), row.resume)
            except SpoolError as error:
                self._log.warning("the ledger of %s cannot be read now: %s", self.root, error)
                await self._clock.sleep(LEDGER_RETRY)
            else:
                return

    async def _turn(self) -> None:
        try:
            files = await self._s.access.files()
            if self.sight.trouble is None:
                await self._look(files)
                await self._look_at_resting(files)
            if self._scan is not None or self._clock.monotonic() >= max(self._scan_at, self._not_before):
                await self._scan_on(files)
            if self.sight.trouble is None:
                await self._look_again(files)
                await self._admit(files)
        except (FolderHangsError, OSError) as error:
            self._troubled(error)

    def _pause(self) -> float:
        """Seconds until something is to be done."""
        if self._scan is not None:
            return 0.0
        due = [max(self._scan_at, self._not_before)]
        if self.sight.trouble is None:
            if self.roster.arrivals.waits(**self.roster.room()):
                return 0.0
            resting = self.roster.pending.next_due()
            due += [self._agenda.due_at(), math.inf if resting is None else resting]
        return max(0.0, min(due) - self._clock.monotonic())

    # ------------------------------------------------------------------ scans

    async def _scan_on(self, files: Files) -> None:
        """Begin a scan, or read on in the one under way."""
        restart = self._scan is None
        if restart:
            self._scan_at = math.inf  # a nudge during the scan asks for another one
            if self._place is None:  # whose the files are is asked as soon as they are found
                self._s.territory.place(self._s.index, await files.resolve())
        scan = self._scan = self._scan or Scan(self._clock.monotonic(), self._nudges)
        part = await files.names(self.roster.known, restart=restart)
        scan.new += self.roster.found(part.found)
        scan.hidden += part.hidden
        if part.done:
            await self._scanned(files, scan, part)

    async def _scanned(self, files: Files, scan: Scan, last: Names) -> None:
        """A scan went through: the folder is well."""
        place = (last.identity, self._s.access.child)
        if place != self._place:
            await self._settle_in(files)
            self._place = place
        # What the scan found is always in one place: in it, or in the arrivals.
        self._scan = None
        self.roster.arrivals.scanned(scan.new)
        sight, now, wall = self.sight, self._clock.monotonic(), self._clock.now()
        sight.scanned(last, alone=partial(self._s.territory.alone, self._s.index), wall=wall)
        sight.tried, self._retry = scan.nudges == self._nudges, 0.0
        child = self._s.access.child
        slow = (now - scan.began) * (_SLOW_NETWORK if child else _SLOW_LOCAL)
        due = now + min(LONGEST_INTERVAL, max(NETWORK_INTERVAL if child else LOCAL_INTERVAL, slow))
        if self._hints is not None and not scan.new and not child and slow < QUIET_INTERVAL:
            # all of them at one moment: an agent at rest wakes once, not once for each folder
            due = round(now / QUIET_INTERVAL + 1) * QUIET_INTERVAL
        self._scan_at = min(self._scan_at, due)
        self._not_before = now + slow / 10
        await self._strays.restore(files, scan.hidden, now)
        await self._forget(now)

    async def _settle_in(self, files: Files) -> None:
        """The folder is there (again), or is another one than before."""
        real = await files.resolve()
        self._s.territory.place(self._s.index, real)
        self._unwatch()
        self.roster.trust_mtime = not self._s.access.child
        if self._s.wakeup is not None and not self._s.access.child:
            self._hints = self._s.wakeup.watch(
                real, recursive=self.folder.recursive or bool(self.folder.marker), on_change=self._on_change
            )

    def _unwatch(self) -> None:
        hints, self._hints, self._place = self._hints, None, None
        if hints is not None:
            hints.close()

    def _on_change(self, names: set[str] | None) -> None:
        if names is None:
            self._scan_at = -math.inf
        else:
            self._agenda.hint(self._sources_of(names) if self.folder.marker else names)
        self._wake.set()

    def _sources_of(self, names: set[str]) -> set[str]:
        """Folders that are sources and in which something happened; a new one is found by a scan."""
        found = set()
        for name in names:
            above = [str(each) for each in (Path(name), *Path(name).parents)]
            source = next((each for each in above if each in self.roster.known), "")
            if source:
                found.add(source)
            elif os.sep not in name or is_marker(Path(name).name, self.folder.marker):
                self._scan_at = -math.inf
        return found

    def _troubled(self, error: OSError | FolderHangsError) -> None:
        """The folder cannot be looked at now; it is tried again, for ever."""
        trouble = Trouble.of(error, self.root)
        if isinstance(error, FolderHangsError):
            self._s.access.hung()
        sight = self.sight
        if sight.trouble is None or sight.trouble.code != trouble.code:
            sight.since = self._clock.now()
            self._log.warning("%s", trouble.text)
        sight.trouble, sight.tried = trouble, True
        scan, self._scan = self._scan, None
        if scan is not None:
            self.roster.arrivals.scanned(scan.new)
        self._unwatch()
        self._retry = min(LONGEST_INTERVAL, max(LOCAL_INTERVAL, self._retry * 2))
        self._scan_at = self._clock.monotonic() + self._retry

    async def _forget(self, now: float) -> None:
        """Let the ledger forget files that left long ago, but never all: an unmounted share looks empty."""
        departed = self.roster.departed
        gone = departed.expired(now, CALL) if self.roster.known.settled else []
        if not gone:
            return
        try:
            await self._s.ledger.forget(self.root, [Path(self.root, name) for name, _ in gone])
        except SpoolError:
            for name, stat in gone:
                departed.left(name, stat, now)

    # ------------------------------------------------------------------ looks at files

    async def _look(self, files: Files) -> None:
        """Look at names that were hinted at, or that are to be seen again soon."""
        names = self._agenda.take(self._clock.monotonic())
        try:
            await self._look_at(files, names)
        except (FolderHangsError, OSError):
            self._agenda.hint(names)
            raise

    async def _look_again(self, files: Files) -> None:
        """Look at the next known files, so that each has its turn within a cycle."""
        count = self._agenda.quota(self._clock.monotonic(), self.roster.known.settled)
        await self._look_at(files, self.roster.known.turn(count))

    async def _look_at(self, files: Files, names: list[str]) -> None:
        if not names:
            return
        stats, moment = await files.stats(names), self._moment()
        for name, stat in zip(names, stats, strict=True):
            if self.roster.seen(name, stat, moment):
                self._s.on_ready()
            elif stat is None and self.folder.recursive and name not in self.roster.known:
                self._scan_at = min(self._scan_at, moment.now + SOON)  # it may be a new sub-folder

    async def _look_at_resting(self, files: Files) -> None:
        """Look at files whose rest is over."""
        due = self.roster.pending.due(self._clock.monotonic(), CALL)
        if not due:
            return
        try:
            stats = await files.stats([candidate.name for candidate in due])
        except (FolderHangsError, OSError):
            self.roster.pending.unseen(due)
            raise
        moment = self._moment()
        for candidate, stat in zip(due, stats, strict=True):
            if self.roster.observe(candidate, stat, moment):
                self._s.on_ready()

    async def _admit(self, files: Files) -> None:
        """Look at new files for the first time, as many as there is room for."""
        live, burst = self.roster.arrivals.take(**self.roster.room())
        if not live and not burst:
            return
        try:
            stats = await files.stats(live + burst)
        except (FolderHangsError, OSError):
            self.roster.arrivals.unseen(live, burst)
            raise
        moment = self._moment()
        for number, (name, stat) in enumerate(zip(live + burst, stats, strict=True)):
            self.roster.admit(name, stat, moment, burst=number >= len(live))

    def _moment(self) -> Moment:
        return Moment(self._clock.monotonic(), self._clock.now())

    def _covers(self, name: str) -> bool:
        return self._s.sieve.covers(name, self.root)

    def _owns(self, name: str) -> bool:
        owner = self._s.territory.owner(self._s.index, name)
        if owner != self._s.index and owner not in self.sight.overlaps:
            self.sight.overlaps[owner] = (name, self._clock.now())
        return owner == self._s.index
