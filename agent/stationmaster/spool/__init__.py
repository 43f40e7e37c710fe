"""The spool: durable queue, history and ledger of one instance, in one SQLite database."""

from stationmaster.spool.lease import Lease
from stationmaster.spool.record import (
    Event,
    Failure,
    Health,
    LedgerRow,
    LedgerState,
    Salvage,
    Taken,
    TakenSource,
)
from stationmaster.spool.storage import Storage
from stationmaster.spool.store import Spool

__all__ = [
    "Event",
    "Failure",
    "Health",
    "Lease",
    "LedgerRow",
    "LedgerState",
    "Salvage",
    "Spool",
    "Storage",
    "Taken",
    "TakenSource",
]
