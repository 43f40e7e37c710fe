"""The built-in server, switched on to try things with, and off again where nothing comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Container, Iterator
from typing import Any

from stationmaster.errors import StationmasterError
from stationmaster.model import AgentStatus, Problem, ProblemCode
from stationmaster_tray.desk import Desk
from stationmaster_tray.text import tr

_PATIENCE = 30.0
"""Seconds for the agent to open its database and listen."""
_PORTS = 20
"""So many ports are tried, from the one in the settings on."""


class TryServer:
    """`off` undoes what `on` did, and only that."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is switched."""
        self._desk = desk
        self._undo: dict[str, Any] = {}

    async def on(self) -> str:
        """Have it run; returns its address.

        Raises:
            StationmasterError: it does not start.
        """
        running = (await self._desk.client.status()).embedded_server
        if running:
            return running
        before = (await self._desk.client.agent_config()).values["embedded_server"]
        port = await asyncio.to_thread(_free_port, int(before["port"]))
        patch: dict[str, Any] = {"embedded_server.enabled": True}
        if not before["enabled"]:
            self._undo["embedded_server.enabled"] = None
        if port != before["port"]:
            patch["embedded_server.port"] = port
            self._undo.setdefault("embedded_server.port", before["port"])
        known = {problem.text for problem in _troubles(self._desk.seen.status)}
        while True:
            await self._desk.client.configure_agent(patch)
            answer = await self._outcome(known)
            if isinstance(answer, str):
                return answer
            taken, port = port, await asyncio.to_thread(_free_port, port)
            if port == taken:
                raise StationmasterError(answer.text, next_step=answer.next_step)
            # Another program took it between our look and the agent's, such as an agent set up just now.
            known.add(answer.text)
            patch = {"embedded_server.port": port}
            self._undo.setdefault("embedded_server.port", before["port"])

    async def _outcome(self, known: Container[str]) -> str | Problem:
        """The server's address, or why it does not run; `known` are texts of earlier troubles.

        Raises:
            StationmasterError: it is neither there in time nor told to be in trouble.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE), contextlib.AsyncExitStack() as stack:
                news = asyncio.Event()
                stack.enter_context(_told(self._desk, news))
                while True:
                    news.clear()
                    status = self._desk.seen.status
                    if status is not None and status.embedded_server:
                        return status.embedded_server
                    for problem in _troubles(status):
                        if problem.text not in known:
                            return problem
                    await news.wait()
        raise StationmasterError(
            tr("The built-in server does not start."), next_step=tr("The log says more; or try it again.")
        )

    async def off(self) -> None:
        """As it was before."""
        undo, self._undo = self._undo, {}
        if undo:
            await self._desk.client.configure_agent(undo)


def _troubles(status: AgentStatus | None) -> list[Problem]:
    problems = status.problems if status is not None else ()
    return [one for one in problems if one.code is ProblemCode.EMBEDDED_SERVER_UNAVAILABLE]


@contextlib.contextmanager
def _told(desk: Desk, news: asyncio.Event) -> Iterator[None]:
    """`news` is set with each snapshot."""

    def tell(_seen: AgentStatus) -> None:
        news.set()

    desk.session.changed.connect(tell)
    try:
        yield
    finally:
        desk.session.changed.disconnect(tell)


def _free_port(first: int) -> int:
    """The first port from there on that nothing listens at; `first` where all are taken. Blocks shortly."""
    for port in range(first, min(first + _PORTS, 65536)):
        with contextlib.suppress(OSError), socket.socket() as trial:
            trial.bind(("127.0.0.1", port))
            return port
    return first
