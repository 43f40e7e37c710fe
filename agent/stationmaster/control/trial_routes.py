"""Routes that look and change nothing: converters, a file on trial, settings that are not saved yet."""

from __future__ import annotations

import asyncio

from aiohttp import web

from stationmaster.control.protocol import PatchRequest
from stationmaster.control.request import (
    CLOSING,
    TRIALS,
    agent_of,
    body_of,
    json_answer,
    name_of,
    too_deep,
)
from stationmaster.control.trial_protocol import Fault, Faults
from stationmaster.errors import StationmasterError


async def converters(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/converters`: imported anew, beside the instance's own workers."""
    from stationmaster.runtime.trial import converters_of  # noqa: PLC0415 - seldom asked for

    agent, name = agent_of(request), name_of(request)
    config = await asyncio.to_thread(agent.settings_of, name)
    async with request.app[TRIALS]:
        return json_answer(await converters_of(config, agent.home.converters(name)))


async def try_file(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/try?filename=&converter=`: one at a time, so that none slows a station."""
    from stationmaster.runtime.trial import try_content  # noqa: PLC0415 - as above

    agent, name, query = agent_of(request), name_of(request), request.query
    async with request.app[TRIALS]:  # before the file is read: many at once would fill the memory
        content = await request.read()
        config = await asyncio.to_thread(agent.settings_of, name)
        trial = asyncio.ensure_future(
            try_content(
                config,
                agent.home.converters(name),
                content,
                filename=query.get("filename", ""),
                converter=query.get("converter", ""),
                clock=agent.clock,
            )
        )
        closing = asyncio.ensure_future(request.app[CLOSING].wait())
        try:
            await asyncio.wait({trial, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not trial.done():
                raise StationmasterError("The agent stops: the file was not tried.")
            return json_answer(trial.result())
        finally:
            closing.cancel()
            trial.cancel()
            await asyncio.wait({trial, closing})


async def settings_schema(request: web.Request) -> web.Response:
    """`GET /v1/settings/schema?kind=`: what docs/settings.md tells readers."""
    from stationmaster.config.form import schema_of  # noqa: PLC0415 - brings inspect along, rarely asked for

    return json_answer(schema_of(request.query.get("kind", "instance")))


async def check_config(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/check`: what `PATCH` would say."""
    return await _check(request, name_of(request))


async def check_agent(request: web.Request) -> web.Response:
    """`POST /v1/agent/check`: what `PATCH /v1/agent` would say."""
    return await _check(request, "")


async def _check(request: web.Request, name: str) -> web.Response:
    body = await body_of(request, PatchRequest)
    try:
        found = await asyncio.to_thread(agent_of(request).store.faults, name, body.patch)
    except RecursionError:
        raise too_deep() from None
    faults = (Fault(key=one.key, text=one.text, next_step=one.next_step) for one in found)
    return json_answer(Faults(faults=tuple(faults)))
