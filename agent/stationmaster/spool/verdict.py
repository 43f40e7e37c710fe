"""How a lease ends, as statements: the uploader's hot path, so one UPDATE each in the common case."""

from __future__ import annotations

import sqlite3

from stationmaster.model import EntryState
from stationmaster.spool.change import Change, Verdict

_ACK = (
    "UPDATE entry SET state='completed', receipt=?, reason='', not_before=0, attempts=attempts+1,"
    " updated_at=?, done_at=? WHERE id=? AND state='queued'"
)
_LATE_ACK = (
    "UPDATE entry SET state='completed', receipt=?, not_before=0, attempts=attempts+1,"
    " updated_at=?, done_at=? WHERE id=? AND state=?"
)
_RETRY = (
    "UPDATE entry SET attempts=attempts+1, reason=?, not_before=?, updated_at=? WHERE id=? AND state='queued'"
)
_HOLD = "UPDATE entry SET reason=?, not_before=?, updated_at=? WHERE id=? AND state='queued'"
_REJECT = (
    "UPDATE entry SET state='error', attempts=attempts+1, reason=?, not_before=0, updated_at=?"
    " WHERE id=? AND state='queued'"
)


def judge(db: sqlite3.Connection, change: Change, verdict: Verdict) -> None:
    """Carry out a verdict. An entry that is no longer queued (superseded, dismissed) only takes an ack."""
    entry_id, what, now, text, until = verdict
    change.settled.append(entry_id)
    if what == "ack":
        if db.execute(_ACK, (text, now, now, entry_id)).rowcount:
            change.moved(entry_id, EntryState.QUEUED, EntryState.COMPLETED)
        else:
            _ack_late(db, change, verdict)
    elif what == "retry":
        db.execute(_RETRY, (text, until, now, entry_id))
    elif what == "hold":
        db.execute(_HOLD, (text, until, now, entry_id))
    elif what == "reject" and db.execute(_REJECT, (text, now, entry_id)).rowcount:
        change.moved(entry_id, EntryState.QUEUED, EntryState.ERROR)


def _ack_late(db: sqlite3.Connection, change: Change, verdict: Verdict) -> None:
    """The server has the report although the entry left the queue meanwhile: the receipt says so."""
    row = db.execute("SELECT state FROM entry WHERE id=?", (verdict.entry_id,)).fetchone()
    if row is None or row[0] == EntryState.COMPLETED:
        return
    old = row[0]
    db.execute(_LATE_ACK, (verdict.text, verdict.now, verdict.now, verdict.entry_id, old))
    record(db, verdict.entry_id, verdict.now, "completed", detail=f"acknowledged after it was {old}")
    change.moved(verdict.entry_id, old, EntryState.COMPLETED)


def record(
    db: sqlite3.Connection, entry_id: int, now: int, what: str, *, detail: str = "", by: str = ""
) -> None:
    """Put an exceptional thing on record."""
    db.execute(
        "INSERT INTO event(entry_id, at, what, detail, by) VALUES(?,?,?,?,?)",
        (entry_id, now, what, detail[:2000], by),
    )
