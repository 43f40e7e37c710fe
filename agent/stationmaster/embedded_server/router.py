"""Routes by path without regard to case, as the WATS server has it (its clients mix WSJF and Wsjf).

aiohttp's own router knows one case only, so this small one stands in front of the handlers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from stationmaster.embedded_server.error import RequestError

Handler = Callable[[web.Request, dict[str, str]], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        method: "GET" (HEAD goes with it), "POST" or "PUT".
        path: segments as "{name}" match anything and are handed to the handler.
        public: True when it answers without a token (the pages for people).
    """

    method: str
    path: str
    handler: Handler
    public: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A route that matched, and what its placeholders stand for."""

    route: Route
    values: dict[str, str]


class Router:
    """All routes of the server."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Later routes do not replace earlier ones: the first match counts."""
        self._routes = [(route, _segments(route.path)) for route in routes]

    def find(self, method: str, path: str) -> Found:
        """The route for a request.

        Raises:
            RequestError: 404 no such path, 405 not with this method.
        """
        segments = _segments(path)
        allowed: list[str] = []
        for route, pattern in self._routes:
            values = _match(pattern, segments)
            if values is None:
                continue
            if route.method == ("GET" if method == "HEAD" else method):
                return Found(route, values)
            allowed.append(route.method)
        if allowed:
            raise RequestError(f"{path} answers only to {', '.join(sorted(allowed))}.", status=405)
        raise RequestError(f"There is no {path} on this server.", status=404)


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    values: dict[str, str] = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            values[wanted.strip("{}")] = given
        elif wanted.lower() != given.lower():
            return None
    return values
