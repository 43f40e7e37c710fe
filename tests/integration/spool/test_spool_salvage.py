"""Damaged databases: the spool opens, every readable row is there, and it is told what was not."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from fakes.clock import FakeClock
from fakes.spooled import meta_of, payload_of, report_id, source_of, write_results
from fakes.station import children
from stationmaster.errors import SpoolError
from stationmaster.model import Counts, EntryState
from stationmaster.spool import Health, LedgerState, Salvage, Spool, Storage, recovery
from stationmaster.spool.engine import damage_marker
from stationmaster.spool.saving import check, empty

FILES = 60
REPORTS = 3
PAGE = 4096


async def fill(path: Path, storage: Storage, *, size: int = 900) -> None:
    """60 files with 3 reports each; the first 30 reports are delivered, one is rejected."""
    async with await Spool.open(path, instance="i", storage=storage, clock=FakeClock()) as spool:
        for n in range(FILES):
            names = [f"{n}.{m}" for m in range(REPORTS)]
            results = path.with_name("results")
            metas = write_results(results, names, payloads=[payload_of(name, size) for name in names])
            taken = await spool.take(source_of(f"/in/{n}", digest=str(n)), metas, results)
            await spool.released(taken.source_id, Path(f"/done/{n}"))
        leases = await spool.lease(31)
        for lease in leases[:30]:
            lease.ack("receipt")
        await leases[30].reject("bad")
        await spool.dismiss([], "me")


async def reopen(path: Path, storage: Storage) -> Spool:
    return await Spool.open(path, instance="i", storage=storage, clock=FakeClock())


async def health_after(path: Path, storage: Storage) -> tuple[Health, Counts, dict[str, EntryState]]:
    """Open the damaged spool and look at it."""
    async with await reopen(path, storage) as spool:
        health = await spool.health()
        states = {entry.report_id: entry.state for entry in await spool.entries(limit=10_000)}
        for entry in await spool.entries(EntryState.QUEUED, limit=10_000):
            assert await spool.payload(entry.id) is not None
        assert check(path) == ""
        counts = spool.counts
        await spool.submit(b"new", META)
        await spool.dismiss([(await spool.find("SN-new"))[0].id], "the test")
        return health, counts, states


META = write_results(Path(os.devnull), ["new"], payloads=[b"new"])[0]


def root_of(path: Path, table: str) -> int:
    db = sqlite3.connect(path)
    (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name=?", (table,)).fetchone()
    db.close()
    return int(root)


def leaves_of(path: Path, table: str) -> list[int]:
    """The leaf pages of a table, in the order of its rows; its root must be their parent."""
    return children_of(path, table, kind=5)


def children_of(path: Path, table: str, *, kind: int) -> list[int]:
    """The pages below the root of a table (kind 5) or an index (kind 2)."""
    data = path.read_bytes()
    start = (root_of(path, table) - 1) * PAGE
    assert data[start] == kind
    cells = int.from_bytes(data[start + 3 : start + 5], "big")
    children = []
    for cell in range(cells):
        at = start + int.from_bytes(data[start + 12 + 2 * cell : start + 14 + 2 * cell], "big")
        children.append(int.from_bytes(data[at : at + 4], "big"))
    return [*children, int.from_bytes(data[start + 8 : start + 12], "big")]


def smash(path: Path, page: int) -> None:
    """Overwrite a page with noise."""
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(random.Random(page).randbytes(PAGE))  # noqa: S311 - noise


ALL = {report_id(f"{n}.{m}") for n in range(FILES) for m in range(REPORTS)}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: smash(path, 1), id="first page"),
        pytest.param(lambda path: path.write_bytes(b"not a database" + path.read_bytes()[14:]), id="magic"),
        pytest.param(lambda path: smash(path, root_of(path, "entry_state")), id="index root"),
        pytest.param(lambda path: smash(path, root_of(path, "meta")), id="meta"),
    ],
)
async def test_damage_beside_the_rows_loses_nothing(
    tmp_path: Path, storage: Storage, damage: Callable[[Path], object]
) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    damage(path)
    health, counts, states = await health_after(path, storage)
    assert counts == Counts(queued=149, completed=30, error=1)
    assert states.keys() == ALL
    assert health.salvage is not None
    assert (health.salvage.entries, health.salvage.sources) == (180, 60)
    assert (health.salvage.without_payload, health.salvage.error) == (0, "")
    assert (tmp_path / health.salvage.damaged).exists()
    assert "damaged" in health.salvage.reason or "database" in health.salvage.reason


async def test_salvage_is_told_as_long_as_the_damaged_file_lies_there(
    tmp_path: Path, storage: Storage
) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    smash(path, 1)
    health, _, _ = await health_after(path, storage)
    again, _, _ = await health_after(path, storage)
    assert again.salvage == health.salvage
    assert health.salvage is not None
    (tmp_path / health.salvage.damaged).unlink()
    cleared, _, _ = await health_after(path, storage)
    assert cleared.salvage is None


async def test_lost_payloads_are_errors_and_their_files_are_converted_again(
    tmp_path: Path, storage: Storage
) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    leaves = leaves_of(path, "payload")
    smash(path, leaves[-2])
    damage_marker(path).write_text("found by the check", encoding="utf-8")
    async with await reopen(path, storage) as spool:
        outcome = (await spool.health()).salvage
        assert outcome is not None
        assert outcome.reason == "found by the check"
        assert outcome.without_payload >= 1
        assert spool.counts.error == 1 + outcome.without_payload
        lost = [e for e in await spool.entries(EntryState.ERROR, limit=1000) if "damaged" in e.reason]
        rows = await spool.retry_sources()
        assert {str(row.path) for row in rows} == {entry.source for entry in lost}
        for row in rows:
            number = row.path.name
            names = [f"{number}.{m}" for m in range(REPORTS)]
            metas = write_results(
                tmp_path / "again", names, payloads=[payload_of(name, 900) for name in names]
            )
            await spool.take(
                source_of(row.path, digest=row.digest, source_id=row.source_id), metas, tmp_path / "again"
            )
        assert spool.counts == Counts(queued=149, completed=30, error=1)
        assert await spool.retry_sources() == []


async def test_lost_entries_come_back_from_their_source_files(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    leaves = leaves_of(path, "entry")
    assert len(leaves) > 6
    smash(path, leaves[3])
    smash(path, leaves[-1])
    damage_marker(path).write_text("x", encoding="utf-8")
    async with await reopen(path, storage) as spool:
        outcome = (await spool.health()).salvage
        assert outcome is not None
        assert outcome.unreadable >= 2
        assert outcome.entries < 180
        have = {entry.report_id for entry in await spool.entries(limit=1000)}
        rows = await spool.retry_sources()
        assert all(row.state is LedgerState.RETRY for row in rows)
        names = {row.path.name for row in rows}
        missing = {n for n in range(FILES) for m in range(REPORTS) if report_id(f"{n}.{m}") not in have}
        assert missing
        assert {str(n) for n in missing} <= names
        assert len(names) < FILES


async def test_a_log_without_its_database_is_read(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    spool = await reopen(path, storage)
    metas = write_results(tmp_path / "r", ["a", "b"])
    await spool.take(source_of("/in/f"), metas, tmp_path / "r")
    shutil.copy(tmp_path / "spool.db-wal", tmp_path / "kept")
    await spool.aclose()
    for damage in (path.unlink, lambda: path.write_bytes(b"")):
        damage()
        shutil.copy(tmp_path / "kept", tmp_path / "spool.db-wal")
        async with await reopen(path, storage) as opened:
            assert opened.counts == Counts(queued=2)
            outcome = (await opened.health()).salvage
            assert outcome is not None
            assert "log" in outcome.reason


async def test_a_database_of_another_program_is_moved_aside(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE other(x)")
    db.close()
    health, counts, _ = await health_after(path, storage)
    assert counts == Counts()
    assert health.salvage is not None
    assert "not a spool" in health.salvage.reason


async def test_pure_noise_gives_an_empty_spool(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(random.Random(1).randbytes(50 * PAGE))  # noqa: S311 - noise
    health, counts, _ = await health_after(path, storage)
    assert counts == Counts()
    assert health.salvage is not None
    assert (tmp_path / health.salvage.damaged).stat().st_size == 50 * PAGE


async def test_random_damage_always_opens_and_invents_nothing(tmp_path: Path, storage: Storage) -> None:
    original = tmp_path / "original.db"
    await fill(original, storage)
    pages = original.stat().st_size // PAGE
    chance = random.Random(3)  # noqa: S311 - not a secret
    for turn in range(6):
        path = tmp_path / f"turn{turn}.db"
        shutil.copy(original, path)
        for _ in range(chance.randint(1, 8)):
            smash(path, chance.randint(1, pages))
        if turn == 5:
            os.truncate(path, (pages // 2) * PAGE)
        damage_marker(path).write_text("x", encoding="utf-8")
        _, _, states = await health_after(path, storage)
        assert states.keys() <= ALL


async def test_damage_met_while_counting_is_salvaged_at_once(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    async with await reopen(path, storage) as spool:
        await asyncio.gather(*(spool.submit(payload_of(n), meta_of(n)) for n in range(1500)))
    smash(path, children_of(path, "entry_state", kind=2)[2])
    health, counts, _ = await health_after(path, storage)
    assert counts == Counts(queued=1500)
    assert health.salvage is not None
    assert health.salvage.unreadable == 0


async def test_a_row_that_makes_no_sense_is_told(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("UPDATE entry SET state='qu' WHERE id=100")  # as a flipped bit would have it
    db.execute("PRAGMA writable_schema=1")
    db.execute("UPDATE sqlite_schema SET sql=replace(sql, ' NOT NULL', '') WHERE name='entry'")
    db.close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("UPDATE entry SET lane=NULL WHERE id=101")
    db.execute("ALTER TABLE entry ADD COLUMN later TEXT")
    db.close()
    damage_marker(path).write_text("x", encoding="utf-8")
    health, counts, states = await health_after(path, storage)
    assert counts == Counts(queued=147, completed=30, error=2)
    assert len(states) == 179
    assert health.salvage is not None
    assert (health.salvage.entries, health.salvage.unreadable) == (179, 1)


async def test_damage_met_at_work_is_noted_and_salvaged_at_the_next_start(
    tmp_path: Path, storage: Storage
) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    smash(path, leaves_of(path, "payload")[-1])
    async with await reopen(path, storage) as spool:
        with pytest.raises(SpoolError) as caught:
            await drain(spool)
        assert caught.value.damaged
        assert "damaged" in (await spool.health()).damage
    async with await reopen(path, storage) as spool:
        assert (await spool.health()).salvage is not None
        await drain(spool)
        assert spool.counts.completed + spool.counts.error == 180


async def drain(spool: Spool) -> None:
    """Deliver everything."""
    while leases := await spool.lease(20):
        await asyncio.gather(*(lease.ack("ok") for lease in leases))


async def test_a_check_finds_damage_and_the_next_start_heals_it(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    smash(path, leaves_of(path, "payload")[1])
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("UPDATE meta SET value='0' WHERE key='clean'")
    db.close()
    async with await reopen(path, storage) as spool:
        assert await spool.verify() != ""
        assert (await spool.health()).damage != ""
    health, _, states = await health_after(path, storage)
    assert states.keys() == ALL
    assert health.salvage is not None


# ---------------------------------------------------------------------- crashes in the middle of it


@pytest.mark.parametrize("moved", [(), ("-wal",), ("-wal", "-shm"), ("-wal", "-shm", "")])
async def test_a_crash_in_the_swap_is_finished_at_the_next_start(
    tmp_path: Path, storage: Storage, moved: tuple[str, ...]
) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    shutil.copy(path, tmp_path / "spool.db.salvaged")  # complete, as a salvage leaves it
    smash(path, 1)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"spool.db{suffix}").write_bytes(b"stale")
    for suffix in moved:
        (tmp_path / f"spool.db{suffix}").rename(tmp_path / f"spool.damaged.db{suffix}")
    async with await reopen(path, storage) as spool:
        assert spool.counts == Counts(queued=149, completed=30, error=1)
    assert not (tmp_path / "spool.db.salvaged").exists()
    assert len([name for name in os.listdir(tmp_path) if name.endswith(".db")]) == 2  # noqa: PTH208 - names only


async def test_killed_in_salvage_it_starts_over(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    smash(path, 1)
    note = msgspec.json.encode(Salvage(at=FakeClock().now(), reason="x", damaged="aside")).decode()
    new = tmp_path / "spool.db.salvaging"
    for delay in (0.05, 0.2, 0.3):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "stationmaster.spool.salvage", str(path), str(new), note,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(delay):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
    _, counts, states = await health_after(path, storage)
    assert states.keys() == ALL
    assert counts == Counts(queued=149, completed=30, error=1)


async def test_a_salvage_that_takes_too_long_gives_nothing_up(
    tmp_path: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    smash(path, 1)
    before = path.read_bytes()
    monkeypatch.setattr(recovery, "SALVAGE_TIMEOUT", 0.01)
    with pytest.raises(SpoolError, match="ended from outside"):
        await reopen(path, storage)
    assert path.read_bytes() == before


@asynccontextmanager
async def children_get(number: signal.Signals) -> AsyncIterator[None]:
    """Every child of this process gets the signal as soon as it is there."""

    async def send() -> None:
        while True:
            for pid in children(os.getpid()):
                os.kill(pid, number)
            await asyncio.sleep(0.01)

    sender = asyncio.create_task(send())
    try:
        yield
    finally:
        sender.cancel()


@pytest.mark.skipif(sys.platform != "linux", reason="the children are found in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
async def test_a_salvage_that_is_ended_from_outside_gives_nothing_up(
    tmp_path: Path, storage: Storage, number: signal.Signals
) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    smash(path, 1)
    before = path.read_bytes()
    async with children_get(number):
        with pytest.raises(SpoolError, match="ended from outside"):
            await reopen(path, storage)
    assert path.read_bytes() == before

    _, counts, _ = await health_after(path, storage)

    assert counts == Counts(queued=149, completed=30, error=1)


@pytest.mark.skipif(sys.platform != "linux", reason="the children are found in /proc")
async def test_a_salvage_that_crashes_each_time_still_opens_and_keeps_the_file(
    tmp_path: Path, storage: Storage
) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    smash(path, 1)
    async with children_get(signal.SIGSEGV):
        health, counts, _ = await health_after(path, storage)
    assert counts == Counts()
    assert health.salvage is not None
    assert "-11" in health.salvage.error
    assert (tmp_path / health.salvage.damaged).stat().st_size > 100_000


async def test_a_salvage_that_cannot_write_touches_nothing(tmp_path: Path, storage: Storage) -> None:
    path = tmp_path / "spool.db"
    await fill(path, storage)
    smash(path, 1)
    before = path.read_bytes()
    (tmp_path / "spool.db.salvaging").mkdir()
    with pytest.raises(SpoolError, match="cannot be salvaged now"):
        await reopen(path, storage)
    assert path.read_bytes() == before


def test_a_check_that_cannot_be_made_finds_nothing(tmp_path: Path) -> None:
    assert check(tmp_path / "missing.db") == ""


def test_an_empty_spool_tells_why(tmp_path: Path) -> None:
    note = Salvage(at=FakeClock().now(), reason="x", damaged="aside", error="killed")
    empty(tmp_path / "new.db", note)
    assert check(tmp_path / "new.db") == ""


def test_a_frozen_program_checks_and_salvages_as_its_own_worker(tmp_path: Path) -> None:
    wreck = tmp_path / "spool.db"
    wreck.write_bytes(b"no database" * 1000)
    code = "from stationmaster.cli.main import main; main()"
    command = [sys.executable, "-c", code, "worker", "stationmaster.spool.salvage", "--check", str(wreck)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "file is not a database"
