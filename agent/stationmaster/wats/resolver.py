"""Turns names into addresses within a limit, so that a name server that hangs is told as what it is."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
from aiohttp.abc import ResolveResult


class Resolver(aiohttp.ThreadedResolver):
    """The system's resolver, with a limit.

    Attributes:
        found: the addresses of the last name.
    """

    def __init__(self, limit: float) -> None:
        """`limit`: seconds for one name."""
        super().__init__()
        self._limit = limit
        self.found: tuple[str, ...] = ()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`.

        Raises:
            OSError: there are none, or no answer in time.
        """
        try:
            async with asyncio.timeout(self._limit):
                hosts = await super().resolve(host, port, family)
        except TimeoutError:
            # Not as a TimeoutError: the connector would take it for one of the whole request.
            raise socket.gaierror(socket.EAI_AGAIN, f"no answer within {self._limit:g} s") from None
        self.found = tuple(dict.fromkeys(one["host"] for one in hosts))
        return hosts
