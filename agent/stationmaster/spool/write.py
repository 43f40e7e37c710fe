"""The writes of the spool, run inside a transaction on the storage thread.

Each is a function of the connection, the `Change` to fill and its arguments. A generator yields where the
storage thread may do something else; its transaction stays open meanwhile, nobody sees half of it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from stationmaster.errors import SpoolError
from stationmaster.model import EntryKind, EntryState, Lane, ReportMeta
from stationmaster.spool.change import Change
from stationmaster.spool.ledger import MOST_REASON, converted, failed, keep_source, mark_replaced
from stationmaster.spool.record import Failure, LedgerState, Taken, TakenSource
from stationmaster.spool.schema import to_db, to_time
from stationmaster.spool.verdict import record

_INSERT = (
    "INSERT INTO entry(kind, report_id, revision, state, lane, serial_number, serial_key, part_number,"
    " process_code, result, start, source_id, origin, converter, size, digest, stored, warnings,"
    " created_at, updated_at) VALUES('report',?,?,'queued',?,?,?,?,?,?,?,?,?,?,?,?,1,?,?,?)"
)


def take(
    db: sqlite3.Connection,
    change: Change,
    *,
    source: TakenSource,
    reports: Sequence[ReportMeta],
    results: Path | None,
    now: int,
) -> Generator[None, None, Taken]:
    """Commit the reports of a source file together with its ledger row.

    Raises:
        SpoolError: a payload is not in `results` as its meta says.
        OSError: `results` cannot be read.
    """
    source_id = keep_source(db, source, LedgerState.TAKEN, now)
    converted(db, change, source_id, source, now)
    tally = {"new": 0, "same": 0, "revised": 0}
    first = 0
    if reports:
        if results is None:
            raise SpoolError(f"Reports of {source.state.path} came without their payloads.")
        with results.open("rb") as file:
            for meta in reports:
                payload = _payload(file, meta, results)
                entry_id, outcome = put(
                    db, change, meta, payload,
                    source_id=source_id, origin="", converter=source.converter, lane=source.lane, now=now,
                )  # fmt: skip
                if source.reader and outcome != "same":
                    record(db, entry_id, now, "converted", detail=source.reader)
                tally[outcome] += 1
                first = first or entry_id
                yield
        mark_replaced(db, source, entry_id=first, serial=reports[0].serial_number, now=now)
    return Taken(source_id=source_id, taken_at=to_time(now), **tally)


def _payload(file: BinaryIO, meta: ReportMeta, results: Path) -> bytes:
    """Read one payload and check that it is the one the worker wrote."""
    file.seek(meta.offset)
    payload = file.read(meta.size)
    if len(payload) != meta.size or hashlib.sha256(payload).hexdigest() != meta.digest:
        raise SpoolError(
            f"The converted report {meta.report_id} is not in {results} as the worker wrote it.",
            next_step="The source file is converted again.",
        )
    return payload


def submit(
    db: sqlite3.Connection,
    change: Change,
    *,
    payload: bytes,
    meta: ReportMeta,
    source: str,
    lane: Lane,
    now: int,
) -> int:
    """Commit a report that came without a source file of ours; the id of its entry."""
    digest = hashlib.sha256(payload).hexdigest()
    if meta.digest not in {"", digest}:
        raise SpoolError(f"The submitted report {meta.report_id} is not what its digest says.")
    if meta.digest != digest or meta.size != len(payload):
        meta = msgspec.structs.replace(meta, size=len(payload), digest=digest)
    entry_id, _ = put(
        db, change, meta, payload, source_id=None, origin=source, converter="", lane=lane, now=now
    )
    return entry_id


def put(
    db: sqlite3.Connection,
    change: Change,
    meta: ReportMeta,
    payload: bytes,
    *,
    source_id: int | None,
    origin: str,
    converter: str,
    lane: Lane,
    now: int,
) -> tuple[int, str]:
    """Queue one report, once: the entry's id and "new", "same" or "revised".

    A payload that was ever spooled under this report id is the same, also when a later revision
    superseded it: an old file that comes again does not turn the server back. Unless the server never got
    it, and gets none of the later ones either: then it is a new revision.
    """
    if not meta.report_id:
        raise SpoolError("A report without an id cannot be spooled.", refused=True)
    known = db.execute(
        "SELECT revision, id, digest, state, stored FROM entry WHERE kind='report' AND report_id=?"
        " ORDER BY revision DESC",
        (meta.report_id,),
    ).fetchall()
    for place, row in enumerate(known):
        if row[2] == meta.digest and (place == 0 or _settled(row, known[:place])):
            return row[1], "same" if row[4] else _restore(db, change, row[1], row[3], payload, now)
    revision = known[0][0] + 1 if known else 1
    cursor = db.execute(
        _INSERT,
        (
            meta.report_id, revision, lane, meta.serial_number, meta.serial_number.casefold(),
            meta.part_number, meta.process_code, meta.result, meta.start, source_id, to_db(origin), converter,
            len(payload), meta.digest, "\n".join(meta.warnings)[:4000], now, now,
        ),
    )  # fmt: skip
    entry_id = cursor.lastrowid or 0
    db.execute("INSERT INTO payload(entry_id, data) VALUES(?,?)", (entry_id, payload))
    change.added(EntryState.QUEUED)
    if not known:
        return entry_id, "new"
    _supersede(db, change, known[0][1], known[0][3], entry_id=entry_id, revision=revision, now=now)
    return entry_id, "revised"


def _settled(old: Sequence[Any], later: Sequence[Sequence[Any]]) -> bool:
    """A superseded revision is done with: it was delivered, or one of the later ones was or will be."""
    goes = {EntryState.QUEUED, EntryState.COMPLETED}
    return old[3] == EntryState.COMPLETED or any(row[3] in goes for row in later)


def _restore(
    db: sqlite3.Connection, change: Change, entry_id: int, state: str, payload: bytes, now: int
) -> str:
    """The same report again, whose payload is not there: if damage took it unsent, it is queued now."""
    if state != EntryState.ERROR:
        return "same"
    db.execute("INSERT OR REPLACE INTO payload(entry_id, data) VALUES(?,?)", (entry_id, payload))
    db.execute(
        "UPDATE entry SET state='queued', stored=1, size=?, reason='', updated_at=? WHERE id=?",
        (len(payload), now, entry_id),
    )
    record(db, entry_id, now, "requeued", detail="its source file was converted again")
    change.moved(entry_id, state, EntryState.QUEUED)
    return "new"


def _supersede(
    db: sqlite3.Connection, change: Change, old_id: int, state: str, *, entry_id: int, revision: int, now: int
) -> None:
    """Take the previous revision out of the queue; if it is in flight, its verdict finds it gone."""
    db.execute("UPDATE entry SET superseded=1, updated_at=? WHERE id=?", (now, old_id))
    if state in {EntryState.QUEUED, EntryState.ERROR}:
        db.execute(
            "UPDATE entry SET state='dismissed', dismissed_by='superseded', not_before=0,"
            " done_at=? WHERE id=?",
            (now, old_id),
        )
        change.moved(old_id, state, EntryState.DISMISSED)
    record(db, old_id, now, "superseded", detail=f"by revision {revision}, entry {entry_id}")
    record(db, entry_id, now, "revision", detail=f"supersedes revision {revision - 1}, entry {old_id}")


def fail(
    db: sqlite3.Connection, change: Change, *, source: TakenSource, reason: str, detail: str, now: int
) -> Failure:
    """Put a source file that cannot be converted into the error list."""
    source_id = keep_source(db, source, LedgerState.ERROR, now)
    text = f"{reason}\n{detail}" if detail else reason
    known = failed(db, source_id, source)
    if known is not None:
        db.execute(
            "UPDATE entry SET attempts=attempts+1, reason=?, size=?, digest=?, converter=?,"
            " updated_at=? WHERE id=?",
            (text, source.state.size, source.digest, source.converter, now, known),
        )
        record(db, known, now, "failed", detail=reason)
        return Failure(entry_id=known, source_id=source_id)
    cursor = db.execute(
        "INSERT INTO entry(kind, report_id, state, lane, serial_number, serial_key, part_number, result,"
        " start, source_id, converter, size, digest, stored, attempts, reason, created_at, updated_at)"
        " VALUES('source','','error',?,'','','','','',?,?,?,?,0,1,?,?,?)",
        (source.lane, source_id, source.converter, source.state.size, source.digest, text, now, now),
    )
    change.added(EntryState.ERROR)
    return Failure(entry_id=cursor.lastrowid or 0, source_id=source_id)


def refuse_retry(db: sqlite3.Connection, change: Change, *, source_id: int, reason: str, now: int) -> None:
    """A failed file that was queued again cannot be: its errors stay, with the reason before their own."""
    del change  # nothing moves between states
    db.execute("UPDATE source SET state='error' WHERE id=? AND state='retry'", (source_id,))
    rows = db.execute(
        "SELECT id, reason FROM entry WHERE source_id=? AND kind='source' AND state='error'", (source_id,)
    ).fetchall()
    for entry_id, before in rows:
        text = before if before.startswith(reason) else f"{reason}\n{before}"[:MOST_REASON]
        db.execute(
            "UPDATE entry SET attempts=attempts+1, reason=?, updated_at=? WHERE id=?", (text, now, entry_id)
        )
        record(db, entry_id, now, "failed", detail=reason)


def requeue(
    db: sqlite3.Connection, change: Change, *, ids: Iterable[int], by: str, now: int
) -> Generator[None, None, int]:
    """Send entries in error or dismissed again; a source file is converted again. How many."""
    count = 0
    for entry_id in ids:
        count += _requeue(db, change, entry_id, by, now)
        yield
    return count


def _requeue(db: sqlite3.Connection, change: Change, entry_id: int, by: str, now: int) -> bool:
    """Requeue one entry; False where there is nothing to do or to send."""
    row = db.execute(
        "SELECT kind, state, superseded, stored, source_id FROM entry WHERE id=?", (entry_id,)
    ).fetchone()
    if row is None or row[1] not in {EntryState.ERROR, EntryState.DISMISSED} or row[2]:
        return False
    kind, state, _, stored, source_id = row
    if kind == EntryKind.SOURCE:
        target = EntryState.ERROR  # it stays in the error list until the conversion succeeds
        db.execute("UPDATE source SET state='retry' WHERE id=?", (source_id,))
    elif stored:
        target = EntryState.QUEUED
    else:
        return False
    db.execute(
        "UPDATE entry SET state=?, not_before=0, dismissed_by='', done_at=NULL, updated_at=? WHERE id=?",
        (target, now, entry_id),
    )
    if target != state:
        change.moved(entry_id, state, target)
    record(db, entry_id, now, "requeued", by=by)
    return True


def hasten(db: sqlite3.Connection, change: Change, *, now: int) -> int:
    """Make every queued entry due; how many were not. Backoff begins anew with the next failure."""
    del change  # states stay as they are
    return db.execute(
        "UPDATE entry INDEXED BY entry_due SET not_before=0"
        " WHERE state='queued' AND lane IN ('live','batch') AND not_before>?",
        (now,),
    ).rowcount


def dismiss(
    db: sqlite3.Connection, change: Change, *, ids: Iterable[int], by: str, now: int
) -> Generator[None, None, int]:
    """Take entries out of the queue or the error list, on record. How many."""
    count = 0
    for entry_id in ids:
        count += _dismiss(db, change, entry_id, by, now)
        yield
    return count


def _dismiss(db: sqlite3.Connection, change: Change, entry_id: int, by: str, now: int) -> bool:
    """Dismiss one entry; False where it is done with already."""
    row = db.execute("SELECT state, kind, source_id, reason FROM entry WHERE id=?", (entry_id,)).fetchone()
    if row is None or row[0] not in {EntryState.ERROR, EntryState.QUEUED}:
        return False
    state, kind, source_id, reason = row
    db.execute(
        "UPDATE entry SET state='dismissed', dismissed_by=?, not_before=0, done_at=?,"
        " updated_at=? WHERE id=?",
        (by, now, now, entry_id),
    )
    if kind == EntryKind.SOURCE:
        db.execute("UPDATE source SET state='error' WHERE id=? AND state='retry'", (source_id,))
    change.moved(entry_id, state, EntryState.DISMISSED)
    record(db, entry_id, now, "dismissed", by=by, detail=reason)
    return True


def shift(db: sqlite3.Connection, change: Change, *, back: int) -> None:
    """The clock was set back by `back` microseconds: so is what waits for a time."""
    del change  # nothing moves between states
    db.execute(
        "UPDATE entry INDEXED BY entry_due SET not_before=max(1, not_before-?)"
        " WHERE state='queued' AND lane IN ('live','batch') AND not_before>0",
        (back,),
    )
