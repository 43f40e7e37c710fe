"""A child process that does not outlive its test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def child(*command: str, **how: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is gone afterwards, also where the test fails or gives up on it.

    Args:
        command: program and words.
        how: as `asyncio.create_subprocess_exec` takes it.
    """
    process = await asyncio.create_subprocess_exec(*command, **how)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
