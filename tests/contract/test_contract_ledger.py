"""What the watcher may expect of any `Ledger`: of the real spool, and of the tests' fake."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from fakes.clock import FakeClock
from fakes.ingest import FakeLedger, Rig, row_of
from fakes.rack import MARKER, unit
from fakes.spooled import source_of
from stationmaster.config.schema import WatchFolder
from stationmaster.errors import SpoolError
from stationmaster.ingest.claim import Ledger
from stationmaster.spool import Spool, Storage


class Kind(Protocol):
    """A ledger, and how to fill and break it."""

    @property
    def ledger(self) -> Ledger: ...

    async def take(self, folder: Path, path: Path, *, resume: bytes | None = None) -> None: ...

    async def break_disk(self) -> None: ...


class Real:
    """The spool on a real file."""

    def __init__(self, spool: Spool, storage: Storage) -> None:
        self.ledger = spool
        self._storage = storage

    async def take(self, folder: Path, path: Path, *, resume: bytes | None = None) -> None:
        row = row_of(folder, path, resume=resume)
        source = source_of(
            path, size=row.size, mtime_ns=row.mtime_ns, folder=row.folder, after="keep", resume=resume
        )
        taken = await self.ledger.take(source, [], None)
        await self.ledger.released(taken.source_id, path)

    async def break_disk(self) -> None:
        """SQLite refuses every statement from now on."""
        for connection in (self.ledger._engine.writer, self.ledger._engine.reader):
            await self._storage.run(connection.set_authorizer, lambda *_: sqlite3.SQLITE_DENY)


class Fake:
    """The ledger in memory."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()

    async def take(self, folder: Path, path: Path, *, resume: bytes | None = None) -> None:
        self.ledger.rows.append(row_of(folder, path, resume=resume))

    async def break_disk(self) -> None:
        self.ledger.failures = 2


@pytest.fixture(params=["spool", "fake"])
async def kind(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Kind]:
    """Each implementation."""
    if request.param == "fake":
        yield Fake()
        return
    async with Storage() as storage:
        spool = await Spool.open(tmp_path / "spool.db", instance="line-1", storage=storage, clock=clock)
        yield Real(spool, storage)
        await spool.aclose()


async def rows(kind: Kind, folder: Path) -> dict[str, bytes | None]:
    """What is known of a folder: file name -> how far it was converted."""
    return {row.path.name: row.resume async for page in kind.ledger.ledger(str(folder)) for row in page}


@pytest.fixture
async def folder(tmp_path: Path, kind: Kind) -> Path:
    """A folder with three files that were taken and kept; another folder has one."""
    for name in ("a.xml", "b.xml", "c.log"):
        (tmp_path / name).write_text(name)
        await kind.take(tmp_path, tmp_path / name, resume=b"17" if name == "c.log" else None)
    await kind.take(tmp_path / "other", tmp_path / "a.xml")
    return tmp_path


async def test_the_kept_files_of_one_folder_are_known_each_once(kind: Kind, folder: Path) -> None:
    found = [row async for page in kind.ledger.ledger(str(folder)) for row in page]
    assert sorted(row.path.name for row in found) == ["a.xml", "b.xml", "c.log"]
    assert {row.path.name: row.resume for row in found} == {"a.xml": None, "b.xml": None, "c.log": b"17"}
    for row in found:
        seen = row.path.stat()
        assert (row.folder, row.size, row.mtime_ns) == (str(folder), seen.st_size, seen.st_mtime_ns)


async def test_a_folder_that_nobody_knows_is_empty(kind: Kind, folder: Path) -> None:
    assert await rows(kind, folder / "nowhere") == {}


async def test_what_is_forgotten_is_new_again_in_its_folder_only(kind: Kind, folder: Path) -> None:
    await kind.ledger.forget(str(folder), [folder / "a.xml", folder / "never.xml"])
    assert sorted(await rows(kind, folder)) == ["b.xml", "c.log"]
    assert sorted(await rows(kind, folder / "other")) == ["a.xml"]


async def test_a_folder_that_was_taken_whole_is_offered_again_only_if_it_changed(
    kind: Kind, tmp_path: Path
) -> None:
    root = tmp_path / "box"
    kept, changed = unit(root, "SN-1"), unit(root, "SN-2")
    for each in (kept, changed):
        await kind.take(root, each)
    (changed / "pictures" / "side.png").write_bytes(b"late")
    unit(root, "SN-3")
    watch = WatchFolder(path=str(root), converters=("rack",), marker=MARKER)
    async with Rig([watch], kind.ledger) as rig:
        await rig.scan()
        await rig.go(30.0)
        assert sorted(claim.state.path.name for claim in rig.take()) == ["SN-2", "SN-3"]


async def test_a_disk_that_fails_is_a_spool_error(kind: Kind, folder: Path) -> None:
    await kind.break_disk()
    with pytest.raises(SpoolError):
        await rows(kind, folder)
    with pytest.raises(SpoolError):
        await kind.ledger.forget(str(folder), [folder / "a.xml"])
