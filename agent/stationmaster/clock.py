"""The one source of time, so that tests can script an hour in a millisecond."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """Real time."""

    def now(self) -> datetime:
        """Wall clock, aware UTC. May jump; never use it to measure."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep; 0 yields to other tasks once."""
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, timeout: float | None) -> bool:  # noqa: ASYNC109 - the clock owns it
        """Wait for `event` up to `timeout` seconds (None: for ever); True when it was set."""
        if event.is_set() or timeout is None:
            await event.wait()
            return True
        if timeout <= 0:
            return False
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True
