"""A disk that is really full: nothing half written, and work goes on once there is space."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.spooled import meta_of, report_id
from stationmaster.errors import SpoolError
from stationmaster.model import Counts
from stationmaster.spool import Spool, Storage


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"this machine does not let us mount: {mounted.stderr.decode()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_a_full_disk_drops_nothing_and_heals(
    small_disk: Path, storage: Storage, clock: FakeClock
) -> None:
    content = b"x" * 50_000
    stored: set[str] = set()
    async with await Spool.open(small_disk / "spool.db", instance="i", storage=storage, clock=clock) as spool:

        async def put(number: int) -> SpoolError | None:
            try:
                await spool.submit(content, meta_of(number, content))
            except SpoolError as error:
                return error
            stored.add(report_id(number))
            return None

        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * 1_000_000)
        refused = [error for number in range(60) if (error := await put(number)) is not None]
        assert refused
        assert all(error.disk_full for error in refused)
        assert "full" in refused[0].text
        assert (await spool.health()).disk_full
        assert spool.counts == Counts(queued=len(stored))
        ballast.unlink()
        before = len(stored)
        for lease in await spool.lease(2):
            await lease.ack("ok")
        assert await put(100) is None
        assert len(stored) == before + 1
        assert not (await spool.health()).disk_full
    async with await Spool.open(small_disk / "spool.db", instance="i", storage=storage, clock=clock) as spool:
        entries = await spool.entries(limit=1000)
        assert {entry.report_id for entry in entries} == stored
        assert spool.counts.completed == 2
        leases = await spool.lease(1000)
        assert all(lease.payload == content for lease in leases)


async def test_acks_on_a_full_disk_are_kept_until_there_is_space(
    small_disk: Path, storage: Storage, clock: FakeClock
) -> None:
    async with await Spool.open(small_disk / "spool.db", instance="i", storage=storage, clock=clock) as spool:
        for number in range(5):
            await spool.submit(b"x", meta_of(number, b"x"))
        leases = await spool.lease(5)
        ballast = small_disk / "ballast"
        _fill(ballast)
        outcomes = await asyncio.gather(*(lease.ack("ok" * 5000) for lease in leases), return_exceptions=True)
        assert all(isinstance(one, SpoolError) and one.disk_full for one in outcomes)
        assert spool.counts == Counts(processing=5)
        ballast.unlink()
        assert await spool.lease(5) == []
        await spool.submit(b"y", meta_of("y", b"y"))
        assert spool.counts == Counts(queued=1, completed=5)


def _fill(path: Path) -> None:
    """Write until nothing fits any more."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            return


async def test_a_spool_is_not_made_on_a_full_disk(
    small_disk: Path, storage: Storage, clock: FakeClock
) -> None:
    path = small_disk / "spool.db"
    _fill(small_disk / "ballast")
    with pytest.raises(SpoolError) as caught:
        await Spool.open(path, instance="i", storage=storage, clock=clock)
    assert caught.value.disk_full
    (small_disk / "ballast").unlink()
    async with await Spool.open(path, instance="i", storage=storage, clock=clock) as spool:
        assert spool.counts == Counts()
