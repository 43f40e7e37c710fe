"""Answers that come line by line."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

import msgspec
from aiohttp import web

from stationmaster.control import protocol
from stationmaster.model import Check


async def checks_as_lines(request: web.Request, checks: AsyncGenerator[Check]) -> web.StreamResponse:
    """Each check as one JSON line as it is made, then a line without one: nothing was cut off.

    Raises:
        StationmasterError: there is nothing to check; the answer has not begun then.
    """
    async with contextlib.aclosing(checks):
        first = await anext(checks)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # who asked has gone: what is under way ends
            await response.write(_line(first))
            async for check in checks:
                await response.write(_line(check))
            await response.write(_line(None))
    return response


def _line(check: Check | None) -> bytes:
    return msgspec.json.encode(protocol.DoctorLine(check=check)) + b"\n"
