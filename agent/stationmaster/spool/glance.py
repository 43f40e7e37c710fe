"""Looking things up in a spool that nobody has open: its instance is stopped, drained or disabled."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.spool import schema
from stationmaster.spool.browse import Browse
from stationmaster.spool.engine import Engine
from stationmaster.spool.leasing import Leases
from stationmaster.spool.storage import Storage


@asynccontextmanager
async def glance(path: Path, *, instance: str, storage: Storage, clock: Clock) -> AsyncIterator[Browse]:
    """Read the spool at `path`; it is neither created nor changed, and may be opened meanwhile.

    Raises:
        SpoolError: there is none, or it cannot be read.
    """
    engine = Engine(path, clock)
    await storage.run(_open_reader, engine)
    try:
        yield Browse(engine, instance=instance, storage=storage)
    finally:
        await storage.run(engine.reader.close)


def _open_reader(engine: Engine) -> None:
    if not engine.path.exists():
        raise SpoolError(
            f"There is no spool at {engine.path}.",
            next_step="It is made when the station runs for the first time.",
        )
    try:
        engine.reader = schema.connect(engine.path, read_only=True)
    except (sqlite3.Error, OSError) as error:
        raise schema.spool_error(error, engine.path) from error
    engine.leases = Leases(engine.reader)
