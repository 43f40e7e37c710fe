"""One file that the intake works on: a claim of the watcher, or a failed file that a person queued again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from stationmaster.config.schema import WatchFolder
from stationmaster.ingest.claim import Claim
from stationmaster.ingest.settle import Stat
from stationmaster.model import Lane, SourceState
from stationmaster.spool.record import LedgerRow, TakenSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A file to convert.

    Attributes:
        path: where it lies now.
        state: as the ledger knows it, by its first place.
        folder: the watch folder whose settings hold for it.
        key: that folder's name in the ledger.
        resume: how far a growing file was converted, None: from its start.
        overdue: where it is still incomplete it is to be failed, or taken as its converter's options say.
        source_id: its row of the ledger, 0 to find it by path.
        failed: of a retry: digest of the error that it is about.
    """

    path: Path
    state: SourceState
    folder: WatchFolder
    key: str
    lane: Lane = Lane.LIVE
    resume: bytes | None = None
    overdue: bool = True
    source_id: int = 0
    failed: str = ""

    @classmethod
    def of_claim(cls, claim: Claim) -> Task:
        """The task to take a file that came to rest."""
        return cls(
            path=claim.state.path,
            state=claim.state,
            folder=claim.folder,
            key=claim.key,
            lane=claim.lane,
            resume=claim.resume,
            overdue=claim.overdue,
        )

    @classmethod
    def of_row(cls, row: LedgerRow, folder: WatchFolder, path: Path, found: Stat) -> Task:
        """The task to convert a failed file again, from its start, which lies at `path` now."""
        state = SourceState(path=row.path, size=found.size, mtime_ns=found.mtime_ns)
        return cls(
            path=path,
            state=state,
            folder=folder,
            key=row.folder,
            source_id=row.source_id,
            failed=row.failed,
        )

    @property
    def at(self) -> SourceState:
        """The file where it lies now."""
        return msgspec.structs.replace(self.state, path=self.path)

    def source(
        self, digest: str, converter: str, *, resume: bytes | None = None, reader: str = ""
    ) -> TakenSource:
        """What the ledger is told of it."""
        return TakenSource(
            state=self.state,
            digest=digest,
            converter=converter,
            lane=self.lane,
            folder=self.key,
            after=self.folder.after,
            resume=resume,
            source_id=self.source_id,
            failed=self.failed,
            reader=reader,
        )
