"""Reports that come from elsewhere with a history: taken out of another spool, or left by another client."""

from __future__ import annotations

import hashlib
import sqlite3

import msgspec

from stationmaster.model import EntryState, Lane, ReportMeta
from stationmaster.spool.change import Change
from stationmaster.spool.write import put


def import_report(
    db: sqlite3.Connection,
    change: Change,
    *,
    payload: bytes,
    meta: ReportMeta,
    source: str,
    reason: str,
    now: int,
) -> tuple[int, str]:
    """Commit such a report, once: its entry and "new", "same", "revised" or "other".

    Args:
        reason: why it was in error there; it goes to the error list with it. "" for one that is to be sent.
            One in error supersedes nothing: where its id is known with other content, that is "other", and
            nothing is stored.
    """
    digest = hashlib.sha256(payload).hexdigest()
    meta = msgspec.structs.replace(meta, size=len(payload), digest=digest)
    if reason:
        known = db.execute(
            "SELECT id, digest FROM entry WHERE kind='report' AND report_id=? ORDER BY revision DESC",
            (meta.report_id,),
        ).fetchall()
        if known:
            same = next((entry_id for entry_id, kept in known if kept == digest), 0)
            return (same, "same") if same else (known[0][0], "other")
    entry_id, outcome = put(
        db, change, meta, payload, source_id=None, origin=source, converter="", lane=Lane.LIVE, now=now
    )
    if reason:
        db.execute("UPDATE entry SET state='error', attempts=1, reason=? WHERE id=?", (reason, entry_id))
        change.moved(entry_id, EntryState.QUEUED, EntryState.ERROR)
    return entry_id, outcome
