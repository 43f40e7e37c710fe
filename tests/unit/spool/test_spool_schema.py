"""Versions of the database, and what is kept how."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.spooled import meta_of
from stationmaster.errors import SpoolError
from stationmaster.model import Counts
from stationmaster.spool import Spool, Storage, schema


async def make(path: Path, storage: Storage, clock: FakeClock) -> None:
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        await spool.submit(b"x", meta_of("a", b"x"))


def alter(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


async def test_a_newer_spool_is_refused_with_a_sentence(
    tmp_path: Path, storage: Storage, clock: FakeClock
) -> None:
    path = tmp_path / "spool.db"
    await make(path, storage, clock)
    alter(path, "PRAGMA user_version=3", "UPDATE meta SET value='2' WHERE key='readable_by'")
    before = path.read_bytes()
    with pytest.raises(
        SpoolError, match=r"newer Stationmaster \(format 3, this program reads up to 1\)"
    ) as caught:
        await Spool.open(path, instance="i", storage=storage, clock=clock)
    assert not caught.value.damaged
    assert path.read_bytes() == before


async def test_the_next_version_stays_readable_where_it_says_so(
    tmp_path: Path, storage: Storage, clock: FakeClock
) -> None:
    path = tmp_path / "spool.db"
    await make(path, storage, clock)
    alter(path, "PRAGMA user_version=2", "ALTER TABLE entry ADD COLUMN later TEXT NOT NULL DEFAULT ''")
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        assert spool.counts == Counts(queued=1)
        await spool.submit(b"y", meta_of("b", b"y"))
        assert len(await spool.lease(5)) == 2


async def test_an_unclean_stop_is_noticed_and_checked(
    tmp_path: Path, storage: Storage, clock: FakeClock
) -> None:
    path = tmp_path / "spool.db"
    await make(path, storage, clock)
    alter(path, "UPDATE meta SET value='0' WHERE key='clean'")
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        assert (await spool.health()).unclean
        assert await spool.verify() == ""
        assert (await spool.health()).damage == ""
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        assert not (await spool.health()).unclean


async def test_a_place_that_cannot_be_used_is_an_error_not_damage(
    tmp_path: Path, storage: Storage, clock: FakeClock
) -> None:
    (tmp_path / "spool.db").mkdir()
    for path in (tmp_path / "missing" / "spool.db", tmp_path / "spool.db"):
        with pytest.raises(SpoolError) as caught:
            await Spool.open(path, instance="i", storage=storage, clock=clock)
        assert not caught.value.damaged


def test_times_survive_the_way_there_and_back() -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
    assert schema.to_time(schema.to_micros(at)) == at


@pytest.mark.parametrize(
    ("error", "full", "damaged"),
    [
        (OSError(28, "No space left on device"), True, False),
        (OSError(5, "Input/output error"), False, False),
        (sqlite3.OperationalError("x"), False, False),
    ],
)
def test_errors_are_mapped(error: OSError | sqlite3.Error, full: bool, damaged: bool) -> None:  # noqa: FBT001 - a table
    mapped = schema.spool_error(error, Path("/x"))
    assert (mapped.disk_full, mapped.damaged) == (full, damaged)
    assert "/x" in mapped.text
