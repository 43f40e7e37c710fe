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
from stationmaster.errors import StationmasterError
from stationmaster.runtime.agent import Agent


class ControlServer:
    """Serves an agent's control channel while it is entered; the caller holds the home's lock.

    On exit the event streams end first, then open requests get a moment to finish.
    """

    def __init__(self, agent: Agent, address: str, *, group: str = "", budget: float = 2.0) -> None:
        """Nothing is bound yet.

        Args:
            agent: who answers.
            address: `Home.socket`.
            group: whose members may operate the agent beside its owner; "" for nobody.
            budget: seconds that open requests get at the end.
        """
        self._address = address
        self._group = group
        self._runner = web.AppRunner(
            application(agent), access_log=None, shutdown_timeout=budget, handle_signals=False
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await self._site().start()
        except OSError as error:
            await self._runner.cleanup()
            raise StationmasterError(
                f"The control channel {self._address} cannot be opened: {error.strerror or error}.",
                next_step="See that its folder is there, and that this account may write to it.",
            ) from error
        return self

    def _site(self) -> web.BaseSite:
        if sys.platform == "win32":
            from stationmaster.control.pipe import OwnedPipeSite  # noqa: PLC0415 - Windows only

            return OwnedPipeSite(self._runner, self._address)
        return web.SockSite(self._runner, bind_unix(Path(self._address), group=self._group))

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        if sys.platform != "win32":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._address)  # noqa: PTH108 - one call that does not block, our own folder
