"""The embedded server itself: settings, start, stop, and what every request goes through."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Self

from aiohttp import web

from stationmaster.clock import Clock
from stationmaster.embedded_server.answer import refusal
from stationmaster.embedded_server.client_route import ClientRoutes
from stationmaster.embedded_server.error import EmbeddedServerError, PortError, RequestError
from stationmaster.embedded_server.page_route import PageRoutes
from stationmaster.embedded_server.process import load_processes
from stationmaster.embedded_server.report_route import ReportRoutes
from stationmaster.embedded_server.router import Router
from stationmaster.embedded_server.store import Store
from stationmaster.embedded_server.system_route import SystemRoutes

DEFAULT_PORT = 8080
MAX_BODY = 64 * 1024 * 1024
STOP_TIMEOUT = 5.0
"""Seconds that running requests may take to end when the server stops."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How to run the server.

    Attributes:
        host: a loopback address; any other is refused, for the pages answer without a token.
        port: 0 takes a free one.
        database: file of the database; made where there is none.
        token: what `Authorization: Basic ...` must carry; None or "": anything goes.
        processes: JSON file with the list of processes; None: the built-in list.
        max_body: bytes of a request; a larger one gets 413.
        strict_loops: refuse loops whose iterations differ in type or limits from their summary, too.
    """

    database: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = field(default=None, repr=False)
    processes: Path | None = None
    max_body: int = MAX_BODY
    strict_loops: bool = False


class EmbeddedServer:
    """A WATS-compatible server on this computer.

    Lifecycle: `await start()`, then `url` is set; `await aclose()` ends it, idempotent. Or an async context
    manager.
    """

    def __init__(self, settings: ServerSettings, *, clock: Clock | None = None) -> None:
        """Nothing is opened yet."""
        self.settings = settings
        self.url = ""
        self._clock = clock or Clock()
        self._store = Store(settings.database)
        self._runner: web.AppRunner | None = None
        self._router = Router(())
        self._clients = ClientRoutes(self._store, self._clock)

    async def start(self) -> None:
        """Open the database and listen.

        Raises:
            EmbeddedServerError: the host is not loopback, the port is taken, the database cannot be opened.
        """
        if self._runner is not None:
            raise RuntimeError("the server was started already")
        host = _loopback(self.settings.host)
        processes = load_processes(self.settings.processes)
        await self._store.open()
        reports = ReportRoutes(
            self._store,
            processes,
            self._clock,
            max_body=self.settings.max_body,
            strict_loops=self.settings.strict_loops,
        )
        system = SystemRoutes(self._store, processes, self._clock)
        pages = PageRoutes(self._store, self._clock)
        self._router = Router([*reports.routes(), *system.routes(), *self._clients.routes(), *pages.routes()])
        try:
            await self._listen(host)
        except BaseException:
            # also where the start is cancelled: the store's thread must not stay
            await self.aclose()
            raise
        _LOG.info("the embedded server answers at %s", self.url)

    async def aclose(self) -> None:
        """Stop listening, let running requests end, close the database. Idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        await self._store.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _listen(self, host: str) -> None:
        application = web.Application(client_max_size=self.settings.max_body)
        application.router.add_route("*", "/{path:.*}", self._answer)
        application.on_response_prepare.append(self._date)
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=STOP_TIMEOUT
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, self.settings.port).start()
        except (OSError, OverflowError) as error:
            raise PortError(
                f"The server cannot listen on {host} port {self.settings.port}: {error}.",
                next_step="Is one running already? Choose another port with --port.",
            ) from error
        port = self._runner.addresses[0][1]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    # ---------------------------------------------------------------- every request
    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            _check_origin(request)
            found = self._router.find(request.method, request.path)
            if not found.route.public:
                await self._check_token(request)
            return await found.route.handler(request, found.values)
        except RequestError as error:
            return refusal(error)

    async def _check_token(self, request: web.Request) -> None:
        if not self.settings.token:
            return
        header = request.headers.get("Authorization", "")
        scheme, _, given = header.partition(" ")
        same = hmac.compare_digest(
            given.strip().encode("utf-8", "surrogateescape"), self.settings.token.encode()
        )
        ours = scheme.lower() == "basic" and same
        if not ours and not await self._clients.knows(header):
            raise RequestError("The token is missing or wrong.", status=401)

    async def _date(self, _request: web.Request, response: web.StreamResponse) -> None:
        # clients tell the offset of their clock by it; ours may be a test's
        response.headers["Date"] = format_datetime(self._clock.now(), usegmt=True)
        response.headers["Server"] = "Stationmaster"


def _check_origin(request: web.Request) -> None:
    """Refuse what a foreign web page makes a browser send here.

    The Host must be a loopback name, else a page could point its own name at this computer (DNS rebinding);
    and a browser must not carry requests over from another site.
    """
    if not _is_loopback_name(_host_name(request.headers.get("Host", ""))):
        raise RequestError("This server answers only to requests for localhost.", status=403)
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.headers.get('Host', '')}":
        raise RequestError("Requests from other web sites are refused.", status=403)
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"} and (
        request.method not in {"GET", "HEAD"}
    ):
        raise RequestError("Requests from other web sites are refused.", status=403)


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback_name(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _loopback(host: str) -> str:
    """The address to listen on."""
    if not _is_loopback_name(host):
        raise EmbeddedServerError(
            f"The embedded server listens on this computer only, {host!r} is not its loopback address.",
            next_step="Use 127.0.0.1, ::1 or localhost.",
        )
    return "127.0.0.1" if host.lower() == "localhost" else host


async def serve(
    settings: ServerSettings,
    ready: Callable[[str], None],
    stop: asyncio.Event,
    *,
    clock: Clock | None = None,
) -> None:
    """Run a server until `stop` is set; `ready` is told the URL once it answers.

    Raises:
        EmbeddedServerError: it cannot start.
    """
    async with EmbeddedServer(settings, clock=clock) as server:
        ready(server.url)
        await stop.wait()
