"""Routes that look and change nothing: converters, a file on trial, settings that are not saved yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from stationmaster.config.schema import InstanceConfig, ServerConfig
from stationmaster.control.protocol import AddRequest, PatchRequest
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
from stationmaster.errors import ConfigError, ControlError, StationmasterError


async def converters(request: web.Request) -> web.Response:
    """`GET /v1/instances/{name}/converters`: imported anew, beside the instance's own workers.

    Also `GET /v1/new-instance/converters`, for one that is not there yet.
    """
    from stationmaster.runtime.trial import converters_of  # noqa: PLC0415 - seldom asked for

    config, folder = await _whose(request)
    async with request.app[TRIALS]:
        return json_answer(await converters_of(config, folder))


async def try_file(request: web.Request) -> web.Response:
    """`POST /v1/instances/{name}/try?filename=&converter=&options=`: one at a time, to slow no station.

    Also `POST /v1/new-instance/try`, with the settings that a new instance begins with.
    """
    from stationmaster.runtime.trial import try_content  # noqa: PLC0415 - as above

    agent, query = agent_of(request), request.query
    agent, query = agent_of(request), request.query
    options = _options(query.get("options", "{}"))
    async with request.app[TRIALS]:  # before the file is read: many at once would fill the memory
        content = await request.read()
        config, folder = await _whose(request)
        trial = asyncio.ensure_future(
            try_content(
                config,
                folder,
                content,
                filename=query.get("filename", ""),
                converter=query.get("converter", ""),
                clock=agent.clock,
                options=options,
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


def _options(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise ControlError("options is a JSON object.", status=400, code="usage") from None


async def _whose(request: web.Request) -> tuple[InstanceConfig, Path | None]:
    """Settings and converters' folder of the instance; those of a new one where none is named."""
    if "name" not in request.match_info:
        return InstanceConfig(id=UUID(int=0), server=ServerConfig(url="https://server.invalid")), None
    agent, name = agent_of(request), name_of(request)
    return await asyncio.to_thread(agent.settings_of, name), agent.home.converters(name)


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


async def check_new(request: web.Request) -> web.Response:
    """`POST /v1/new-instance/check`: what `POST /v1/instances` would say."""
    body = await body_of(request, AddRequest)
    folders = {f"watch.{number}": folder for number, folder in enumerate(body.watch)}
    patch = {"server.url": body.server, **folders, **body.patch}
    return await _answer(agent_of(request).store.faults_of_new, body.name, patch)


async def _check(request: web.Request, name: str) -> web.Response:
    body = await body_of(request, PatchRequest)
    return await _answer(agent_of(request).store.faults, name, body.patch)


async def _answer(
    look: Callable[[str, Mapping[str, Any]], tuple[ConfigError, ...]], name: str, patch: Mapping[str, Any]
) -> web.Response:
    try:
        found = await asyncio.to_thread(look, name, patch)
    except RecursionError:
        raise too_deep() from None
    faults = (Fault(key=one.key, text=one.text, next_step=one.next_step) for one in found)
    return json_answer(Faults(faults=tuple(faults)))
