"""Ends the agent in order where its own program was replaced or damaged: who started it starts it anew."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from stationmaster.clock import Clock
from stationmaster.home.frozen import Frozen

_LOG = logging.getLogger(__name__)
LOOK_EVERY = 10.0
"""Seconds between two looks at the program."""


class Renewal:
    """Looks at the program now and then. `reason` tells why the agent ends, "" while it has no reason to."""

    def __init__(self, program: Frozen | None, clock: Clock, stop: Callable[[], None]) -> None:
        """Nothing happens before `run`.

        Args:
            program: what runs; None where that is no single file, and nothing can happen to it.
            clock: the time.
            stop: begins the ordered stop.
        """
        self._program = program
        self._clock = clock
        self._stop = stop
        self.reason = ""

    async def run(self) -> None:
        """Remove what killed programs left unpacked; then look until there is a reason, or cancelled."""
        program = self._program
        if program is None:
            return
        for folder in await asyncio.to_thread(program.sweep):
            _LOG.info("removed %s, which a killed program left behind", folder)
        before = ""
        while True:
            await self._clock.sleep(LOOK_EVERY)
            program.hold()
            now = await asyncio.to_thread(program.trouble)
            if now and now == before:  # twice the same: who replaces the program has finished
                _LOG.error("%s The agent ends in order, to be started anew.", now)
                self.reason = now
                self._stop()
                return
            before = now
