"""What a folder watch works with, and how its folder looked at the last scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from stationmaster.clock import Clock
from stationmaster.config.schema import WatchFolder
from stationmaster.ingest.access import Access
from stationmaster.ingest.claim import Ledger
from stationmaster.ingest.files import Names
from stationmaster.ingest.scan import Sieve
from stationmaster.ingest.settle import Stat
from stationmaster.ingest.territory import Territory
from stationmaster.ingest.trouble import Trouble
from stationmaster.ingest.wakeup import WakeUp


@dataclass(slots=True, kw_only=True)
class Setting:
    """What a folder watch works with.

    Attributes:
        instance: name of the instance, for the log.
        index: which of the instance's folders it is.
        on_ready: called when a file may be claimed.
    """

    instance: str
    index: int
    folder: WatchFolder
    root: str
    sieve: Sieve
    access: Access
    ledger: Ledger
    clock: Clock
    territory: Territory
    wakeup: WakeUp | None
    on_ready: Callable[[], None]


@dataclass(slots=True)
class Sight:
    """How the folder looked at the last scan.

    Attributes:
        trouble: why it cannot be looked at, None when it can; `since` belongs to it.
        unreadable: sub-folders that could not be read, since `unreadable_since`.
        overlaps: index of another folder -> a file that it takes though it lies here too, and since when.
        unmarked: sub-folders without a marker -> their state, and since when they are in it.
        scanned_at: when the last whole scan ended.
        tried: a scan ended, well or not, since the last nudge.
    """

    trouble: Trouble | None = None
    since: datetime | None = None
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    unreadable_since: datetime | None = None
    overlaps: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    unmarked: dict[str, tuple[Stat, datetime]] = field(default_factory=dict)
    scanned_at: datetime | None = None
    tried: bool = False

    def scanned(self, last: Names, *, alone: Callable[[str], bool], wall: datetime) -> None:
        """A scan went through; this was its last slice.

        Args:
            alone: does a sub-folder belong to no other watch folder?
        """
        self.trouble, self.since, self.scanned_at = None, None, wall
        self.unreadable_since = (self.unreadable_since or wall) if last.unreadable else None
        self.unreadable = last.unreadable
        before = self.unmarked
        self.unmarked = {}
        for name, state in last.unmarked:
            if alone(name):
                known = before.get(name)
                self.unmarked[name] = known if known and known[0] == state else (state, wall)


@dataclass(slots=True)
class Scan:
    """A scan under way: since when, after how many nudges, and what it found so far."""

    began: float
    nudges: int
    new: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
