"""Answers that come line by line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import msgspec
from aiohttp import web

from stationmaster.control import protocol
from stationmaster.model import Check

_LOOK = 0.5
"""Seconds after which we look whether who asked is still there, while a check takes its time."""


async def checks_as_lines(request: web.Request, checks: AsyncGenerator[Check]) -> web.StreamResponse:
    """Each check as one JSON line as it is made, then a line without one: nothing was cut off.

    Where who asked has gone, what is under way ends.

    Raises:
        StationmasterError: there is nothing to check; the answer has not begun then.
    """
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    async with contextlib.aclosing(checks):
        with contextlib.suppress(ConnectionError):
            check = await _next(request, checks)
            await response.prepare(request)
            while check is not None:
                await response.write(_line(check))
                check = await _next(request, checks)
            await response.write(_line(None))
    return response


async def _next(request: web.Request, checks: AsyncGenerator[Check]) -> Check | None:
    """The next check, None at the end.

    Raises:
        ConnectionError: nobody waits for it any more. aiohttp tells a handler only when it writes.
    """

    async def one() -> Check | None:
        return await anext(checks, None)

    asked = asyncio.create_task(one())
    try:
        while not asked.done():
            await asyncio.wait({asked}, timeout=_LOOK)
            if request.transport is None:
                raise ConnectionResetError
        return asked.result()
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


def _line(check: Check | None) -> bytes:
    return msgspec.json.encode(protocol.CheckLine(check=check)) + b"\n"
