"""A keyboard, an agent, a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.typed import Typist


@pytest.fixture
async def oracle(tmp_path: Path) -> AsyncIterator[Oracle]:
    """A server."""
    async with Oracle(tmp_path / "oracle") as server:
        yield server


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Typist]:
    """A keyboard without an agent; `alone.hosted` has one that is not started."""
    async with Hosted(tmp_path).idle() as hosted:
        hosted.home.ensure()
        with Typist(hosted) as typist:
            yield typist


@pytest.fixture
async def typist(tmp_path: Path, oracle: Oracle) -> AsyncIterator[Typist]:
    """A keyboard, an agent with one instance `line1`, and a server that takes its reports."""
    hosted = Hosted(tmp_path)
    oracle.clock = hosted.clock
    await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        with Typist(hosted) as keyboard:
            async with keyboard.agent():
                yield keyboard
