"""The routes for clients: register, tell how one is, take leave."""

from __future__ import annotations

import msgspec
from aiohttp import web
from lxml import etree

from stationmaster.clock import Clock
from stationmaster.embedded_server import client
from stationmaster.embedded_server.answer import Parameters, json_answer
from stationmaster.embedded_server.client import Converter, Login, Told
from stationmaster.embedded_server.error import RequestError
from stationmaster.embedded_server.router import Route
from stationmaster.embedded_server.store import Store


class ClientRoutes:
    """The routes over a store. A client may do all that the server's own token may, but register."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Nothing is started."""
        self._store = store
        self._clock = clock

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("POST", "/api/Client/Register", self.register),
            Route("PUT", "/api/Client/Update", self.update),
            Route("POST", "/api/internal/Client/Update", self.update_in_xml),
            Route("GET", "/api/internal/Auth/Disconnect", self.disconnect),
            Route("GET", "/api/internal/Auth/Disconnect/{id}", self.disconnect),
        ]

    async def knows(self, header: str) -> bool:
        """Whether an `Authorization` header is that of a registered client."""
        return bool(await self._asking(header))

    async def _asking(self, header: str) -> str:
        who = client.login(header)
        if who == Login():
            return ""
        return await self._store.read(lambda connection: client.known(connection, who))

    async def _client(self, request: web.Request) -> str:
        found = await self._asking(request.headers.get("Authorization", ""))
        if not found:
            raise RequestError("Only a registered client may do this.", status=403)
        return found

    async def register(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """The passcode of a new client, or a new one of an old client, as a JSON text."""
        if await self.knows(request.headers.get("Authorization", "")):
            raise RequestError("A client may not register clients.", status=403)
        parameters = Parameters(request)
        given = {key: parameters.text(key) for key in ("id", "type", "name", "location", "purpose")}
        now = self._clock.now().isoformat()
        passcode = await self._store.write(lambda connection: client.register(connection, given, now))
        return json_answer(passcode)

    async def update(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """What a client tells of itself."""
        wanted = await self._client(request)
        try:
            body = msgspec.json.decode(await _read(request), type=Told)
        except (ValueError, RecursionError) as error:
            raise RequestError(f"The body is wrong: {error}.") from error
        return await self._keep(wanted, body)

    async def update_in_xml(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """The same, as older clients tell it: in XML within JSON."""
        wanted = await self._client(request)
        try:
            outer = msgspec.json.decode(await _read(request), type=_Outer)
            body = _told(outer)
        except (ValueError, RecursionError, etree.XMLSyntaxError) as error:
            raise RequestError(f"The body is wrong: {error}.") from error
        return await self._keep(wanted, body)

    async def _keep(self, wanted: str, body: Told) -> web.Response:
        now = self._clock.now().isoformat()
        await self._store.write(lambda connection: client.told(connection, wanted, body, now))
        return json_answer({"id": wanted})

    async def disconnect(self, request: web.Request, values: dict[str, str]) -> web.Response:
        """A client takes its leave; of another one nobody can."""
        wanted = await self._client(request)
        named = values.get("id") or Parameters(request).text("id")
        if named.lower() != wanted.lower():
            raise RequestError("A client takes leave of itself only.", status=403)
        now = self._clock.now().isoformat()
        await self._store.write(lambda connection: client.left(connection, wanted, now))
        return json_answer({"id": wanted})


class _Outer(msgspec.Struct, frozen=True, kw_only=True):
    """Body of the internal update."""

    name: str = ""
    location: str = ""
    purpose: str = ""
    miscinfo: str = ""


def _told(outer: _Outer) -> Told:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(outer.miscinfo.encode(), parser) if outer.miscinfo else None
    if root is None:
        return Told(name=outer.name, location=outer.location, purpose=outer.purpose)
    pending, status, module = root.find("pending"), root.find("ClientStatus"), root.find("Modules/version")
    parts = ("Major", "Minor", "Build", "Revision")
    return Told(
        name=outer.name,
        location=outer.location,
        purpose=outer.purpose,
        version=".".join(module.get(part, "0") for part in parts) if module is not None else "",
        status=(status.text or "").strip() or "Online" if status is not None else "Online",
        pending_total=_number(pending.get("total") if pending is not None else None),
        converters=tuple(
            Converter(
                name=one.get("name", ""),
                state=one.get("state", ""),
                version=one.get("version", ""),
                total=_number(one.get("total")),
                error=_number(one.get("error")),
                path=one.get("Path", ""),
            )
            for one in root.iterfind("converter")
        ),
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 16 else 0


async def _read(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise RequestError("The body is too large.", status=413) from error
