"""The routes that tell about the server: version, processes, ping, time."""

from __future__ import annotations

import platform

from aiohttp import web

from stationmaster import __version__
from stationmaster.clock import Clock
from stationmaster.embedded_server import record
from stationmaster.embedded_server.answer import Parameters, json_answer
from stationmaster.embedded_server.process import Processes
from stationmaster.embedded_server.router import Route
from stationmaster.embedded_server.store import Store

NAME = "Stationmaster embedded server"


class SystemRoutes:
    """The system routes."""

    def __init__(self, store: Store, processes: Processes, clock: Clock) -> None:
        """Nothing is started."""
        self._store = store
        self._processes = processes
        self._clock = clock
        self._started_at = clock.now()

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("GET", "/api/App/Version", self.version),
            Route("GET", "/api/App/Processes", self.processes),
            Route("GET", "/api/SystemStatus", self.status),
            Route("GET", "/api/internal/Client/Ping", self.ping),
            Route("GET", "/api/internal/Client/Version", self.parts),
            Route("GET", "/api/internal/Client/ServerInfo", self.info),
            Route("GET", "/api/internal/Auth/GetServerTime", self.time),
        ]

    async def version(self, _request: web.Request, _values: dict[str, str]) -> web.Response:
        """The version, as a JSON text."""
        return json_answer(__version__)

    async def parts(self, _request: web.Request, _values: dict[str, str]) -> web.Response:
        """The versions of the server's parts; there is one."""
        return json_answer([{"name": NAME, "version": __version__}])

    async def processes(self, request: web.Request, _values: dict[str, str]) -> web.Response:
        """The processes of the kinds asked for."""
        given = Parameters(request)
        return json_answer(
            self._processes.wire(
                tests=given.flag("includeTestOperations", default=False),
                repairs=given.flag("includeRepairOperations", default=False),
                works=given.flag("includeWipOperations", default=False),
                inactive=given.flag("includeInactiveProcesses", default=False),
            )
        )

    async def status(self, _request: web.Request, _values: dict[str, str]) -> web.Response:
        """How the server is; reads the database, so a 200 says that it can."""
        totals = await self._store.read(record.totals)
        return json_answer(
            {
                "status": "OK",
                "version": __version__,
                "startedUtc": self._started_at.isoformat(),
                "serverTimeUtc": self._clock.now().isoformat(),
                "uutReports": sum(count for (kind, _), count in totals.items() if kind == "T"),
                "uurReports": sum(count for (kind, _), count in totals.items() if kind == "R"),
            }
        )

    async def ping(self, _request: web.Request, _values: dict[str, str]) -> web.Response:
        """A sign of life."""
        return json_answer({"status": "OK", "serverTimeUtc": self._clock.now().isoformat()})

    async def info(self, _request: web.Request, _values: dict[str, str]) -> web.Response:
        """Name and version."""
        return json_answer({"SiteCode": platform.node()[:15], "Name": NAME, "Version": __version__})

    async def time(self, _request: web.Request, _values: dict[str, str]) -> web.Response:
        """The server's clock, as a JSON text."""
        return json_answer(self._clock.now().isoformat())
