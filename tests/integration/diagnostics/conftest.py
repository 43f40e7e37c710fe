"""A station that is well, and its doctor."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.typed import Typist


@pytest.fixture(autouse=True)
def supervised(monkeypatch: pytest.MonkeyPatch) -> None:
    """As systemd starts it."""
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()))


@pytest.fixture
async def oracle(tmp_path: Path) -> AsyncIterator[Oracle]:
    """A server."""
    async with Oracle(tmp_path / "oracle") as server:
        yield server


@pytest.fixture
def hosted(tmp_path: Path, oracle: Oracle) -> Hosted:
    """An agent that is not started; the server has its clock."""
    found = Hosted(tmp_path)
    oracle.clock = found.clock
    return found


@pytest.fixture
async def alone(hosted: Hosted) -> AsyncIterator[Typist]:
    """A keyboard without an agent."""
    async with hosted.idle():
        hosted.home.ensure()
        with Typist(hosted) as keyboard:
            yield keyboard
