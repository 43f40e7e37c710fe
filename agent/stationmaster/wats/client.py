"""The one door to a WATS server: a session that maps every outcome to what happens next."""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol, Self

import aiohttp
from yarl import URL

from stationmaster import __version__
from stationmaster.clock import Clock
from stationmaster.errors import (
    NeedsLoginError,
    RejectedError,
    StationmasterError,
    TransientError,
)
from stationmaster.model import Hop, ProblemCode
from stationmaster.wats.address import ServerAddress, base_url
from stationmaster.wats.answer import (
    Answer,
    Receipt,
    http_date,
    proxy_login,
    read_greeting,
    read_ids,
    read_permission,
    read_receipt,
    read_version,
)
from stationmaster.wats.body import read_body
from stationmaster.wats.client_certificate import Shown
from stationmaster.wats.compare import names_report, same_report
from stationmaster.wats.failure import connect_limit, host_and_port, mapped, resolve_limit
from stationmaster.wats.journey import Journey
from stationmaster.wats.process import EVERYTHING, Process, read_processes
from stationmaster.wats.process import ROUTE as PROCESSES
from stationmaster.wats.resolver import Resolver
from stationmaster.wats.tls import Tls

__all__ = ["SecretLike", "ServerAddress", "TokenGetter", "WatsClient"]

_ANSWER_LIMIT = 64 * 1024
_LIST_LIMIT = 4 * 1024 * 1024
_REPORT_LIMIT = 256 * 1024 * 1024
"""Bytes that are read of an answer, of a list, and of a report that is read back."""

_PAGE = 1000
"""Reports that are asked for at once in a list."""

_PIECEMEAL = 256 * 1024
"""Bytes; a larger body goes out in pieces, so that it does not hold the loop up."""


_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    # A compressed answer of unknown size would have to be unpacked before it can be judged.
    "Accept-Encoding": "identity",
    "User-Agent": f"Stationmaster/{__version__}",
}


class SecretLike(Protocol):
    """A token that shows itself only when asked."""

    def reveal(self) -> str:
        """The token in clear."""
        ...


TokenGetter = Callable[[], Awaitable[SecretLike | str | None]]


class WatsClient:
    """A session with one WATS server; use it as an async context manager.

    Never follows a redirect. The token goes out in the `Authorization` header only: it is in no exception,
    receipt or repr.
    """

    def __init__(
        self, address: ServerAddress, token: TokenGetter, clock: Clock, *, journey: Journey | None = None
    ) -> None:
        """Keep the address; the session opens with the first request.

        Args:
            journey: notes how the requests get to the server.

        Raises:
            NeedsUserError: the address is not usable.
        """
        self.address = address
        self.base_url = base_url(address.url)
        self._tls = Tls(address, self.base_url, clock)
        self._submit_url = URL(f"{self.base_url}/api/Report/WSJF", encoded=True)
        self._token = token
        self._clock = clock
        self._journey = journey
        self._resolver: Resolver | None = None
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        self._secret = ""
        self._headers: dict[str, str] = {}
        self._date = ""
        self._date_at: datetime | None = None
        self._date_seen = 0.0
        self._offset: float | None = None

    def __repr__(self) -> str:
        return f"WatsClient({self.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the session. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def clock_offset(self) -> float | None:
        """Seconds the server's clock is ahead of ours, from its last `Date`; None before the first answer."""
        return self._offset

    @property
    def server_time(self) -> datetime | None:
        """What the server's clock shows, whatever was done to ours since; None before the first answer."""
        if self._date_at is None:
            return None
        return self._date_at + timedelta(seconds=self._clock.monotonic() - self._date_seen)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that the name of the server, or of the proxy, was last found to have."""
        return self._resolver.found if self._resolver else ()

    @property
    def shown(self) -> Shown | None:
        """Our own certificate, None where there is none, or no session yet."""
        return self._tls.own

    def credentials_changed(self) -> None:
        """Forget the token; the next request asks the getter again."""
        self._secret = ""

    async def submit(self, report_id: str, payload: bytes) -> Receipt:
        """Deliver one report. The server keeps one report per id: sending again is safe.

        Raises:
            TransientError: try again.
            NeedsUserError: the link is held until a person acts.
            RejectedError: the server refused this report for good.
        """
        body = payload if len(payload) <= _PIECEMEAL else io.BytesIO(payload)
        answer = await self._request("POST", self._submit_url, data=body)
        if answer.status == 409:
            return await self._read_back(report_id, payload)
        return read_receipt(answer, report_id, now=self._clock.now())

    async def version(self) -> str:
        """The server's version, such as "2026.1.5.324"; raises as `submit` does."""
        answer = await self._request("GET", URL(f"{self.base_url}/api/App/Version", encoded=True))
        return read_version(answer, now=self._clock.now())

    async def ping(self) -> None:
        """Return when a WATS server answers; raises as `submit` does."""
        await self.version()

    async def greet(self) -> str:
        """The server's version, asked for without a token; "" where it asks for one. Raises as `submit`."""
        url = URL(f"{self.base_url}/api/App/Version", encoded=True)
        return read_greeting(await self._request("GET", url, anonymous=True), now=self._clock.now())

    async def may_submit(self) -> str:
        """Ask whether the token may submit reports: a submit without a body, which can make no report.

        It leaves a line in the server's log, nothing else.

        Returns:
            "" where it may, else why that cannot be told; raises as `submit` does where it may not.
        """
        return read_permission(await self._request("POST", self._submit_url), now=self._clock.now())

    async def processes(self) -> tuple[Process, ...]:
        """All processes that the server knows, also those out of use; raises as `submit` does."""
        url = URL(f"{self.base_url}{PROCESSES}", encoded=True).with_query(EVERYTHING)
        answer = await self._request("GET", url, limit=_LIST_LIMIT)
        return read_processes(answer, now=self._clock.now())

    async def ask(
        self, method: str, route: str, *, query: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Any other request; the caller reads the answer. Raises as `submit` does where none comes."""
        url = URL(f"{self.base_url}{route}", encoded=True)
        return await self._request(method, url.with_query(query) if query else url, data=body)

    async def report(self, report_id: str) -> bytes:
        """A report as the server keeps it, with charts and attachments; WSJF bytes.

        Raises:
            RejectedError: the server has no such report, or does not hand it out; else as `submit`.
        """
        stored = await self._stored(report_id)
        if stored.status == 200 and stored.complete:
            return stored.body
        raise RejectedError(f"The server answered {stored.status} when asked for report {report_id}.")

    async def report_ids(self) -> list[str]:
        """The ids of all reports on the server, tests and repairs, in lower case; raises as `version` does.

        Meant for small servers that nobody else writes to: it asks for page after page.
        """
        url = URL(f"{self.base_url}/api/Report/Query/Header", encoded=True)
        found: list[str] = []
        for kind in ("U", "R"):
            page, skip = [""] * _PAGE, 0
            while len(page) == _PAGE:
                query = {"reportType": kind, "$select": "uuid", "$orderby": "uuid"}
                query |= {"$top": str(_PAGE), "$skip": str(skip)}
                answer = await self._request("GET", url.with_query(query), limit=_REPORT_LIMIT)
                page = read_ids(answer, now=self._clock.now())
                found += page
                skip += _PAGE
        return found

    async def _read_back(self, report_id: str, payload: bytes) -> Receipt:
        """409: the server holds this id already. The same content is a delivery, another is refused."""
        stored = await self._stored(report_id)
        if stored.status == 200 and stored.complete:
            if same_report(payload, stored.body):
                note = "the server held the same report already"
                return Receipt(status=409, body=note, server_id=report_id)
            if names_report(stored.body, report_id):
                raise RejectedError(
                    f"The server refused the report (409): it holds another report under the id {report_id}.",
                    next_step="Compare the two reports; give this one an id of its own, or dismiss it.",
                )
        if stored.status not in {200, 404}:
            read_receipt(stored, report_id, now=self._clock.now())
        # A page that something in between gave, half an answer, or a report that is not filed yet.
        raise TransientError(
            f"The server answered 409, and {stored.status} without the report when it was read back.",
            alone=True,
            code=ProblemCode.SERVER_ANSWER_FOREIGN,
        )

    async def _stored(self, report_id: str) -> Answer:
        """Ask for all that the server keeps of a report."""
        url = URL(f"{self.base_url}/api/Report/Wsjf/{report_id}", encoded=True)
        everything = {"detailLevel": "7", "includeChartdata": "true", "includeAttachments": "true"}
        return await self._request("GET", url.with_query(everything), limit=_REPORT_LIMIT)

    async def _request(
        self,
        method: str,
        url: URL,
        *,
        data: bytes | io.BytesIO | None = None,
        limit: int = _ANSWER_LIMIT,
        anonymous: bool = False,
    ) -> Answer:
        """One HTTP request; foreign errors end here."""
        if not self._secret and not anonymous:
            await self._fetch_token()
        # Another request may forget the token meanwhile; what echoes this one must be masked all the same.
        secret, sent = ("", _HEADERS) if anonymous else (self._secret, self._headers)
        session = self._session or await self._open()
        proxy = self.address.proxy
        failure: Exception
        try:
            async with session.request(
                method,
                url,
                data=data,
                headers=sent,
                allow_redirects=False,
                proxy=proxy or None,
            ) as response:
                body, complete = await read_body(response, limit)
                headers = response.headers
                self._note_date(headers.get("Date", ""))
                if response.status == 407 and proxy:
                    raise proxy_login(host_and_port(proxy))
                answer = Answer(response.status, headers, body, complete, secret)
            await self._tls.check(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError, zlib.error) as error:
            failure = error
        else:
            return answer
        # Raised outside the handler: a foreign error's repr can show request headers, so none is chained.
        raise await self._explained(failure, secret)

    async def _explained(self, error: Exception, secret: str) -> StationmasterError:
        """A foreign error as one of ours."""
        address = self.address
        behind = await self._tls.behind(error)
        return behind or mapped(error, self.base_url, address.timeout, proxy=address.proxy, secret=secret)

    async def _open(self) -> aiohttp.ClientSession:
        """Open the session, once."""
        async with self._opening:
            if self._session is None:
                context = await self._tls.context()
                timeout = self.address.timeout
                self._resolver = Resolver(resolve_limit(timeout))
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0, ssl=context, resolver=self._resolver),
                    trace_configs=[self._journey.trace()] if self._journey else None,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=connect_limit(timeout)),
                    trust_env=False,
                    auto_decompress=False,  # unpacked here, within the limit
                )
            return self._session

    async def _fetch_token(self) -> None:
        """Ask the getter for the token and build the headers of every request."""
        try:
            async with asyncio.timeout(self.address.timeout):
                found = await self._token()
        except TimeoutError:
            raise NeedsLoginError(
                "The token store did not answer in time.",
                code=ProblemCode.KEYRING_UNAVAILABLE,
                next_step="Unlock the keyring, or keep the token in another store.",
                hop=Hop.TOKEN,
            ) from None
        secret = found if isinstance(found, str) else found.reveal() if found is not None else ""
        secret = secret.strip()
        if not secret:
            raise NeedsLoginError(
                "No token is stored for this station.",
                code=ProblemCode.TOKEN_MISSING,
                next_step="Enter the token of the WATS server.",
                hop=Hop.TOKEN,
            )
        if not secret.isascii() or not secret.isprintable():
            raise NeedsLoginError(
                "The stored token holds characters that no token has.",
                code=ProblemCode.LOGIN_REFUSED,
                next_step="Enter the token again, exactly as WATS shows it.",
                hop=Hop.TOKEN,
            )
        self._secret = secret
        self._headers = {"Authorization": f"Basic {secret}", **_HEADERS}

    def _note_date(self, value: str) -> None:
        """Learn the server clock's offset. `Date` has whole seconds, so it is half a second off at best."""
        if not value:
            return
        if value != self._date:
            self._date, self._date_at = value, http_date(value)
            if self._date_at is not None:
                self._date_seen = self._clock.monotonic()
                self._offset = (self._date_at - self._clock.now()).total_seconds()
