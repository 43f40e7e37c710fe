"""The server end of the control channel."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Self

from aiohttp import web

from stationmaster.control.routes import application
from stationmaster.control.transport import bind_unix
from stationmaster.runtime.agent import Agent


class ControlServer:
    """Serves an agent's control channel while it is entered; the caller holds the home's lock.

    On exit the event streams end first, then open requests get a moment to finish.
    """

    def __init__(self, agent: Agent, address: str, *, mode: int = 0o600, budget: float = 2.0) -> None:
        """Nothing is bound yet.

        Args:
            agent: who answers.
            address: `Home.socket`.
            mode: of the Unix socket; 0o660 for the machine scope's group.
            budget: seconds that open requests get at the end.
        """
        self._address = address
        self._mode = mode
        self._runner = web.AppRunner(
            application(agent), access_log=None, shutdown_timeout=budget, handle_signals=False
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site: web.BaseSite
        if sys.platform == "win32":
            from stationmaster.control.pipe import OwnedPipeSite  # noqa: PLC0415 - Windows only

            site = OwnedPipeSite(self._runner, self._address)
        else:
            listener = bind_unix(Path(self._address), mode=self._mode)
            site = web.SockSite(self._runner, listener)
        await site.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._address)  # noqa: PTH108 - one call that does not block, our own folder
