"""What the control channel offers, route by route; docs/control-api.md says the same for readers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar

import msgspec
from aiohttp import web

from stationmaster.api.text import printable
from stationmaster.control import protocol
from stationmaster.control.stream import checks_as_lines
from stationmaster.control.transport import peer_uid
from stationmaster.errors import (
    ConfigError,
    ControlError,
    ConversionError,
    NeedsUserError,
    RejectedError,
    StationmasterError,
)
from stationmaster.model import PROTOCOL_VERSION, EntryState
from stationmaster.runtime.agent import Agent

AGENT: web.AppKey[Agent] = web.AppKey("agent", Agent)
CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing", asyncio.Event)
_LARGEST = 2**63 - 1
"""Number of the last entry that any database can hold."""


class Right(Enum):
    """What a route asks of its caller.

    Who can open the channel may operate the agent: read, submit, pause, retry. Only its own account and root
    may administer it: settings say where reports and token go, and which code runs.
    """

    OPERATE = "operate"
    ADMINISTER = "administer"


T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse browsers and other versions; turn expected errors into an `ErrorBody`."""
    try:
        if "Origin" in request.headers or "Referer" in request.headers:
            raise ControlError("Web pages may not use the control channel.", status=403, code="forbidden")
        refusal = protocol.version_refusal(request.headers.get(protocol.VERSION_HEADER))
        if refusal:
            raise ControlError(refusal, status=426, code="protocol")
        if (request.content_length or 0) > protocol.MAX_BODY:  # before it is sent and read
            raise web.HTTPRequestEntityTooLarge(protocol.MAX_BODY, request.content_length or 0)
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        large = protocol.too_large()
        return _refuse(large.status, large.code, large)
    except ControlError as error:
        return _refuse(error.status, error.code, error)
    except (ConfigError, ConversionError, RejectedError) as error:
        return _refuse(400, "usage", error)
    except NeedsUserError as error:
        return _refuse(409, error.code, error)
    except StationmasterError as error:
        return _refuse(503, "unavailable", error)


def _refuse(status: int, code: str, error: StationmasterError) -> web.Response:
    return _json(protocol.ErrorBody(code=code, text=error.text, next_step=error.next_step), status=status)


def _json(body: msgspec.Struct, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def _done() -> web.Response:
    return web.Response(status=204)


async def _say_version(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer says which protocol this is, also those that aiohttp makes itself."""
    del request
    response.headers[protocol.VERSION_HEADER] = str(PROTOCOL_VERSION)


async def _body(request: web.Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (ValueError, RecursionError) as error:  # bad UTF-8 is a ValueError, but no DecodeError
        raise ControlError(f"The request's body is wrong: {error}.", status=400, code="usage") from error


def _number(text: str, name: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ControlError(f"{name} must be a whole number.", status=400, code="usage") from None
    return max(-_LARGEST, min(number, _LARGEST))


def _agent(request: web.Request) -> Agent:
    return request.app[AGENT]


def _name(request: web.Request) -> str:
    return request.match_info["name"]


def _caller(request: web.Request) -> int | None:
    """User id of who asks; None where the system does not tell, and its own rules let only the owner in."""
    return peer_uid(request.get_extra_info("socket")) if hasattr(os, "geteuid") else None


async def _caller_name(request: web.Request) -> str:
    uid = _caller(request)
    if uid is None or sys.platform == "win32":
        return ""
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        return (await asyncio.to_thread(pwd.getpwuid, uid)).pw_name
    except KeyError:  # a user without a name
        return f"user id {uid}"


def _for_administrators(handler: Handler) -> Handler:
    async def checked(request: web.Request) -> web.StreamResponse:
        uid = _caller(request)
        if uid is not None and uid not in {0, os.geteuid()}:
            raise ControlError(
                "Only the agent's own account and an administrator may do this.",
                status=403,
                code="forbidden",
                next_step="Ask your administrator, or run the command as root.",
            )
        return await handler(request)

    return checked


async def status(request: web.Request) -> web.Response:
    """`GET /v1/status`: the snapshot."""
    return _json(_agent(request).status())


async def events(request: web.Request) -> web.StreamResponse:
    """`GET /v1/events`: snapshots as JSON lines; the first is the whole state now."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    closing = request.app[CLOSING]
    async for snapshot in _agent(request).changes(until=closing):
        try:
            await response.write(msgspec.json.encode(snapshot) + b"\n")
        except ConnectionError:
            break
    return response


async def shutdown(request: web.Request) -> web.Response:
    """`POST /v1/shutdown`: stop in order."""
    _agent(request).request_stop()
    return _done()


async def patch_agent(request: web.Request) -> web.Response:
    """`PATCH /v1/agent`: settings of the agent itself."""
    body = await _body(request, protocol.PatchRequest)
    try:
        await _agent(request).configure_agent(body.patch)
    except RecursionError:
        raise _too_deep() from None
    return _done()


async def provision(request: web.Request) -> web.Response:
    """`POST /v1/provision`: settings of the agent and of several instances, from one file."""
    return _json(await _agent(request).provision(await _body(request, protocol.ProvisionRequest)))


async def add_instance(request: web.Request) -> web.Response:
    """`POST /v1/instances`."""
    await _agent(request).add(await _body(request, protocol.AddRequest))
    return _done()


async def get_config(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}`: its settings."""
    return _json(await _agent(request).config_view(_name(request)))


async def patch_config(request: web.Request) -> web.Response:
    """`PATCH /v1/instances/{name}`."""
    body = await _body(request, protocol.PatchRequest)
    try:
        await _agent(request).configure(_name(request), body.patch)
    except RecursionError:
        raise _too_deep() from None
    return _done()


def _too_deep() -> ControlError:
    return ControlError("The patch is nested too deeply.", status=400, code="usage")


async def remove_instance(request: web.Request) -> web.Response:
    """`DELETE /v1/instances/{name}`: its spool stays on disk."""
    return _json(protocol.Removed(note=await _agent(request).remove(_name(request))))


async def set_token(request: web.Request) -> web.Response:
    """`PUT /v1/instances/{name}/token`."""
    body = await _body(request, protocol.TokenRequest)
    await _agent(request).set_token(_name(request), body.token)
    return _done()


async def pause(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/pause`."""
    body = await _body(request, protocol.PauseRequest)
    await _agent(request).pause(_name(request), body.until or protocol.FOREVER)
    return _done()


async def resume(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/resume`: also starts one that was drained."""
    await _agent(request).resume(_name(request))
    return _done()


async def drain(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/drain`."""
    _agent(request).drain(_name(request))
    return _done()


async def send_now(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/send`: no waiting for the next attempt."""
    await _agent(request).send_now(_name(request))
    return _done()


async def entries(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/entries?state=&text=&limit=&before=`."""
    query = request.query
    try:
        state = EntryState(query["state"]) if "state" in query else None
    except ValueError:
        allowed = ", ".join(EntryState)
        raise ControlError(f"state must be one of {allowed}.", status=400, code="usage") from None
    limit = min(max(_number(query.get("limit", "100"), "limit"), 1), 10_000)
    before = _number(query["before"], "before") if "before" in query else None
    found = await _agent(request).entries(
        _name(request), state=state, text=query.get("text"), limit=limit, before=before
    )
    return _json(protocol.Entries(entries=found))


async def find(request: web.Request) -> web.Response:
    """`GET /v1/find?serial=`: in all instances."""
    found = await _agent(request).find(request.query.get("serial", ""))
    return _json(protocol.Entries(entries=found))


async def entry(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/entries/{id}`."""
    number = _number(request.match_info["id"], "id")
    return _json(await _agent(request).entry(_name(request), number))


async def history(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/entries/{id}/history`: what happened to it."""
    number = _number(request.match_info["id"], "id")
    return _json(protocol.History(events=await _agent(request).history(_name(request), number)))


async def payload(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/entries/{id}/payload`: the report as it is sent."""
    number = _number(request.match_info["id"], "id")
    body = await _agent(request).payload(_name(request), number)
    return web.Response(body=body, content_type="application/json")


async def retry(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/entries/retry`."""
    body = await _body(request, protocol.SelectRequest)
    count = await _agent(request).retry(_name(request), None if body.all else body.ids)
    return _json(protocol.Changed(count=count))


async def dismiss(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/entries/dismiss`."""
    body = await _body(request, protocol.SelectRequest)
    by = await _caller_name(request) or printable(body.by)
    if not by:
        raise ControlError("Dismissing needs to know by whom.", status=400, code="usage")
    count = await _agent(request).dismiss(_name(request), None if body.all else body.ids, by=by)
    return _json(protocol.Changed(count=count))


async def submit(request: web.Request) -> web.Response:
    """`POST /v1/submit?instance=&filename=&converter=&mtime_ns=`: the body is on disk when this answers."""
    query = request.query
    written = _number(query["mtime_ns"], "mtime_ns") if "mtime_ns" in query else None
    answer = await _agent(request).submit(
        query.get("instance", ""),
        await request.read(),
        filename=query.get("filename", "report.json"),
        converter=query.get("converter", ""),
        mtime_ns=written,
    )
    return _json(answer)


async def import_report(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/import?filename=&reason=`: a report of another queue."""
    query = request.query
    answer = await _agent(request).import_report(
        _name(request),
        await request.read(),
        filename=query.get("filename", "report.json"),
        reason=query.get("reason", ""),
    )
    return _json(answer)


async def doctor(request: web.Request) -> web.StreamResponse:
    """`POST /v1/doctor`: checks as JSON lines, as they are made; the last line has none."""
    wanted = await _body(request, protocol.DoctorRequest)
    return await checks_as_lines(request, _agent(request).doctor(wanted))


async def test_connection(request: web.Request) -> web.Response:
    """`POST /v1/test-connection`: settings that are not saved yet."""
    checks = await _agent(request).test_connection(await _body(request, protocol.TestConnectionRequest))
    return _json(protocol.Checks(checks=tuple(checks)))


async def unknown(request: web.Request) -> web.Response:
    """Everything else."""
    raise ControlError(f"There is no {request.method} {request.path}.", status=404, code="not-found")


ROUTES: tuple[tuple[str, str, Handler, Right], ...] = (
    ("GET", "/v1/status", status, Right.OPERATE),
    ("GET", "/v1/events", events, Right.OPERATE),
    ("POST", "/v1/shutdown", shutdown, Right.ADMINISTER),
    ("PATCH", "/v1/agent", patch_agent, Right.ADMINISTER),
    ("POST", "/v1/provision", provision, Right.ADMINISTER),
    ("POST", "/v1/instances", add_instance, Right.ADMINISTER),
    ("GET", "/v1/instances/{name}", get_config, Right.OPERATE),
    ("PATCH", "/v1/instances/{name}", patch_config, Right.ADMINISTER),
    ("DELETE", "/v1/instances/{name}", remove_instance, Right.ADMINISTER),
    ("PUT", "/v1/instances/{name}/token", set_token, Right.ADMINISTER),
    ("POST", "/v1/instances/{name}/pause", pause, Right.OPERATE),
    ("POST", "/v1/instances/{name}/resume", resume, Right.OPERATE),
    ("POST", "/v1/instances/{name}/drain", drain, Right.OPERATE),
    ("POST", "/v1/instances/{name}/send", send_now, Right.OPERATE),
    ("GET", "/v1/instances/{name}/entries", entries, Right.OPERATE),
    ("GET", "/v1/instances/{name}/entries/{id}", entry, Right.OPERATE),
    ("GET", "/v1/instances/{name}/entries/{id}/history", history, Right.OPERATE),
    ("GET", "/v1/instances/{name}/entries/{id}/payload", payload, Right.OPERATE),
    ("POST", "/v1/instances/{name}/entries/retry", retry, Right.OPERATE),
    ("POST", "/v1/instances/{name}/entries/dismiss", dismiss, Right.OPERATE),
    ("POST", "/v1/instances/{name}/import", import_report, Right.OPERATE),
    ("GET", "/v1/find", find, Right.OPERATE),
    ("POST", "/v1/submit", submit, Right.OPERATE),
    ("POST", "/v1/doctor", doctor, Right.OPERATE),
    ("POST", "/v1/test-connection", test_connection, Right.ADMINISTER),
)


def application(agent: Agent) -> web.Application:
    """The aiohttp application of the control channel."""
    app = web.Application(middlewares=[guard], client_max_size=protocol.MAX_BODY)
    app[AGENT] = agent
    app[CLOSING] = asyncio.Event()

    async def end_streams(app: web.Application) -> None:
        app[CLOSING].set()

    app.on_shutdown.append(end_streams)
    app.on_response_prepare.append(_say_version)
    for method, path, handler, right in ROUTES:
        administered = right is Right.ADMINISTER
        app.router.add_route(method, path, _for_administrators(handler) if administered else handler)
    app.router.add_route("*", "/{rest:.*}", unknown)
    return app
