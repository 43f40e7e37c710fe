"""The one door to a WATS server: a session that maps every outcome to what happens next."""

from __future__ import annotations

import asyncio
import io
import ssl
import zlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec
import truststore
from yarl import URL

from stationmaster import __version__
from stationmaster.clock import Clock
from stationmaster.errors import (
    NeedsLoginError,
    NeedsUserError,
    RejectedError,
    StationmasterError,
    TransientError,
)
from stationmaster.model import ProblemCode
from stationmaster.wats.answer import Answer, Receipt, http_date, read_ids, read_receipt, read_version
from stationmaster.wats.certificate import presented_issuer
from stationmaster.wats.compare import names_report, same_report
from stationmaster.wats.failure import mapped

_ANSWER_LIMIT = 64 * 1024
_REPORT_LIMIT = 256 * 1024 * 1024
"""Bytes that are read of an answer, and of a report that is read back."""

_PAGE = 1000
"""Reports that are asked for at once in a list."""

_PIECEMEAL = 256 * 1024
"""Bytes; a larger body goes out in pieces, so that it does not hold the loop up."""


class SecretLike(Protocol):
    """A token that shows itself only when asked."""

    def reveal(self) -> str:
        """The token in clear."""
        ...


TokenGetter = Callable[[], Awaitable[SecretLike | str | None]]


class ServerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is and how to get there.

    Attributes:
        url: base address; a trailing "/" and "/api" are ignored.
        proxy: "http://[user:password@]host:port", "" for none.
        ca_file: a PEM file of certificate authorities to trust beside the system's own.
        timeout: seconds for one whole request.
    """

    url: str
    proxy: str = ""
    ca_file: str = ""
    timeout: float = 30.0


def base_url(url: str) -> str:
    """The address without a trailing "/" and "/api".

    Raises:
        NeedsUserError: it is no http or https address.
    """
    text = url.strip().rstrip("/")
    if text.lower().endswith("/api"):
        text = text[:-4].rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        usable = usable and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise NeedsUserError(
            "server.url is not an http or https address without a user name.",
            code=ProblemCode.CONFIG_INVALID,
            next_step='Enter the address of the WATS server, such as "https://company.wats.com".',
        )
    return text


class WatsClient:
    """A session with one WATS server; use it as an async context manager.

    Never follows a redirect. The token goes out in the `Authorization` header only: it is in no exception,
    receipt or repr.
    """

    def __init__(self, address: ServerAddress, token: TokenGetter, clock: Clock) -> None:
        """Keep the address; the session opens with the first request.

        Raises:
            NeedsUserError: the address is not usable.
        """
        self.address = address
        self.base_url = base_url(address.url)
        self._submit_url = URL(f"{self.base_url}/api/Report/WSJF", encoded=True)
        self._token = token
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        self._secret = ""
        self._headers: dict[str, str] = {}
        self._date = ""
        self._date_at: datetime | None = None
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
        self, method: str, url: URL, *, data: bytes | io.BytesIO | None = None, limit: int = _ANSWER_LIMIT
    ) -> Answer:
        """One HTTP request; foreign errors end here."""
        if not self._secret:
            await self._fetch_token()
        # Another request may forget the token meanwhile; what echoes this one must be masked all the same.
        secret, sent = self._secret, self._headers
        session = self._session or await self._open()
        failure: StationmasterError | aiohttp.ClientConnectorCertificateError
        try:
            async with session.request(
                method,
                url,
                data=data,
                headers=sent,
                allow_redirects=False,
                proxy=self.address.proxy or None,
            ) as response:
                body, complete = await _read(response, limit)
                headers = response.headers
                self._note_date(headers.get("Date", ""))
                return Answer(response.status, headers, body, complete, secret)
        except aiohttp.ClientConnectorCertificateError as error:
            failure = error
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError, zlib.error) as error:
            failure = mapped(error, urlsplit(self.base_url).netloc, self.address.timeout, secret=secret)
        # Raised outside the handler: a foreign error's repr can show request headers, so none is chained.
        if isinstance(failure, aiohttp.ClientConnectorCertificateError):
            failure = await self._untrusted(failure)
        raise failure

    async def _open(self) -> aiohttp.ClientSession:
        """Open the session, once."""
        async with self._opening:
            if self._session is None:
                context: ssl.SSLContext | bool = True
                if self.base_url.startswith("https:"):
                    # Reading the trust store takes tens of milliseconds: not on the loop.
                    context = await asyncio.get_running_loop().run_in_executor(
                        None, _trust, self.address.ca_file
                    )
                timeout = self.address.timeout
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0, ssl=context),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(10.0, timeout)),
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
            ) from None
        secret = found if isinstance(found, str) else found.reveal() if found is not None else ""
        secret = secret.strip()
        if not secret:
            raise NeedsLoginError(
                "No token is stored for this instance.",
                code=ProblemCode.TOKEN_MISSING,
                next_step="Enter the token of the WATS server.",
            )
        if not secret.isascii() or not secret.isprintable():
            raise NeedsLoginError(
                "The stored token holds characters that no token has.",
                code=ProblemCode.LOGIN_REFUSED,
                next_step="Enter the token again, exactly as WATS shows it.",
            )
        self._secret = secret
        self._headers = {
            "Authorization": f"Basic {secret}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            # A compressed answer of unknown size would have to be unpacked before it can be judged.
            "Accept-Encoding": "identity",
            "User-Agent": f"Stationmaster/{__version__}",
        }

    def _note_date(self, value: str) -> None:
        """Learn the server clock's offset. `Date` has whole seconds, so it is half a second off at best."""
        if not value:
            return
        if value != self._date:
            self._date, self._date_at = value, http_date(value)
            if self._date_at is not None:
                self._offset = (self._date_at - self._clock.now()).total_seconds()

    async def _untrusted(self, error: aiohttp.ClientConnectorCertificateError) -> StationmasterError:
        """The problem with a certificate, naming its issuer where that can be learnt."""
        reason = getattr(error.certificate_error, "verify_message", "") or "not valid for this address"
        found = ""
        if not self.address.proxy:
            limit = min(5.0, self.address.timeout)
            found = await presented_issuer(error.host, error.port or 443, timeout=limit)
        issued = f" It was issued by {found}." if found else ""
        return NeedsUserError(
            f"The certificate of {error.host} is not trusted: {reason}.{issued}",
            code=ProblemCode.TLS_UNTRUSTED,
            next_step="If that issuer is your company's own, put its certificate in a file and name it in "
            "server.ca_file.",
        )


def _trust(ca_file: str) -> ssl.SSLContext:
    """The system's trust store plus the extra CA file. Blocking: reads files.

    Raises:
        NeedsUserError: the CA file cannot be read.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            reason = "it holds no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise NeedsUserError(
                f"The CA file {ca_file} cannot be used: {reason}.",
                code=ProblemCode.TLS_UNTRUSTED,
                next_step="Correct server.ca_file.",
            ) from None
    return context


async def _read(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """At most `limit` bytes of the body, unpacked, and whether that is all of it."""
    unpack = _unpacker(response.headers.get("Content-Encoding", ""))
    length = response.content_length
    if unpack is None and length is not None and length <= limit:
        return await response.read(), True
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk if unpack is None else unpack.decompress(chunk, limit + 1 - len(body))
        if len(body) > limit or (unpack is not None and unpack.unconsumed_tail):
            response.close()
            return bytes(body[:limit]), False
    return bytes(body), unpack is None or unpack.eof


def _unpacker(encoding: str) -> zlib._Decompress | None:
    """What unpacks an answer that is compressed although we asked for a plain one."""
    # 32: gzip or zlib, told by the first bytes.
    return zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding.lower() in {"gzip", "deflate"} else None
