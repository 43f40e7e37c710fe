"""What every route of the control channel needs: who asks, what is asked, and answers in one form."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from stationmaster.control import protocol
from stationmaster.control.transport import peer_uid
from stationmaster.errors import (
    ConfigChangedError,
    ConfigError,
    ControlError,
    ConversionError,
    NeedsUserError,
    RejectedError,
    StationmasterError,
)
from stationmaster.model import PROTOCOL_VERSION
from stationmaster.runtime.agent import Agent
from stationmaster.sentence import closed

AGENT: web.AppKey[Agent] = web.AppKey("agent", Agent)
CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing", asyncio.Event)
TRIALS: web.AppKey[asyncio.Lock] = web.AppKey("trials", asyncio.Lock)
_LARGEST = 2**63 - 1
"""Number of the last entry that any database can hold."""


T = TypeVar("T")
_SHUTDOWN = "/v1/shutdown"
"""Open to each version that says which it is: who brings the next one must be able to end this one."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse browsers and other versions; turn expected errors into an `ErrorBody`."""
    try:
        if "Origin" in request.headers or "Referer" in request.headers:
            raise ControlError("Web pages may not use the control channel.", status=403, code="forbidden")
        theirs = request.headers.get(protocol.VERSION_HEADER)
        refusal = protocol.version_refusal(theirs)
        if refusal and not (request.path == _SHUTDOWN and theirs):
            raise ControlError(refusal, status=426, code=protocol.PROTOCOL)
        if (request.content_length or 0) > protocol.MAX_BODY:  # before it is sent and read
            raise web.HTTPRequestEntityTooLarge(protocol.MAX_BODY, request.content_length or 0)
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        large = protocol.too_large()
        return _refuse(large.status, large.code, large)
    except ControlError as error:
        return _refuse(error.status, error.code, error)
    except (ConfigError, ConversionError, RejectedError) as error:
        changed = isinstance(error, ConfigChangedError)
        return _refuse(409, protocol.CHANGED, error) if changed else _refuse(400, "usage", error)
    except NeedsUserError as error:
        return _refuse(409, error.code, error)
    except StationmasterError as error:
        return _refuse(503, "unavailable", error)


def _refuse(status: int, code: str, error: StationmasterError) -> web.Response:
    body = protocol.ErrorBody(code=code, text=error.text, next_step=error.next_step)
    return json_answer(body, status=status)


def json_answer(body: msgspec.Struct, *, status: int = 200) -> web.Response:
    """`body` as the answer."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def done() -> web.Response:
    """Done; nothing to tell."""
    return web.Response(status=204)


async def say_version(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer says which protocol this is, also those that aiohttp makes itself."""
    del request
    response.headers[protocol.VERSION_HEADER] = str(PROTOCOL_VERSION)


async def body_of(request: web.Request, kind: type[T]) -> T:
    """The request's body as `kind`; what does not fit is refused."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (ValueError, RecursionError) as error:  # bad UTF-8 is a ValueError, but no DecodeError
        raise ControlError(
            closed(f"The request's body is wrong: {error}"), status=400, code="usage"
        ) from error


def too_deep() -> ControlError:
    """A patch that cannot be walked through."""
    return ControlError("The patch is nested too deeply.", status=400, code="usage")


def number_of(text: str, name: str) -> int:
    """`text` as a number that a database can hold; `name` is what it is called."""
    try:
        number = int(text)
    except ValueError:
        raise ControlError(f"{name} must be a whole number.", status=400, code="usage") from None
    return max(-_LARGEST, min(number, _LARGEST))


def decimal_of(text: str, name: str, *, least: float, most: float) -> float:
    """`text` as a number within bounds."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:  # nan neither
        raise ControlError(f"{name} must be {least:g} to {most:g}.", status=400, code="usage")
    return number


def agent_of(request: web.Request) -> Agent:
    """The agent that answers."""
    return request.app[AGENT]


def name_of(request: web.Request) -> str:
    """The instance that the path names."""
    return request.match_info["name"]


def caller(request: web.Request) -> int | None:
    """User id of who asks; None where the system does not tell, and its own rules let only the owner in."""
    return peer_uid(request.get_extra_info("socket")) if hasattr(os, "geteuid") else None


async def caller_name(request: web.Request) -> str:
    """Who asks, by name; "" where the system does not tell."""
    uid = caller(request)
    if uid is None or sys.platform == "win32":
        return ""
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        return (await asyncio.to_thread(pwd.getpwuid, uid)).pw_name
    except KeyError:  # a user without a name
        return f"user id {uid}"


def for_administrators(handler: Handler) -> Handler:
    """`handler`, for the agent's own account and root only."""

    async def checked(request: web.Request) -> web.StreamResponse:
        uid = caller(request)
        if uid is not None and uid not in {0, os.geteuid()}:
            raise ControlError(
                "Only the agent's own account and an administrator may do this.",
                status=403,
                code="forbidden",
                next_step="Ask your administrator, or run the command as root.",
            )
        return await handler(request)

    return checked
