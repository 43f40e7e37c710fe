"""The routes of the pages for people; they answer without a token, to this computer only."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from stationmaster.clock import Clock
from stationmaster.embedded_server import record
from stationmaster.embedded_server.answer import Parameters, download, report_id, there
from stationmaster.embedded_server.attachment import list_attachments, pack
from stationmaster.embedded_server.client import all_of_them
from stationmaster.embedded_server.error import RequestError
from stationmaster.embedded_server.page_client import client_page
from stationmaster.embedded_server.page_frame import problem
from stationmaster.embedded_server.page_list import PAGE_SIZE, list_page
from stationmaster.embedded_server.page_report import report_page
from stationmaster.embedded_server.page_style import ICON, STYLE
from stationmaster.embedded_server.router import Handler, Route
from stationmaster.embedded_server.store import Store

MAX_PAGE = 10**9
"""More pages than any database has; its offset still is an integer that SQLite can hold."""


class PageRoutes:
    """The pages over a store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Nothing is started."""
        self._store = store
        self._clock = clock

    def routes(self) -> list[Route]:
        """All of them."""
        pages: list[tuple[str, Handler]] = [
            ("/", self.list),
            ("/clients", self.clients),
            ("/report/{id}", self.report),
            ("/report/{id}/wsjf", self.wsjf),
            ("/report/{id}/files", self.files),
            ("/report/{id}/attachment/{attachment}", self.attachment),
        ]
        assets: list[tuple[str, Handler]] = [("/assets/style.css", _style), ("/assets/icon.svg", _icon)]
        return [
            *(Route("GET", path, _shown(handler), public=True) for path, handler in pages),
            *(Route("GET", path, handler, public=True) for path, handler in assets),
        ]

    async def list(self, request: web.Request, _values: dict[str, str]) -> web.StreamResponse:
        """The list of reports."""
        given = Parameters(request)
        page = given.number("page", least=1, most=MAX_PAGE) or 1
        query = record.ListQuery(
            serial=given.text("serial").strip().replace("\0", ""),
            result=given.text("result"),
            type=given.text("type"),
            skip=(page - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
        found = await self._store.read(lambda connection: record.listing(connection, query))
        totals = await self._store.read(record.totals)
        return list_page(query, found, totals, address=f"http://{request.host}", now=self._clock.now())

    async def clients(self, _request: web.Request, _values: dict[str, str]) -> web.StreamResponse:
        """The registered clients."""
        return client_page(await self._store.read(all_of_them))

    async def report(self, _request: web.Request, values: dict[str, str]) -> web.StreamResponse:
        """One report."""
        wanted = report_id(values["id"])
        header = await self._store.read(lambda connection: record.header_of(connection, wanted))
        header = there(header, wanted)
        data = await self._data(wanted)
        now = self._clock.now()
        return await self._store.run(lambda: report_page(header, data, now=now))

    async def wsjf(self, _request: web.Request, values: dict[str, str]) -> web.StreamResponse:
        """The report as a file."""
        wanted = report_id(values["id"])
        body = await self._store.read(lambda connection: record.body(connection, wanted))
        return download(there(body, wanted), name=f"{wanted}.json", content_type="application/json")

    async def files(self, _request: web.Request, values: dict[str, str]) -> web.StreamResponse:
        """All attachments as a zip."""
        wanted = report_id(values["id"])
        data = await self._data(wanted)
        packed = await self._store.run(lambda: pack(list_attachments(data)))
        return download(packed, name=f"{wanted}.zip", content_type="application/zip")

    async def attachment(self, _request: web.Request, values: dict[str, str]) -> web.StreamResponse:
        """One attachment."""
        data = await self._data(report_id(values["id"]))
        for one in list_attachments(data):
            if one.id == values["attachment"].lower():
                return download(one.content, name=one.name)
        raise RequestError("The report has no such attachment.", status=404)

    async def _data(self, wanted: str) -> dict[str, Any]:
        data = await self._store.read(lambda connection: record.data(connection, wanted))
        return there(data, wanted)


def _shown(handler: Handler) -> Handler:
    """The same handler, its refusals as a page."""

    async def answer(request: web.Request, values: dict[str, str]) -> web.StreamResponse:
        try:
            return await handler(request, values)
        except RequestError as error:
            title = "Not found" if error.status == 404 else "That did not work"
            return problem(title, str(error), status=error.status)

    return answer


async def _style(_request: web.Request, _values: dict[str, str]) -> web.StreamResponse:
    return _asset(STYLE, "text/css")


async def _icon(_request: web.Request, _values: dict[str, str]) -> web.StreamResponse:
    return _asset(ICON, "image/svg+xml")


def _asset(text: str, content_type: str) -> web.Response:
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return web.Response(text=text, content_type=content_type, headers=headers)
