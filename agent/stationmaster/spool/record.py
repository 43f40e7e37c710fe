"""The values that go into the spool and come out of it: frozen, without behaviour."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from stationmaster.model import Lane, SourceState


class LedgerState(StrEnum):
    """What became of a source file."""

    TAKEN = "taken"
    ERROR = "error"
    RETRY = "retry"


class TakenSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source file whose reports are to be committed, or that failed to convert.

    Attributes:
        state: the file as it was when it was read.
        digest: hex SHA-256 of what was read; "" where it could not be read.
        converter: name of the converter, "" where none was found.
        folder: the watch folder it belongs to, as the ledger is asked for it.
        after: what happens to the file once its reports are committed: keep, move, archive, delete.
        resume: how far a growing file was converted, opaque to the spool.
        source_id: the ledger row this continues (a retried or grown file), 0 to find it by path.
        reader: which version of the converter it was, kept with each new report; "" for nothing.
        failed: of a retry: digest of the error that it is about, "" for the last one of that row.
    """

    state: SourceState
    digest: str
    converter: str
    lane: Lane = Lane.LIVE
    folder: str
    after: str = "keep"
    resume: bytes | None = None
    source_id: int = 0
    reader: str = ""
    failed: str = ""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a `take` did: reports that are new, known already, and new revisions of known ones.

    Attributes:
        taken_at: as the ledger has it.
    """

    source_id: int
    taken_at: datetime
    new: int = 0
    same: int = 0
    revised: int = 0


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of one source file.

    Attributes:
        path: the file as it was taken; `size` and `mtime_ns` are of that moment.
        released: True once what `after` asks for was done to the file.
        place: where the file is now, None when it was deleted.
        reason: why it failed the last time, "" where it did not.
        failed: digest of its open error, as `TakenSource` had it; "" where there is none.
    """

    source_id: int
    path: Path
    folder: str
    size: int
    mtime_ns: int
    digest: str
    state: LedgerState
    released: bool
    after: str
    place: Path | None
    resume: bytes | None
    converter: str
    lane: Lane
    taken_at: datetime
    reason: str = ""
    failed: str = ""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What a `fail` did: the entry in the error list, and the ledger's row."""

    entry_id: int
    source_id: int


class Salvage(msgspec.Struct, frozen=True, kw_only=True):
    """How the salvage of a damaged database went.

    Attributes:
        reason: what was wrong with it.
        damaged: file name of the damaged database; it lies beside the spool.
        entries: entries that were saved.
        sources: ledger rows that were saved.
        without_payload: saved entries whose payload was lost; if they were still to be sent they are in
            the error list, with the source file to convert again.
        unreadable: stretches of rows that could not be read; what they held is lost.
        error: why the salvage itself failed, "" when it went through.
    """

    at: datetime
    reason: str
    damaged: str
    entries: int = 0
    sources: int = 0
    without_payload: int = 0
    unreadable: int = 0
    error: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the spool itself is.

    Attributes:
        size: bytes of the database file.
        wal: bytes of its write-ahead log.
        unclean: True when the spool was not closed the last time (kill, power loss).
        damage: what a check or a read found wrong; the next start salvages the database. "" when sound.
        salvage: the last salvage, as long as the damaged database still lies there.
        error: the last failure to write, "" after a write that went through.
        disk_full: True when that failure was a full disk.
        owed: verdicts of leases that wait for the disk to take them.
    """

    size: int
    wal: int
    unclean: bool
    damage: str = ""
    salvage: Salvage | None = None
    error: str = ""
    disk_full: bool = False
    owed: int = 0
