"""The store's thread on a real database."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from stationmaster.embedded_server.error import EmbeddedServerError, RequestError
from stationmaster.embedded_server.schema import VERSION, connect
from stationmaster.embedded_server.store import Store


def insert(number: int) -> Callable[[sqlite3.Connection], int]:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO note VALUES (?)", (number,))
        return number

    return work


def make_notes(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE note (number INTEGER PRIMARY KEY)")


def notes(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM note ORDER BY number")]


async def test_writes_that_wait_share_a_commit_and_one_that_fails_fails_alone(tmp_path: Path) -> None:
    hold = threading.Event()
    commits: list[str] = []
    async with Store(tmp_path / "s.db") as store:
        await store.write(make_notes)
        await store.read(lambda connection: connection.set_trace_callback(commits.append))
        # while the thread is held the writes pile up; then they are one batch
        held = asyncio.ensure_future(store.run(hold.wait))
        jobs = [asyncio.ensure_future(store.write(insert(number))) for number in (1, 2, 2, 3)]
        mistake = asyncio.ensure_future(store.write(lambda _: 1 // 0))
        await asyncio.sleep(0)
        hold.set()
        first, second, double, third, error = await asyncio.gather(*jobs, mistake, return_exceptions=True)
        assert await held
        assert (first, second, third) == (1, 2, 3)
        assert isinstance(double, RequestError)
        assert double.status == 503
        assert isinstance(error, ZeroDivisionError)
        assert await store.read(notes) == [1, 2, 3]
    assert commits.count("COMMIT") == 1


async def test_what_was_written_is_there_after_it_was_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "below" / "s.db"
    async with Store(path) as store:
        await store.write(make_notes)
        await store.write(insert(7))
    async with Store(path) as store:
        assert await store.read(notes) == [7]


async def test_what_was_asked_for_before_the_end_is_done(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    await store.open()
    await store.write(make_notes)
    hold = threading.Event()
    held = asyncio.ensure_future(store.run(hold.wait))
    jobs = [asyncio.ensure_future(store.write(insert(number))) for number in range(3)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(store.aclose())
    await asyncio.sleep(0)
    hold.set()
    assert await asyncio.gather(*jobs) == [0, 1, 2]
    await asyncio.gather(held, closing)
    await store.aclose()
    with pytest.raises(RequestError, match="stopping") as caught:
        await store.read(notes)
    assert caught.value.status == 503


async def test_a_caller_that_went_away_disturbs_nobody(tmp_path: Path) -> None:
    async with Store(tmp_path / "s.db") as store:
        await store.write(make_notes)
        hold = threading.Event()
        held = asyncio.ensure_future(store.run(hold.wait))
        gone = asyncio.ensure_future(store.write(insert(1)))
        stays = asyncio.ensure_future(store.write(insert(2)))
        await asyncio.sleep(0)
        gone.cancel()
        hold.set()
        assert await stays == 2
        assert gone.cancelled()
        assert await held


async def test_a_full_disk_is_said_and_passes(tmp_path: Path) -> None:
    async with Store(tmp_path / "s.db") as store:
        await store.write(make_notes)
        pages = await store.read(lambda c: int(c.execute("PRAGMA page_count").fetchone()[0]))
        await store.read(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone())
        await store.write(lambda c: c.execute("CREATE TABLE big (data BLOB)").rowcount)
        with pytest.raises(RequestError, match="disk of the server is full") as caught:
            await store.write(lambda c: c.execute("INSERT INTO big VALUES (zeroblob(1000000))").rowcount)
        assert caught.value.status == 507
        await store.read(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchone())
        assert await store.write(insert(1)) == 1


async def test_a_commit_that_fails_fails_all_that_it_held(tmp_path: Path) -> None:
    async with Store(tmp_path / "s.db") as store:
        await store.write(make_notes)
        # a deferred constraint is checked by COMMIT itself
        table = "CREATE TABLE child (note INTEGER REFERENCES note (number) DEFERRABLE INITIALLY DEFERRED)"
        await store.write(lambda c: c.execute(table).rowcount)
        hold = threading.Event()
        held = asyncio.ensure_future(store.run(hold.wait))
        orphan = store.write(lambda c: c.execute("INSERT INTO child VALUES (99)").rowcount)
        jobs = [asyncio.ensure_future(orphan), asyncio.ensure_future(store.write(insert(5)))]
        await asyncio.sleep(0)
        hold.set()
        results = await asyncio.gather(*jobs, return_exceptions=True)
        assert [isinstance(result, RequestError) for result in results] == [True, True]
        assert await held
        assert await store.read(notes) == []
        assert await store.write(insert(6)) == 6


@pytest.mark.parametrize("content", [b"this is no database, but long enough to be looked at" * 30])
async def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(content)
    with pytest.raises(EmbeddedServerError, match="cannot be opened: file is not a database"):
        await Store(path).open()
    assert path.read_bytes() == content


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    connection = connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(EmbeddedServerError, match="written by a newer Stationmaster"):
        await Store(path).open()


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EmbeddedServerError, match="cannot be opened"):
        await Store(tmp_path / "file" / "s.db").open()


def test_a_commit_is_on_the_disk(tmp_path: Path) -> None:
    connection = connect(tmp_path / "s.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    connection.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
@pytest.mark.parametrize("left", [False, True], ids=["new", "readable before"])
async def test_the_database_and_what_lies_beside_it_are_for_the_owner_alone(
    tmp_path: Path, *, left: bool
) -> None:
    path = tmp_path / "s.db"
    before = os.umask(0o022)
    try:
        if left:
            sqlite3.connect(path).close()
            path.touch()
            path.chmod(0o644)
        async with Store(path) as store:
            await store.write(make_notes)
            rights = {file.name: stat.S_IMODE(file.stat().st_mode) for file in os.scandir(tmp_path)}
            assert rights == dict.fromkeys(("s.db", "s.db-shm", "s.db-wal"), 0o600)
    finally:
        os.umask(before)
