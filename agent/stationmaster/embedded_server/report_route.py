"""The routes under `/api/Report`: submit, read back, look for."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web

from stationmaster.clock import Clock
from stationmaster.embedded_server import record
from stationmaster.embedded_server.answer import (
    Parameters,
    download,
    json_answer,
    json_bytes,
    report_id,
    there,
)
from stationmaster.embedded_server.attachment import Attachment, list_attachments, pack
from stationmaster.embedded_server.detail import FULL, Detail, pruned
from stationmaster.embedded_server.error import RequestError
from stationmaster.embedded_server.incoming import Incoming, read_reports, read_wsxf
from stationmaster.embedded_server.process import Processes
from stationmaster.embedded_server.query import MAX_TOP, read_query
from stationmaster.embedded_server.router import Route
from stationmaster.embedded_server.sql import microseconds
from stationmaster.embedded_server.store import Store

INLINE_BYTES = 256 * 1024
"""A larger body is parsed in the store's thread, so that it does not hold up other requests."""
BODY_TIMEOUT = 300.0
"""Seconds a client may take to send one."""

_LOG = logging.getLogger(__name__)


class ReportRoutes:
    """The report routes over a store."""

    def __init__(
        self, store: Store, processes: Processes, clock: Clock, *, max_body: int, strict_loops: bool
    ) -> None:
        """Nothing is started; `max_body` in bytes."""
        self._strict_loops = strict_loops
        self._store = store
        self._processes = processes
        self._clock = clock
        self._max_body = max_body

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("POST", "/api/Report/WSJF", self.submit),
            Route("POST", "/api/Report/WSXF", self.submit_wsxf),
            Route("GET", "/api/Report/Wsjf/{id}", self.read),
            Route("GET", "/api/Report/Query/Header", self.query),
            Route("GET", "/api/Report/Query/HeaderByMiscInfo", self.query_misc),
            Route("GET", "/api/Report/Attachment", self.attachment),
            Route("GET", "/api/Report/Attachments/{id}", self.attachments),
        ]

    async def submit(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """Take a report, or a list of them; answers after the commit."""
        body = await self._body(request)
        answers = await self._take(body, read_reports)
        return json_answer(answers if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") else answers[0])

    async def submit_wsxf(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """Take the reports of a WSXF document; answers after the commit."""
        answers = await self._take(await self._body(request), read_wsxf)
        return json_answer(answers if len(answers) > 1 else answers[0])

    async def _take(self, body: bytes, form: Callable[..., list[Incoming]]) -> list[dict[str, Any]]:
        now = self._clock.now()

        def read() -> list[Incoming]:
            return form(body, now=now, processes=self._processes, strict_loops=self._strict_loops)

        found = read() if len(body) <= INLINE_BYTES else await self._store.run(read)
        received = microseconds(now)
        saved = await self._store.write(
            lambda connection: [
                record.save(connection, one.row, one.body, received_us=received) for one in found
            ]
        )
        _LOG.debug("took %d report(s), first id %s", len(saved), saved[0].id)
        return [{"ID": one.id, "uuid": one.id, "Report_ID": one.number} for one in saved]

    async def _body(self, request: web.Request) -> bytes:
        too_large = RequestError(
            f"The body is larger than {self._max_body // 1024 // 1024} MB.", status=413, plain=True
        )
        if (request.content_length or 0) > self._max_body:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > self._max_body:
                        raise too_large
        except TimeoutError as error:
            raise RequestError("The body did not arrive in time.", status=408) from error
        return bytes(body)

    async def read(self, request: web.Request, values: dict[str, str]) -> web.Response:
        """A report as WSJF, as much of it as asked for."""
        given = Parameters(request)
        level = given.number("detailLevel", least=0, most=FULL)
        detail = Detail(
            FULL if level is None else level,
            given.flag("includeChartdata", default=True),
            given.flag("includeAttachments", default=True),
        )
        wanted = report_id(values["id"])
        if detail.full:
            body = await self._store.read(lambda connection: record.body(connection, wanted))
            return json_bytes(there(body, wanted))
        data = await self._data(wanted)
        return json_bytes(json.dumps(pruned(data, detail), separators=(",", ":")).encode())

    async def query(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """Headers by filter."""
        query = read_query(request.query)
        return json_answer(await self._store.read(lambda connection: record.headers(connection, query)))

    async def query_misc(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """Headers by misc info; takes the published client's `stringValue` for `data` as well."""
        given = Parameters(request)
        query = record.MiscQuery(
            given.number("processCode", least=0, most=2**31 - 1),
            given.text("serialNumber"),
            given.text("description"),
            given.text("data", "stringValue"),
            given.number("$top", least=0, most=MAX_TOP) or record.MISC_TOP,
        )
        return json_answer(await self._store.read(lambda connection: record.by_misc(connection, query)))

    async def attachment(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """One attachment, by its id or by its step."""
        given = Parameters(request)
        wanted = given.id("reportId")
        attachment_id = given.text("attachmentId")
        step_id = given.number("stepId", least=-(2**31), most=2**31 - 1)
        if attachment_id:
            found = await self._attachment(wanted, report_id(attachment_id))
        elif step_id is not None:
            found = await self._of_step(wanted, step_id)
        else:
            raise RequestError("attachmentId or stepId is required.")
        return download(found.content, name=found.name)

    async def attachments(self, _request: web.Request, values: dict[str, str]) -> web.Response:
        """All attachments of a report, as a zip."""
        wanted = report_id(values["id"])
        data = await self._data(wanted)
        packed = await self._store.run(lambda: pack(list_attachments(data)))
        return download(packed, name=f"{wanted}.zip", content_type="application/zip")

    # ---------------------------------------------------------------- look-ups
    async def _data(self, wanted: str) -> dict[str, Any]:
        data = await self._store.read(lambda connection: record.data(connection, wanted))
        return there(data, wanted)

    async def _attachment(self, wanted: str, attachment_id: str) -> Attachment:
        for one in list_attachments(await self._data(wanted)):
            if one.id == attachment_id:
                return one
        raise RequestError(f"Report {wanted} has no attachment {attachment_id}.", status=404)

    async def _of_step(self, wanted: str, step_id: int) -> Attachment:
        for one in list_attachments(await self._data(wanted)):
            if one.step_id == step_id:
                return one
        raise RequestError(f"Report {wanted} has no attachment at step {step_id}.", status=404)
