"""What the control channel offers, route by route; docs/control-api.md says the same for readers."""

from __future__ import annotations

import asyncio
from enum import Enum

import msgspec
from aiohttp import web

from stationmaster.api.text import printable
from stationmaster.control import canary_routes, protocol, trial_routes
from stationmaster.control.request import (
    AGENT,
    CLOSING,
    TRIALS,
    Handler,
    agent_of,
    body_of,
    caller_name,
    decimal_of,
    done,
    for_administrators,
    guard,
    json_answer,
    name_of,
    number_of,
    say_version,
    too_deep,
)
from stationmaster.control.stream import checks_as_lines
from stationmaster.errors import ControlError
from stationmaster.model import EntryState
from stationmaster.runtime.agent import Agent
from stationmaster.runtime.support import read_log


class Right(Enum):
    """What a route asks of its caller.

    Who can open the channel may operate the agent: read, submit, pause, retry. Only its own account and root
    may administer it: settings say where reports and token go, and which code runs.
    """

    OPERATE = "operate"
    ADMINISTER = "administer"


async def status(request: web.Request) -> web.Response:
    """`GET /v1/status`: the snapshot."""
    return json_answer(agent_of(request).status())


async def events(request: web.Request) -> web.StreamResponse:
    """`GET /v1/events`: snapshots as JSON lines; the first is the whole state now."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    closing = request.app[CLOSING]
    async for snapshot in agent_of(request).changes(until=closing):
        try:
            await response.write(msgspec.json.encode(snapshot) + b"\n")
        except ConnectionError:
            break
    return response


async def shutdown(request: web.Request) -> web.Response:
    """`POST /v1/shutdown`: stop in order."""
    agent_of(request).request_stop()
    return done()


async def patch_agent(request: web.Request) -> web.Response:
    """`PATCH /v1/agent`: settings of the agent itself."""
    body = await body_of(request, protocol.PatchRequest)
    try:
        await agent_of(request).configure_agent(body.patch, base=body.base)
    except RecursionError:
        raise too_deep() from None
    return done()


async def provision(request: web.Request) -> web.Response:
    """`POST /v1/provision`: settings of the agent and of several instances, from one file."""
    return json_answer(await agent_of(request).provision(await body_of(request, protocol.ProvisionRequest)))


async def add_instance(request: web.Request) -> web.Response:
    """`POST /v1/instances`."""
    await agent_of(request).add(await body_of(request, protocol.AddRequest))
    return done()


async def get_config(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}`: its settings."""
    return json_answer(await agent_of(request).config_view(name_of(request)))


async def get_agent_config(request: web.Request) -> web.Response:
    """`GET /v1/agent`: settings of the agent itself."""
    return json_answer(await agent_of(request).agent_config_view())


async def patch_config(request: web.Request) -> web.Response:
    """`PATCH /v1/instances/{name}`."""
    body = await body_of(request, protocol.PatchRequest)
    try:
        await agent_of(request).configure(name_of(request), body.patch, base=body.base)
    except RecursionError:
        raise too_deep() from None
    return done()


async def remove_instance(request: web.Request) -> web.Response:
    """`DELETE /v1/instances/{name}`: its spool stays on disk."""
    return json_answer(protocol.Removed(note=await agent_of(request).remove(name_of(request))))


async def set_token(request: web.Request) -> web.Response:
    """`PUT /v1/instances/{name}/token`."""
    body = await body_of(request, protocol.TokenRequest)
    await agent_of(request).set_token(name_of(request), body.token)
    return done()


async def register(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/register`: a token of its own from the server."""
    body = await body_of(request, protocol.RegisterRequest)
    client_id = await agent_of(request).register(
        name_of(request), body.token, client_id=body.client_id, replace=body.replace
    )
    return json_answer(protocol.Registered(client_id=client_id))


async def pause(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/pause`."""
    body = await body_of(request, protocol.PauseRequest)
    await agent_of(request).pause(name_of(request), body.until or protocol.FOREVER)
    return done()


async def resume(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/resume`: also starts one that was drained."""
    await agent_of(request).resume(name_of(request))
    return done()


async def drain(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/drain`."""
    agent_of(request).drain(name_of(request))
    return done()


async def send_now(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/send`: no waiting for the next attempt."""
    await agent_of(request).send_now(name_of(request))
    return done()


async def processes(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/processes?refresh=`: what the server knows, for process codes."""
    refresh = request.query.get("refresh", "") in {"1", "true"}
    return json_answer(await agent_of(request).processes(name_of(request), refresh=refresh))


async def fetch_now(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/fetch/{source}/run`: a scheduled source, at once."""
    agent_of(request).fetch_now(name_of(request), request.match_info["source"])
    return done()


async def entries(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/entries?state=&text=&limit=&before=`."""
    query = request.query
    try:
        state = EntryState(query["state"]) if "state" in query else None
    except ValueError:
        allowed = ", ".join(EntryState)
        raise ControlError(f"state must be one of {allowed}.", status=400, code="usage") from None
    limit = min(max(number_of(query.get("limit", "100"), "limit"), 1), 10_000)
    before = number_of(query["before"], "before") if "before" in query else None
    found = await agent_of(request).entries(
        name_of(request), state=state, text=query.get("text"), limit=limit, before=before
    )
    return json_answer(protocol.Entries(entries=found))


async def activity(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/activity?hours=&buckets=`: figures for a chart."""
    hours = decimal_of(request.query.get("hours", "8"), "hours", least=0.1, most=protocol.MOST_HOURS)
    buckets = number_of(request.query.get("buckets", "48"), "buckets")
    if not 1 <= buckets <= protocol.MOST_BUCKETS:
        raise ControlError(f"buckets must be 1 to {protocol.MOST_BUCKETS}.", status=400, code="usage")
    return json_answer(await agent_of(request).activity(name_of(request), hours=hours, buckets=buckets))


async def find(request: web.Request) -> web.Response:
    """`GET /v1/find?serial=`: in all instances."""
    found = await agent_of(request).find(request.query.get("serial", ""))
    return json_answer(protocol.Entries(entries=found))


async def entry(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/entries/{id}`."""
    number = number_of(request.match_info["id"], "id")
    return json_answer(await agent_of(request).entry(name_of(request), number))


async def history(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/entries/{id}/history`: what happened to it."""
    number = number_of(request.match_info["id"], "id")
    return json_answer(protocol.History(events=await agent_of(request).history(name_of(request), number)))


async def payload(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/entries/{id}/payload`: the report as it is sent."""
    number = number_of(request.match_info["id"], "id")
    body = await agent_of(request).payload(name_of(request), number)
    return web.Response(body=body, content_type="application/json")


async def retry(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/entries/retry`."""
    body = await body_of(request, protocol.SelectRequest)
    count = await agent_of(request).retry(name_of(request), None if body.all else body.ids)
    return json_answer(protocol.Changed(count=count))


async def dismiss(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/entries/dismiss`."""
    body = await body_of(request, protocol.SelectRequest)
    by = await caller_name(request) or printable(body.by)
    if not by:
        raise ControlError("Dismissing needs to know by whom.", status=400, code="usage")
    count = await agent_of(request).dismiss(name_of(request), None if body.all else body.ids, by=by)
    return json_answer(protocol.Changed(count=count))


async def submit(request: web.Request) -> web.Response:
    """`POST /v1/submit?instance=&filename=&converter=&mtime_ns=`: the body is on disk when this answers."""
    query = request.query
    written = number_of(query["mtime_ns"], "mtime_ns") if "mtime_ns" in query else None
    answer = await agent_of(request).submit(
        query.get("instance", ""),
        await request.read(),
        filename=query.get("filename", "report.json"),
        converter=query.get("converter", ""),
        mtime_ns=written,
    )
    return json_answer(answer)


async def import_report(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/import?filename=&reason=`: a report of another queue."""
    query = request.query
    answer = await agent_of(request).import_report(
        name_of(request),
        await request.read(),
        filename=query.get("filename", "report.json"),
        reason=query.get("reason", ""),
    )
    return json_answer(answer)


async def doctor(request: web.Request) -> web.StreamResponse:
    """`POST /v1/doctor`: checks as JSON lines, as they are made; the last line has none."""
    wanted = await body_of(request, protocol.DoctorRequest)
    return await checks_as_lines(request, agent_of(request).doctor(wanted))


async def test_connection(request: web.Request) -> web.StreamResponse:
    """`POST /v1/test-connection`: settings that are not saved yet; hop by hop, as `doctor`."""
    wanted = await body_of(request, protocol.TestConnectionRequest)
    return await checks_as_lines(request, agent_of(request).test_connection(wanted))


async def log(request: web.Request) -> web.Response:
    """`GET /v1/log?after=&limit=&level=&instance=&entry=&text=`."""
    return json_answer(await read_log(agent_of(request).home, request.query))


async def diagnostics(request: web.Request) -> web.Response:
    """`POST /v1/diagnostics`: a zip, with `names` a `Diagnostics`."""
    wanted = await body_of(request, protocol.DiagnosticsRequest)
    made = await agent_of(request).diagnostics(payloads=wanted.payloads)
    return (
        json_answer(made) if wanted.names else web.Response(body=made.bundle, content_type="application/zip")
    )


async def unknown(request: web.Request) -> web.Response:
    """Everything else."""
    raise ControlError(f"There is no {request.method} {request.path}.", status=404, code="not-found")


ROUTES: tuple[tuple[str, str, Handler, Right], ...] = (
    ("GET", "/v1/status", status, Right.OPERATE),
    ("GET", "/v1/events", events, Right.OPERATE),
    ("POST", "/v1/shutdown", shutdown, Right.ADMINISTER),
    ("GET", "/v1/agent", get_agent_config, Right.OPERATE),
    ("PATCH", "/v1/agent", patch_agent, Right.ADMINISTER),
    ("POST", "/v1/agent/check", trial_routes.check_agent, Right.OPERATE),
    ("GET", "/v1/settings/schema", trial_routes.settings_schema, Right.OPERATE),
    ("POST", "/v1/provision", provision, Right.ADMINISTER),
    ("POST", "/v1/instances", add_instance, Right.ADMINISTER),
    ("POST", "/v1/new-instance/check", trial_routes.check_new, Right.OPERATE),
    ("GET", "/v1/new-instance/converters", trial_routes.converters, Right.OPERATE),
    ("POST", "/v1/new-instance/try", trial_routes.try_file, Right.OPERATE),
    ("GET", "/v1/instances/{name}", get_config, Right.OPERATE),
    ("PATCH", "/v1/instances/{name}", patch_config, Right.ADMINISTER),
    ("POST", "/v1/instances/{name}/check", trial_routes.check_config, Right.OPERATE),
    ("GET", "/v1/instances/{name}/converters", trial_routes.converters, Right.OPERATE),
    ("POST", "/v1/instances/{name}/try", trial_routes.try_file, Right.OPERATE),
    ("GET", "/v1/instances/{name}/canary", canary_routes.show, Right.OPERATE),
    ("POST", "/v1/instances/{name}/canary", canary_routes.start, Right.ADMINISTER),
    ("POST", "/v1/instances/{name}/canary/stop", canary_routes.stop, Right.OPERATE),
    ("POST", "/v1/instances/{name}/canary/promote", canary_routes.promote, Right.ADMINISTER),
    ("DELETE", "/v1/instances/{name}", remove_instance, Right.ADMINISTER),
    ("PUT", "/v1/instances/{name}/token", set_token, Right.ADMINISTER),
    ("POST", "/v1/instances/{name}/register", register, Right.ADMINISTER),
    ("POST", "/v1/instances/{name}/pause", pause, Right.OPERATE),
    ("POST", "/v1/instances/{name}/resume", resume, Right.OPERATE),
    ("POST", "/v1/instances/{name}/drain", drain, Right.OPERATE),
    ("POST", "/v1/instances/{name}/send", send_now, Right.OPERATE),
    ("GET", "/v1/instances/{name}/processes", processes, Right.OPERATE),
    ("POST", "/v1/instances/{name}/fetch/{source}/run", fetch_now, Right.OPERATE),
    ("GET", "/v1/instances/{name}/activity", activity, Right.OPERATE),
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
    ("GET", "/v1/log", log, Right.OPERATE),
    ("POST", "/v1/diagnostics", diagnostics, Right.OPERATE),
)


def application(agent: Agent) -> web.Application:
    """The aiohttp application of the control channel."""
    app = web.Application(middlewares=[guard], client_max_size=protocol.MAX_BODY)
    app[AGENT] = agent
    app[CLOSING] = asyncio.Event()
    app[TRIALS] = asyncio.Lock()

    async def end_streams(app: web.Application) -> None:
        app[CLOSING].set()

    app.on_shutdown.append(end_streams)
    app.on_response_prepare.append(say_version)
    for method, path, handler, right in ROUTES:
        administered = right is Right.ADMINISTER
        app.router.add_route(method, path, for_administrators(handler) if administered else handler)
    app.router.add_route("*", "/{rest:.*}", unknown)
    return app
