"""A spool on a real file, on a storage thread of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from stationmaster.spool import Spool, Storage


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    """The storage thread."""
    async with Storage() as thread:
        yield thread


@pytest.fixture
async def spool(tmp_path: Path, storage: Storage, clock: FakeClock) -> AsyncIterator[Spool]:
    """An empty spool."""
    async with await Spool.open(
        tmp_path / "spool.db", instance="line-1", storage=storage, clock=clock
    ) as opened:
        yield opened
