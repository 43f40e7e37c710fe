"""The part of the control channel that lists entries, on a real socket, with contents that a test chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web

from stationmaster.control import protocol
from stationmaster.control.client import ControlClient
from stationmaster.model import PROTOCOL_VERSION, Entry

_HEADERS = {protocol.VERSION_HEADER: str(PROTOCOL_VERSION)}


class Listing:
    """Answers as the agent does: newest first, below `before`, `limit` at most.

    Attributes:
        entries: by instance, the highest number first; an instance that is not here is refused.
        asked: how many questions there were.
    """

    def __init__(self) -> None:
        self.entries: Mapping[str, Sequence[Entry]] = {}
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        """`GET /v1/instances/{name}/entries`."""
        self.asked += 1
        query, name = request.query, request.match_info["name"]
        if name not in self.entries:
            error = protocol.ErrorBody(code="not-found", text=f"There is no station {name}.")
            return web.Response(status=404, body=msgspec.json.encode(error), headers=_HEADERS)
        found = [
            one
            for one in self.entries[name]
            if ("state" not in query or one.state.value == query["state"])
            and ("before" not in query or one.id < int(query["before"]))
            and query.get("text", "") in one.serial_number
        ]
        answer = protocol.Entries(entries=tuple(found[: int(query["limit"])]))
        return web.Response(body=msgspec.json.encode(answer), headers=_HEADERS)


@asynccontextmanager
async def listing(folder: Path) -> AsyncIterator[tuple[Listing, ControlClient]]:
    """The server on a socket, and our own client of it."""
    made = Listing()
    app = web.Application()
    app.router.add_get("/v1/instances/{name}/entries", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(folder / "s")).start()
        async with ControlClient(str(folder / "s")) as client:
            yield made, client
    finally:
        await runner.cleanup()
