"""What is known of each file of one folder, and what is to be done with it. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from stationmaster.api.folder import GRAIN
from stationmaster.config.schema import After, WatchFolder
from stationmaster.ingest.agenda import CALL
from stationmaster.ingest.arrival import Arrivals
from stationmaster.ingest.candidate import Candidate, Pending, Phase
from stationmaster.ingest.departed import Departed
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.scan import UNSEEN
from stationmaster.ingest.settle import BATCH_COUNT, Stat, lane_of, rests_since

WINDOW = 2_000
"""Files that may be on their way at a time; the rest of a burst waits as names only."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on both clocks: monotonic seconds, and the time of day."""

    now: float
    wall: datetime


class Roster:
    """Takes in looks at files; says what is new, rests, is ready, was dealt with, has left.

    A name is in exactly one place: unknown, among the arrivals (seen in a listing only), pending (looked
    at), or dealt with.

    Attributes:
        known: names in any of these places.
        arrivals: names that nobody has looked at.
        pending: files on their way.
        departed: kept files that left a while ago.
        resumes: how far growing files were converted.
        trust_mtime: the folder's clock is this machine's.
    """

    def __init__(
        self, folder: WatchFolder, *, covers: Callable[[str], bool], owns: Callable[[str], bool]
    ) -> None:
        """Know nothing.

        Args:
            covers: does a file of this name count? A scan gives only those that do.
            owns: does it belong to this folder, and to no other that it lies in too?
        """
        self.known = KnownFiles()
        self.pending = Pending(folder.settle)
        self.arrivals = Arrivals()
        self.departed = Departed()
        self.resumes: dict[str, bytes] = {}
        self.trust_mtime = True
        self._folder = folder
        self._covers = covers
        self._owns = owns

    @property
    def waiting(self) -> int:
        """Files that are seen but not taken yet."""
        return len(self.pending) + len(self.arrivals)

    def idle(self, wall: datetime) -> bool:
        """Nothing is on its way but files that are not ready by themselves."""
        limit = self._folder.incomplete_after
        return not self.arrivals and not any(each.comes(wall, limit) for each in self.pending)

    # ------------------------------------------------------------------ looks

    def recall(self, name: str, stat: Stat, resume: bytes | None) -> None:
        """The ledger knows this file, of this folder or of another one on the same path."""
        if not (self._covers(name) and self._owns(name)):
            return
        self.known.settle(name, stat)
        if resume is not None:
            self.resumes[name] = resume

    def found(self, names: Iterable[str]) -> list[str]:
        """A slice of a scan found these names; those of them that are new, for the arrivals."""
        new = [name for name in names if name not in self.known and self._owns(name)]
        for name in new:
            self.known.work(name)
        return new

    def room(self) -> dict[str, int]:
        """How many of the arrivals may be looked at now; a burst does not crowd out live files."""
        free = WINDOW - self.pending.untried
        return {"live": max(0, min(CALL, free + WINDOW)), "burst": CALL if free >= CALL else 0}

    def admit(self, name: str, stat: Stat | None, moment: Moment, *, burst: bool) -> None:
        """One of the arrivals was looked at for the first time."""
        if stat is None:
            self.gone(name)
        else:
            self._begin(name, stat, moment, company=BATCH_COUNT + 1 if burst else 0)

    def seen(self, name: str, stat: Stat | None, moment: Moment) -> bool:
        """Any file was looked at; True when it became ready by that."""
        candidate = self.pending.get(name)
        if candidate is not None:
            return self.observe(candidate, stat, moment)
        if name in self.known:
            before = self.known.get(name)
            if before is not None and stat is None:
                self._left(name, before, moment.now)
            elif before is not None and stat is not None and stat not in (before, UNSEEN):
                self._begin(name, stat, moment, company=0)
        elif stat is not None and self._covers(name) and self._owns(name):
            self.known.work(name)
            if not self.arrivals.hinted(name):
                self._begin(name, stat, moment, company=0)
        return False

    def observe(self, candidate: Candidate, stat: Stat | None, moment: Moment) -> bool:
        """A file on its way was looked at; True when it became ready by that."""
        if stat is not None:
            return self.pending.observe(candidate, stat, self._since(stat, moment), moment.now)
        if candidate.phase is Phase.CLAIMED:
            candidate.stirred = True
        else:
            self.gone(candidate.name)
        return False

    # ------------------------------------------------------------------ ends

    def dealt_with(self, candidate: Candidate, stat: Stat, resume: bytes | None) -> None:
        """This state of the file is on record."""
        self.pending.drop(candidate.name)
        self.known.settle(candidate.name, UNSEEN if candidate.replaced else stat)
        self.resumes.pop(candidate.name, None)
        if resume is not None:
            self.resumes[candidate.name] = resume

    def replaced(self, name: str, stat: Stat) -> None:
        """What lies there is not what was taken, although it has the same size and mtime: it is new."""
        candidate = self.pending.get(name)
        if candidate is not None:
            if candidate.phase is Phase.CLAIMED and candidate.stat == stat:
                candidate.replaced = True
        elif self.known.get(name) == stat:
            self.known.settle(name, UNSEEN)

    def gone(self, name: str) -> None:
        """The file is not there any more."""
        self.pending.drop(name)
        self.known.drop(name)
        self.resumes.pop(name, None)

    def _left(self, name: str, before: Stat, now: float) -> None:
        """A file that was dealt with is not there any more."""
        self.gone(name)
        if self._folder.after is After.KEEP:
            self.departed.left(name, before, now)

    def _begin(self, name: str, stat: Stat, moment: Moment, *, company: int) -> None:
        """A new state of a file was seen: it begins to rest."""
        if self.departed.returned(name, stat):
            self.known.settle(name, stat)
            return
        age = moment.wall.timestamp() - stat.mtime_ns / 1e9
        self.known.work(name)
        self.pending.add(
            Candidate(
                name=name,
                stat=stat,
                since=self._since(stat, moment),
                first_seen=moment.wall,
                lane=lane_of(self._folder.lane, size=stat.size, age=age, company=company),
            )
        )

    def _since(self, stat: Stat, moment: Moment) -> float:
        wall = moment.wall.timestamp() if self.trust_mtime else None
        grain = GRAIN if self._folder.marker else 1
        return rests_since(stat, seen_at=moment.now, wall=wall, settle=self._folder.settle, grain=grain)
