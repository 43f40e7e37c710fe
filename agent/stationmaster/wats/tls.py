"""The TLS of one session: whom we trust, what we show, and what lies behind a connection that fails."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

import aiohttp

from stationmaster.clock import Clock
from stationmaster.errors import NeedsUserError, StationmasterError
from stationmaster.wats.address import ServerAddress
from stationmaster.wats.answer import Answer
from stationmaster.wats.certificate import presented_issuer, takes_connection, trust, untrusted
from stationmaster.wats.client_certificate import (
    Shown,
    broke_off,
    handshake_refused,
    present,
    refusal_in,
    refusal_on,
    refused,
    replaced,
)
from stationmaster.wats.failure import connect_limit, handshake_failed, host_and_port, tls_hangs

_LOOK = 5.0
"""Seconds that a second look at a server may take at most."""

_ALERT = 2.0
"""Seconds in which a server that does not want our certificate says so."""


class Tls:
    """Of one session; every method may be called where the server is not reached by TLS at all.

    Attributes:
        own: the certificate that is shown where the server asks, None for none.
        heard: the server has answered since the connection broke the last time.
    """

    def __init__(self, address: ServerAddress, url: str, clock: Clock) -> None:
        """Nothing is read yet; `url` is the usable form of the address's."""
        parts = urlsplit(url)
        self.heard = False
        self._address = address
        self._url = url
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        self.own: Shown | None = None

    async def context(self) -> ssl.SSLContext | bool:
        """What the session is to use.

        Raises:
            NeedsUserError: a file of the settings cannot be used.
        """
        if not self._secure:
            return True
        # Reading the trust store takes tens of milliseconds: not on the loop.
        context, self.own = await asyncio.get_running_loop().run_in_executor(None, self._load)
        self._context = context
        return context

    def _load(self) -> tuple[ssl.SSLContext, Shown | None]:
        context = trust(self._address.ca_file)
        return context, self._show(context)

    def _show(self, context: ssl.SSLContext) -> Shown | None:
        address = self._address
        return present(context, address.client_cert, address.client_key) if address.client_cert else None

    async def behind(self, error: Exception) -> StationmasterError | None:
        """What a failed request is to be told as, None where TLS has no part in it."""
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return await self._untrusted(error)
        if not self._secure:
            return None
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return await self._hangs()
        why = refusal_in(error) or await self._unheard(error)
        if why:
            return await self._refused(why)
        if handshake_refused(error) and not self._address.client_cert:
            return handshake_failed(self._url)
        return None

    async def check(self, answer: Answer) -> None:
        """Look for a page that refuses our certificate.

        Raises:
            NeedsUserError: this is one.
        """
        self.heard = True
        if self._secure and (why := refusal_on(answer)):
            raise await self._refused(why)

    async def _refused(self, why: str) -> StationmasterError:
        """Read the files again, too: the next connection shows what lies there by then."""
        server, before, context = host_and_port(self._url), self.own, self._context
        if before is not None and context is not None:
            try:
                self.own = await asyncio.get_running_loop().run_in_executor(None, self._show, context)
            except NeedsUserError as error:
                return error
            if self.own != before:
                return replaced(server, before)
        return refused(server, before, why, now=self._clock.now())

    async def _unheard(self, error: Exception) -> str:
        """The refusal that was lost with a connection which broke; "" for none.

        Asked only where the server has not answered since the last time: an outage is no reason to ask.
        """
        broke = isinstance(error, aiohttp.ServerDisconnectedError) or broke_off(error)
        if not broke or self._address.proxy or self._context is None:
            return ""
        if self.heard:
            self.heard = False
            return ""
        try:
            async with asyncio.timeout(min(_LOOK, self._address.timeout)):
                reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._context)
                try:
                    async with asyncio.timeout(_ALERT):
                        await reader.read(1)  # nothing was sent, so that nothing can push the alert aside
                finally:
                    writer.transport.abort()
        except OSError as found:  # a TimeoutError is one
            return refusal_in(found)
        return ""

    async def _hangs(self) -> StationmasterError | None:
        """No connection in time: is it the network, or does TLS on top of it not come about?"""
        timeout = self._address.timeout
        limit = min(_LOOK, connect_limit(timeout))
        if self._address.proxy or not await takes_connection(self._host, self._port, timeout=limit):
            return None
        return tls_hangs(self._url, timeout)

    async def _untrusted(self, error: aiohttp.ClientConnectorCertificateError) -> StationmasterError:
        """The problem with a certificate, naming its issuer where that can be learnt."""
        reason = getattr(error.certificate_error, "verify_message", "") or "not valid for this address"
        found = ""
        if not self._address.proxy:
            limit = min(_LOOK, self._address.timeout)
            found = await presented_issuer(error.host, error.port or 443, timeout=limit)
        return untrusted(error.host, reason, found)
