"""Frozen programs as a user has them: nothing of the source, a folder of their own to unpack into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes import bundle
from fakes.station import Station
from fakes.waiting import until


@pytest.fixture
async def frozen(tmp_path: Path) -> AsyncIterator[Station]:
    """A station whose agent and command line are the frozen program; at its end nothing may be left."""
    async with Station(tmp_path, program=[str(bundle.CONSOLE)]) as station:
        for name in list(station.env):
            if name.startswith(("PYTHON", "COVERAGE", "VIRTUAL_ENV")):
                del station.env[name]
        station.env |= bundle.environment(tmp_path)
        yield station
        if station.alive:
            assert await station.terminate() == 0
        await until(
            lambda: not bundle.processes(tmp_path),
            what=lambda: f"the end of all processes: {bundle.processes(tmp_path)}",
        )
        assert bundle.unpacked(tmp_path) == []
