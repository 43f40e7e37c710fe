"""How one request got to the server: when each part of its way was behind it. Only the doctor asks."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiohttp

from stationmaster.clock import Clock
from stationmaster.model import Hop


class Journey:
    """Seconds by hop, of the last connection that was made.

    Attributes:
        seconds: those that were passed; `tcp` holds that of `tls` and `proxy` too.
    """

    def __init__(self, clock: Clock, passed: Callable[[Hop], None] | None = None) -> None:
        """Nothing was sent yet; `passed` hears of each part as soon as it is behind the request."""
        self._clock = clock
        self._passed = passed
        self._since: dict[Hop, float] = {}
        self.seconds: dict[Hop, float] = {}

    def trace(self) -> aiohttp.TraceConfig:
        """What the session is to call."""
        trace = aiohttp.TraceConfig()
        trace.on_dns_resolvehost_start.append(self._begin(Hop.DNS))
        trace.on_dns_resolvehost_end.append(self._end(Hop.DNS))
        trace.on_connection_create_start.append(self._begin(Hop.TCP))
        trace.on_connection_create_end.append(self._end(Hop.TCP))
        trace.on_request_start.append(self._begin(Hop.SERVER))
        trace.on_request_end.append(self._end(Hop.SERVER))
        return trace

    def _begin(self, hop: Hop) -> Any:
        async def note(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:
            self._since[hop] = self._clock.monotonic()

        return note

    def _end(self, hop: Hop) -> Any:
        async def note(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:
            self.seconds[hop] = self._clock.monotonic() - self._since.get(hop, self._clock.monotonic())
            if self._passed is not None:
                self._passed(hop)

        return note
