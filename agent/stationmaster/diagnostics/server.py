"""The way to the server, hop by hop, walked with the very client that the uploader uses."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from stationmaster.clock import Clock
from stationmaster.config.rule import IN_CLEAR, IN_CLEAR_STEP, in_clear
from stationmaster.config.secrets import Secret
from stationmaster.deliver.board import shown_as, told
from stationmaster.deliver.link import CLOCK_STEP, clock_text
from stationmaster.diagnostics.check import good, of_problem, skipped, warned
from stationmaster.errors import NeedsUserError, TransientError
from stationmaster.model import Check, CheckState, Hop, ProblemCode
from stationmaster.wats.certificate import presented_issuer
from stationmaster.wats.client import ServerAddress, WatsClient
from stationmaster.wats.failure import host_and_port
from stationmaster.wats.journey import Journey

_ISSUER_LIMIT = 5.0
_RENEWAL = timedelta(days=14)
"""A client certificate that ends sooner is a warning."""
_RENEWAL_STEP = "Put a new one into the file that server.client_cert names."
_NONE_GIVEN = "Not checked: no token was handed over (--token-stdin)."


class ServerWay:
    """Walks the way once; `walk` gives the checks in order."""

    def __init__(
        self,
        address: ServerAddress,
        secret: Secret | None,
        *,
        clock: Clock,
        instance: str,
        tell: Callable[[Check], None] | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            address: where the server is.
            secret: the token; None: there is none, what needs one is skipped.
            instance: whose way it is; "" for an address that is no instance's yet.
            tell: gets each check as it is made, for who does not want to wait for all.
        """
        self._address = address
        self._secret = secret
        self._clock = clock
        self._instance = instance
        self._tell = tell
        self._client: WatsClient | None = None
        self._journey = Journey(clock, self._behind_request)
        self._left = _hops(address)
        self._began = clock.monotonic()
        self.checks: list[Check] = []

    async def walk(self) -> list[Check]:
        """All hops; after the first that fails the others are skipped."""
        try:
            client = WatsClient(self._address, self._token, self._clock, journey=self._journey)
        except NeedsUserError as error:
            self._failed(error)
            return self.checks
        self._client = client
        async with client:
            await self._ask(client)
        return self.checks

    async def _ask(self, client: WatsClient) -> None:
        version = ""
        async with self._failing():
            version = await client.greet()
            await self._arrived(client, version)
        if not self._left:
            return
        if self._secret is None:
            self._skip(Hop.TOKEN, Hop.LOGIN, Hop.PERMISSION, text="" if self._instance else _NONE_GIVEN)
        else:
            async with self._failing(then=Hop.CLOCK):
                version = await client.version()
                self._passed(Hop.LOGIN, f"WATS {version} accepts the token.", details={"version": version})
                self._permission(await client.may_submit())
        if self._left:
            self._clocks(client.clock_offset)

    @contextlib.asynccontextmanager
    async def _failing(self, *, then: Hop | None = None) -> AsyncIterator[None]:
        """What fails inside ends the way, but for the hop `then`, which needs only an answer."""
        try:
            yield
        except (TransientError, NeedsUserError) as error:
            self._failed(error, then=then)

    async def _token(self) -> Secret | None:
        return self._secret

    # ---------------------------------------------------------------- what came of each hop
    async def _arrived(self, client: WatsClient, version: str) -> None:
        """The server answered: so all hops before it are well."""
        self._behind(Hop.SERVER, client)
        if Hop.TLS in self._left:
            await self._trusted(client)
        text = f"WATS {version} answers." if version else "The server answers; it asks for the token first."
        details = {"version": version} if version else {}
        self._passed(Hop.SERVER, text, subject=host_and_port(client.base_url), details=details)

    async def _trusted(self, client: WatsClient) -> None:
        parts = urlsplit(self._address.url)
        issuer = ""
        if not self._address.proxy:
            limit = min(_ISSUER_LIMIT, self._address.timeout)
            issuer = await presented_issuer(parts.hostname or "", parts.port or 443, timeout=limit)
        text = f"The certificate is trusted{f'; it was issued by {issuer}' if issuer else ''}."
        own, details = client.shown, {"issuer": issuer} if issuer else {}
        if own and own.until:
            until = f"{own.until:%Y-%m-%d}"
            details |= {"client_certificate": own.name, "valid_until": until}
            text = f"{text} That of this station is valid until {until}."
            if own.until - self._clock.now() < _RENEWAL:
                self._add(warned(Hop.TLS, text, _RENEWAL_STEP, instance=self._instance))
                return
        self._passed(Hop.TLS, text, details=details)

    def _behind_request(self, hop: Hop) -> None:
        """The first request has come so far: what lies before is well, whatever comes of the answer.

        Only up to the connection: through a proxy without TLS it is the answer that lets us through or not.
        """
        after = {Hop.DNS: Hop.TCP, Hop.TCP: Hop.PROXY if self._address.proxy else Hop.SERVER}.get(hop)
        if after is not None and self._client is not None and after in self._left:
            self._behind(after, self._client)

    def _behind(self, hop: Hop, client: WatsClient) -> None:
        """These hops come before `hop`, and it was reached."""
        parts = urlsplit(self._address.proxy or self._address.url)
        place, host = host_and_port(parts.geturl()), parts.hostname or ""
        found = ", ".join(client.addresses)
        words = {
            Hop.ADDRESS: ("It is valid.", ""),
            Hop.DNS: (f"The name {host} leads to {found or 'an address'}.", host),
            Hop.TCP: (f"{place} takes the connection.", place),
            Hop.PROXY: (f"The proxy {place} lets us through.", place),
        }
        for one, (text, subject) in words.items():
            if one in self._left and self._left.index(one) < self._left.index(hop):
                self._passed(one, text, subject=subject, details={"addresses": found} if found else {})

    def _permission(self, unclear: str) -> None:
        if not unclear:
            self._passed(Hop.PERMISSION, "The token may submit reports.")
            return
        step = "Nothing to do, if reports are delivered; else ask the server's administrator."
        self._add(warned(Hop.PERMISSION, unclear, step, instance=self._instance))

    def _clocks(self, offset: float | None) -> None:
        text = "" if offset is None else clock_text(offset)
        if offset is None:
            step = "Nothing to do: WATS itself tells its time."
            self._add(warned(Hop.CLOCK, "The server does not tell its time.", step, instance=self._instance))
        elif text:
            problem = shown_as(
                ProblemCode.CLOCK_OFFSET,
                text,
                CLOCK_STEP,
                instance=self._instance,
                since=self._clock.now(),
            )
            self._add(of_problem(problem, Hop.CLOCK, state=CheckState.FAILED))
        else:
            self._passed(Hop.CLOCK, f"The clocks of station and server differ by {abs(offset):.0f} s.")

    # ---------------------------------------------------------------- keeping the order
    def _passed(
        self, hop: Hop, text: str, *, subject: str = "", details: Mapping[str, str] | None = None
    ) -> None:
        seconds = self._journey.seconds.get(hop, 0.0)
        self._add(good(hop, text, instance=self._instance, subject=subject, seconds=seconds, details=details))

    def _failed(self, error: TransientError | NeedsUserError, *, then: Hop | None = None) -> None:
        hop = Hop(error.hop) if error.hop else Hop.SERVER
        if hop not in self._left:  # it was passed a moment ago: the way broke meanwhile
            hop = self._left[0]
        parts = urlsplit(self._address.proxy or self._address.url)
        place = host_and_port(parts.geturl()) if hop is not Hop.ADDRESS else ""
        for one in self._left[: self._left.index(hop)]:
            self._passed(
                one, _REACHED.get(one, "{place} was passed.").format(place=place, host=parts.hostname)
            )
        problem = told(error, self._instance, self._clock.now())
        seconds = self._clock.monotonic() - self._began
        self._add(of_problem(problem, hop, state=CheckState.FAILED, seconds=seconds))
        self._skip(hop, *(one for one in self._left if one is not then))

    def _skip(self, because: Hop, *hops: Hop, text: str = "") -> None:
        for one in hops:
            self._add(skipped(one, because, instance=self._instance, text=text))

    def _add(self, check: Check) -> None:
        if check.name in self._left:
            self._left.remove(check.name)
        self.checks.append(check)
        if self._tell is not None:
            self._tell(check)


_REACHED = {
    Hop.ADDRESS: "It is valid.",
    Hop.DNS: "The name {host} can be resolved.",
    Hop.TCP: "{place} takes the connection.",
    Hop.PROXY: "The proxy {place} lets us through.",
    Hop.TLS: "The certificate is trusted.",
    Hop.SERVER: "The server answers.",
    Hop.LOGIN: "The server accepts the token.",
    Hop.PERMISSION: "The token may submit reports.",
}


def clear_text(url: str, instance: str) -> list[Check]:
    """A warning of an address without TLS on a network."""
    if not in_clear(url):
        return []
    return [warned(Hop.TLS, IN_CLEAR[:1].upper() + IN_CLEAR[1:], IN_CLEAR_STEP, instance=instance)]


def _hops(address: ServerAddress) -> list[Hop]:
    """Those that this way has."""
    hops = [Hop.ADDRESS, Hop.DNS, Hop.TCP, Hop.PROXY, Hop.TLS, Hop.SERVER, Hop.LOGIN, Hop.PERMISSION]
    missing = set()
    if _is_number(address.proxy or address.url):
        missing.add(Hop.DNS)
    if not address.proxy:
        missing.add(Hop.PROXY)
    if not address.url.lower().startswith("https:"):
        missing.add(Hop.TLS)
    return [one for one in [*hops, Hop.CLOCK] if one not in missing]


def _is_number(url: str) -> bool:
    """The host is an IP address, which nobody resolves."""
    try:
        ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    return True
