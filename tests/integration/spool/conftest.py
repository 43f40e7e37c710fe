"""A storage thread."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from stationmaster.spool import Storage


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    """The storage thread."""
    async with Storage() as thread:
        yield thread
