"""`/metrics` and `/healthz` over HTTP, for a monitoring system: read only, and only for who is let in.

No web page may read it: a request with Origin is refused, and so is one whose Host is a name that a page
could point at this computer (DNS rebinding). Nothing here changes anything.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Self

import msgspec
from aiohttp import web

from stationmaster.config.metrics_schema import MetricsConfig
from stationmaster.control.figures import CONTENT_TYPE, Exposition
from stationmaster.model import Lifecycle, ProblemCode
from stationmaster.runtime.agent import Agent

_STANDS_STILL = frozenset(
    {
        ProblemCode.AGENT_STALLED,
        ProblemCode.DISK_FULL,
        ProblemCode.INSTANCE_FAILED,
        ProblemCode.SPOOL_ERROR,
    }
)
"""Problems that mean no progress. A server that is away is none: files are taken all the same."""

MOST_CONNECTIONS = 32
"""Open at once; a monitoring system needs one."""

SILENT = 10.0
"""Seconds that a connection may stay open without a request."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `/healthz`."""

    status: str
    reasons: tuple[str, ...] = ()
    instances: dict[str, str] = {}


def health(agent: Agent) -> Health:
    """Whether there is progress. A pause is a person's wish, and no trouble."""
    snapshot = agent.status()
    reasons = [
        f"{one.instance}: {one.title}" if one.instance else one.title
        for one in snapshot.problems
        if one.code in _STANDS_STILL
    ]
    told = {one.instance for one in snapshot.problems if one.code in _STANDS_STILL}
    reasons += [
        f"{one.name}: failed"
        for one in snapshot.instances
        if one.lifecycle is Lifecycle.FAILED and one.name not in told
    ]
    return Health(
        status="stuck" if reasons else "ok",
        reasons=tuple(reasons),
        instances={one.name: str(one.lifecycle) for one in snapshot.instances},
    )


class _Refusal(asyncio.Protocol):
    """Closes the connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """At once."""
        transport.close()


class MetricsListener:
    """`async with` listens; OSError where it cannot."""

    def __init__(self, agent: Agent, config: MetricsConfig) -> None:
        """Nothing listens yet."""
        self._agent = agent
        self._config = config
        self._figures = Exposition(agent)
        app = web.Application(middlewares=[self._guard], client_max_size=0)
        app.router.add_get("/metrics", self._metrics, allow_head=False)
        app.router.add_get("/healthz", self._healthz, allow_head=False)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=SILENT, handle_signals=False
        )
        self._server: asyncio.Server | None = None
        self._silent: set[asyncio.BaseProtocol] = set()

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            host, port = self._config.host.strip("[]"), self._config.port
            self._server = await asyncio.get_running_loop().create_server(self._connection, host, port)
        except BaseException:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _connection(self) -> asyncio.BaseProtocol:
        """Whoever connects and says nothing must not use up the files that the agent may open."""
        server = self._runner.server
        if server is None or len(server.connections) >= MOST_CONNECTIONS:
            return _Refusal()
        connection = server()
        self._silent.add(connection)
        asyncio.get_running_loop().call_later(SILENT, self._drop_if_silent, connection)
        return connection

    def _drop_if_silent(self, connection: web.RequestHandler) -> None:
        if connection in self._silent:
            self._silent.discard(connection)
            if connection.transport is not None:
                connection.transport.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        if "Origin" in request.headers or "Referer" in request.headers:
            raise web.HTTPForbidden(text="Web pages may not read this.\n")
        if not self._is_ours(_host_name(request.headers.get("Host", ""))):
            raise web.HTTPForbidden(text="Ask for this computer by its address or as localhost.\n")
        answer = await handler(request)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    def _is_ours(self, host: str) -> bool:
        """An address is always right, a name only if no page can have made it up."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            ours = {"localhost", self._config.host.lower()}
            if self._config.allow_remote:
                ours |= {socket.gethostname().lower()}
            return host.lower() in ours
        return address.is_loopback or self._config.allow_remote

    async def _metrics(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=await self._figures.page(), headers={"Content-Type": CONTENT_TYPE})

    async def _healthz(self, request: web.Request) -> web.Response:
        del request
        found = health(self._agent)
        return web.Response(
            body=msgspec.json.encode(found) + b"\n",
            status=503 if found.reasons else 200,
            content_type="application/json",
        )


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
