"""The spool: durable queue, history and ledger of one instance, in one SQLite database."""

from stationmaster.spool.lease import Lease
from stationmaster.spool.record import (
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
