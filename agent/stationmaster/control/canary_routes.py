"""Routes of the canary: another version of a converter beside the live one."""

from __future__ import annotations

from aiohttp import web

from stationmaster.control.canary_protocol import CanaryRequest, PromoteRequest, StopRequest
from stationmaster.control.request import agent_of, body_of, json_answer, name_of


async def show(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/canary`: the canary, or the last one."""
    return json_answer(await agent_of(request).canary(name_of(request)))


async def start(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/canary`: its code runs from now on, so only administrators may."""
    body = await body_of(request, CanaryRequest)
    return json_answer(await agent_of(request).start_canary(name_of(request), body))


async def stop(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/canary/stop`."""
    body = await body_of(request, StopRequest) if request.can_read_body else StopRequest()
    return json_answer(await agent_of(request).stop_canary(name_of(request), body))


async def promote(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/canary/promote`: it goes live."""
    body = await body_of(request, PromoteRequest)
    return json_answer(await agent_of(request).promote_canary(name_of(request), body))
