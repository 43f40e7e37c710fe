"""The oracle: a plain, append-only, WATS-shaped server that can be told to misbehave.

It de-duplicates nothing. Every request is appended to `requests.jsonl` and fsynced before it is answered, so
that a test knows what the server has seen, whatever was killed. Use it in a test's loop (`Oracle`) or as a
process: `python -m fakes.oracle --dir D [--port P] [--delay S] [--token T] [--script FILE]` prints its port.
A running oracle takes new rules by `PUT /_oracle/rules`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import signal
import socket
import ssl
import struct
import sys
import time
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from fakes.oracle_script import Act, Behaviour, Route, Script
from stationmaster.clock import Clock

VERSION = "2026.1.5.324"
FOREIGN = "00000000-0000-4000-8000-00000000f0f0"
_CANNED: dict[Act, tuple[int, dict[str, str], str]] = {
    Act.HTML: (200, {"Content-Type": "text/html"}, "<html><body>Welcome to our Wi-Fi</body></html>"),
    Act.REDIRECT: (302, {"Location": "https://portal.example/login?next=wats"}, ""),
    Act.CONFLICT: (409, {"Content-Type": "text/plain"}, "The report exists already"),
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One request as the log has it.

    Attributes:
        act: what the oracle did.
        committed: True when a submitted report counts as stored.
    """

    n: int
    at: float
    method: str
    path: str
    route: str
    act: str
    status: int
    committed: bool = False
    report_id: str = ""
    digest: str = ""
    size: int = 0
    authorization: str = ""
    payload: str = ""


def read_log(folder: Path) -> Iterator[Seen]:
    """The requests so far; a last line that a kill cut short is left out."""
    path = folder / "requests.jsonl"
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield msgspec.json.decode(line, type=Seen)


def committed(folder: Path) -> dict[str, list[str]]:
    """Digest of every committed payload, by report id, in the order of arrival."""
    found: dict[str, list[str]] = {}
    for seen in read_log(folder):
        if seen.committed:
            found.setdefault(seen.report_id, []).append(seen.digest)
    return found


class Oracle:
    """The server. `aclose` ends it at once, also requests that hang.

    Attributes:
        clock: the source of its `Date`, where a test has its own.
        date: a fixed `Date` instead of the clock's.
    """

    def __init__(
        self, folder: Path, script: Script | None = None, *, token: str = "", delay: float = 0.0
    ) -> None:
        self.folder = folder
        self.script = script or Script()
        self.token = token
        self.delay = delay
        self.date: str | None = None
        self.clock: Clock | None = None
        self.processes: list[dict[str, object]] | None = None
        self.stored: dict[str, str] = {}
        self.seen: list[Seen] = []
        self.port = 0
        self.scheme = "http"
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        folder.mkdir(parents=True, exist_ok=True)
        for seen in read_log(folder):
            self._remember(seen)
        self._log = os.open(folder / "requests.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def url(self) -> str:
        """Base address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def start(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        """Listen; a stopped oracle can be started again."""
        self._closing.clear()
        self.scheme = "https" if context else "http"
        app = web.Application(client_max_size=256 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, "127.0.0.1", port or self.port, ssl_context=context, reuse_address=True
        )
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening: the server is away. The port stays ours for the next `start`."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def aclose(self) -> None:
        """End. Idempotent."""
        await self.stop()
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    def submits(self) -> list[Seen]:
        """The submitted reports, in the order of arrival."""
        return [seen for seen in self.seen if seen.route == "submit"]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        path = request.path.lower()
        if path == "/_oracle/rules":
            self.script = Script.from_json(body)
            return web.json_response({})
        route = self._route(request.method, path)
        behaviour = self.script.pick(route, body)
        if behaviour.act is Act.OK and self.token and not self._authorized(request):
            behaviour = Behaviour(act=Act.STATUS, status=401, text="Invalid token")
        if behaviour.act is Act.OK and route in {"any", "client"}:
            behaviour = Behaviour(act=Act.STATUS, status=404, text="No such route")
        if behaviour.act is Act.OK and route == "submit" and not body:
            behaviour = Behaviour(act=Act.STATUS, status=400, text="The body holds no report")
        self._record(request, route, body, behaviour)
        if self.delay or behaviour.seconds:
            await self._pause(self.delay + behaviour.seconds)
        response = await self._answer(request, route, body, behaviour)
        if not response.prepared and self.clock is not None:
            response.headers["Date"] = self.date or format_datetime(self.clock.now(), usegmt=True)
        return response

    def _route(self, method: str, path: str) -> Route:
        if path == "/api/report/wsjf" and method == "POST":
            return "submit"
        if path.startswith("/api/report/wsjf/"):
            return "read"
        if path == "/api/app/processes" and self.processes is not None:
            return "processes"
        if path.startswith(("/api/client/", "/api/internal/auth/")):
            return "client"
        return "ping" if path in {"/api/app/version", "/api/internal/client/ping"} else "any"

    def _authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Basic {self.token}"

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return

    def _record(self, request: web.Request, route: Route, body: bytes, behaviour: Behaviour) -> None:
        """Append and fsync: this happens before any answer."""
        stored = route == "submit" and behaviour.commits
        seen = Seen(
            n=len(self.seen) + 1,
            at=time.time(),
            method=request.method,
            path=request.path_qs,
            route=route,
            act=behaviour.act,
            status=behaviour.status,
            committed=stored,
            report_id=report_id(body) if route == "submit" else "",
            digest=hashlib.sha256(body).hexdigest() if body else "",
            size=len(body),
            authorization=request.headers.get("Authorization", ""),
            payload=body.decode("utf-8", "replace") if stored else "",
        )
        os.write(self._log, msgspec.json.encode(seen) + b"\n")
        os.fsync(self._log)
        self._remember(seen)

    def _remember(self, seen: Seen) -> None:
        if seen.committed:
            self.stored[seen.report_id] = seen.payload
            seen = msgspec.structs.replace(seen, payload="")
        self.seen.append(seen)

    async def _answer(
        self, request: web.Request, route: Route, body: bytes, behaviour: Behaviour
    ) -> web.StreamResponse:
        act = behaviour.act
        if act in {Act.HANG, Act.RESET, Act.COMMIT_THEN_DROP}:
            if act is Act.HANG:
                await self._closing.wait()
            return _cut(request)
        if act in _CANNED:
            code, headers, text = _CANNED[act]
            return web.Response(status=code, headers=headers, text=text)
        if act is Act.STATUS:
            return web.Response(status=behaviour.status, text=behaviour.text, headers=behaviour.headers)
        answer = self._good(route, request, FOREIGN if act is Act.FOREIGN_ID else report_id(body))
        if act is Act.TRUNCATED:
            return await _truncated(request, answer)
        return answer

    def _good(self, route: Route, request: web.Request, name: str) -> web.Response:
        if route == "processes":
            return web.json_response(self.processes)
        if route == "ping":
            return web.json_response(VERSION)
        if route == "read":
            stored = self.stored.get(request.path.rpartition("/")[2].lower())
            if stored is None:
                return web.Response(status=404, text="No such report")
            return web.Response(text=stored, content_type="application/json")
        return web.json_response({"ID": name, "uuid": name, "Report_ID": len(self.stored)})


def report_id(body: bytes) -> str:
    """The id in a submitted report, in lower case; "" when there is none."""
    try:
        value: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ""
    if isinstance(value, list) and value:
        value = value[0]
    return str(value.get("id", "")).lower() if isinstance(value, dict) else ""


def _cut(request: web.Request) -> web.Response:
    """End the connection with a reset, without an answer."""
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _truncated(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Promise the whole answer, send half of it, and close."""
    whole = bytes(answer.body) if isinstance(answer.body, bytes) else b"{}"
    response = web.StreamResponse(
        headers={"Content-Type": "application/json", "Content-Length": str(len(whole))}
    )
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _main(arguments: argparse.Namespace) -> None:
    script = Script.from_json(arguments.script.read_bytes()) if arguments.script else None
    stop = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    oracle = Oracle(arguments.dir, script, token=arguments.token, delay=arguments.delay)
    context = None
    if arguments.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.cert, arguments.key)
    await oracle.start(arguments.port, context)
    sys.stdout.write(f"{oracle.port}\n")
    sys.stdout.flush()
    await stop.wait()
    await oracle.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A WATS-shaped server that misbehaves on demand.")
    parser.add_argument("--dir", type=Path, required=True, help="folder of the request log")
    parser.add_argument("--port", type=int, default=0, help="0 picks one")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds each answer takes")
    parser.add_argument("--token", default="", help="answer 401 to other tokens")
    parser.add_argument("--script", type=Path, help="JSON list of rules")
    parser.add_argument("--cert", default="", help="serve HTTPS with this certificate")
    parser.add_argument("--key", default=None, help="its key")
    asyncio.run(_main(parser.parse_args()))
