"""Reads a server's answer to a submitted report: pure, no I/O.

One function, `read_receipt`, returns a `Receipt` or raises what happens next. The rule book is
"HTTP on submit" in the architecture: a report counts as delivered only by a 2xx whose JSON names its id.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import msgspec

from stationmaster.api.text import printable
from stationmaster.errors import NeedsLoginError, NeedsUserError, RejectedError, TransientError
from stationmaster.model import Hop, ProblemCode
from stationmaster.secrecy import hide
from stationmaster.sentence import closed

T = TypeVar("T")

BODY_LIMIT = 2048
"""Bytes of an answer that receipts and reasons keep."""

_EMPTY_REFUSED = frozenset({400, 411, 413, 415, 422})
"""What a server answers to a submit without a body, once it has let the token in."""

RETRY_AFTER_LIMIT = 3600.0
"""No `Retry-After` holds us longer than this: a mistyped date must not stop a station for a year."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """An HTTP answer as far as we read it.

    Attributes:
        body: the first bytes of the body; `complete` tells whether that is all of it.
        secret: the token the request carried; it is cut out of every text made from this answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    secret: str = ""

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, body={len(self.body)} bytes)"


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Proof of delivery.

    Attributes:
        status: the HTTP status; 409 when the server already held the same content.
        body: the server's answer, at most 2 kB.
        server_id: the report's id on the server.
    """

    status: int
    body: str
    server_id: str

    def text(self) -> str:
        """The receipt as JSON text, as the spool stores it."""
        return _encoder.encode(self).decode()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def read_receipt(answer: Answer, report_id: str, *, now: datetime) -> Receipt:
    """The receipt, if the answer is one.

    Raises:
        TransientError: try again; says after how long, and whether the trouble may lie in this report.
        NeedsUserError: the link is held until a person acts.
        RejectedError: the server refused this report for good.
    """
    if not 200 <= answer.status < 300:
        _raise_for_status(answer, now=now)
    ids = _ids(answer.body) if answer.complete else {}
    named = next((ids[key] for key in ("id", "uuid") if ids.get(key)), "")
    if not named:
        _raise_not_wats(answer)
    if not _same_id(named, report_id):
        raise TransientError(
            f"The server answered for report {named[:64]}, not for {report_id}.",
            next_step="Check that the server address leads to a WATS server and not to a cache or a proxy.",
            alone=True,
            code=ProblemCode.SERVER_ANSWER_FOREIGN,
        )
    return Receipt(status=answer.status, body=excerpt(answer), server_id=ids.get("uuid") or named)


def read_version(answer: Answer, *, now: datetime) -> str:
    """The server's version out of the answer to `GET /api/App/Version`; raises as `read_receipt` does."""
    if not 200 <= answer.status < 300:
        _raise_for_status(answer, now=now, report=False)
    version = _json(answer.body)
    if not isinstance(version, str) or not version:
        _raise_not_wats(answer)
    return version


def read_greeting(answer: Answer, *, now: datetime) -> str:
    """As `read_version`, of a request without a token: "" where the server asks for one first."""
    if answer.status in {401, 403} and not _is_html(answer):
        return ""
    return read_version(answer, now=now)


def read_permission(answer: Answer, *, now: datetime) -> str:
    """Out of the answer to a submit of nothing at all: "" where the token may submit reports.

    A server looks at the token before it looks at the body. Else why that cannot be told, in a sentence;
    raises as `read_receipt` does where the token may not.
    """
    if answer.status in _EMPTY_REFUSED and not _is_html(answer):
        return ""
    unclear = answer.status >= 500 or 200 <= answer.status < 300 or answer.status in _EMPTY_REFUSED
    if not unclear:
        _raise_for_status(answer, now=now, report=False)
    return f"The server answered {answer.status} to a submit of nothing, which does not tell."


def read_ids(answer: Answer, *, now: datetime) -> list[str]:
    """The report ids out of an answer to `GET /api/Report/Query/Header`; raises as `read_receipt` does."""
    if not 200 <= answer.status < 300:
        _raise_for_status(answer, now=now, report=False)
    headers = _json(answer.body) if answer.complete else None
    if not isinstance(headers, list):
        _raise_not_wats(answer)
    ids = [header.get("uuid") if isinstance(header, dict) else None for header in headers]
    if not all(isinstance(one, str) and one for one in ids):
        _raise_not_wats(answer)
    return [str(one).lower() for one in ids]


def read_list(answer: Answer, kind: type[T], *, now: datetime) -> list[T]:
    """A list of `kind` out of an answer; raises as `read_receipt` does."""
    if not 200 <= answer.status < 300:
        _raise_for_status(answer, now=now, report=False)
    try:
        found: list[T] = msgspec.json.decode(answer.body, type=list[kind])  # type: ignore[valid-type]  # at run time
    except ValueError:
        _raise_not_wats(answer)
    if not answer.complete:
        _raise_not_wats(answer)
    return found


def read_done(answer: Answer, *, now: datetime) -> None:
    """Return where the server did as it was asked; raises as `read_receipt` does."""
    if not 200 <= answer.status < 300:
        _raise_for_status(answer, now=now, report=False)
    if _is_html(answer):
        _raise_not_wats(answer)


def excerpt(answer: Answer, limit: int = BODY_LIMIT) -> str:
    """The body's beginning as printable text (at most `limit` bytes), without the token."""
    return _cut(answer.body.decode("utf-8", "replace"), answer.secret, limit)


def _cut(text: str, secret: str, limit: int = BODY_LIMIT) -> str:
    # Hidden before it is cut: a cut through the token would leave its beginning standing.
    clean = printable(hide(text, secret))[:limit]
    # Decoding can lengthen the text (one bad byte becomes three); the promise is in bytes.
    return clean.encode()[:limit].decode(errors="ignore")


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds of a `Retry-After` header, given as seconds or as an HTTP date (RFC 9110 10.2.3).

    A date is measured against the server's own `Date`, so that a station's wrong clock does not matter.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        at = http_date(value)
        if at is None:
            return None
        seconds = (at - (http_date(headers.get("Date", "")) or now)).total_seconds()
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_LIMIT)


def http_date(value: str) -> datetime | None:
    """An HTTP date as aware UTC, None if it is not one."""
    try:
        at = parsedate_to_datetime(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # what the email package lets through
        return None


def _json(body: bytes) -> Any:
    """The value that the body holds; None where it is no JSON, or nested deeper than anybody means."""
    try:
        return _decoder.decode(body)
    except (ValueError, RecursionError):  # bad UTF-8 is a ValueError, but no DecodeError
        return None


def _ids(body: bytes) -> dict[str, str]:
    """The text fields of the answer's object (or of its list's only object), keys in lower case."""
    value = _json(body)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        return {}
    return {key.lower(): text for key, text in value.items() if isinstance(text, str)}


def _same_id(left: str, right: str) -> bool:
    return left == right or left.strip("{} ").lower() == right.strip("{} ").lower()


def _is_html(answer: Answer) -> bool:
    kind = answer.headers.get("Content-Type", "").lower()
    return "html" in kind or answer.body.lstrip()[:1] == b"<"


def reason(answer: Answer) -> str:
    """The server's own words: plain text, or the message of a JSON error (keys seen in the wild)."""
    if _is_html(answer):
        return "an HTML page"
    value = _json(answer.body)
    if isinstance(value, str):
        return _cut(value, answer.secret)
    if isinstance(value, dict):
        lower = {str(key).lower(): item for key, item in value.items()}
        for key in ("message", "error", "errors", "detail", "title"):
            if lower.get(key):
                item = lower[key]
                text = item if isinstance(item, str) else msgspec.json.encode(item).decode()
                return _cut(text, answer.secret)
    return excerpt(answer).strip() or "no reason given"


def _raise_not_wats(answer: Answer) -> NoReturn:
    """A 2xx that is no WATS answer: a captive portal, a proxy's page, or a truncated answer."""
    what = "an HTML page" if _is_html(answer) else "something that is not a WATS answer"
    raise TransientError(
        f"The server answered {answer.status} with {what}.",
        next_step="Check the server address and whether a proxy or a log-in page stands between.",
        alone=not _is_html(answer),
        code=ProblemCode.SERVER_ANSWER_FOREIGN,
    )


def _raise_for_status(answer: Answer, *, now: datetime, report: bool = True) -> NoReturn:
    status = answer.status
    if status < 400:
        _raise_redirect(answer)
    if status in {401, 403, 404, 407}:
        raise held(status, reason(answer))
    if status in {408, 425, 429} or status >= 500:
        raise _busy(answer, now=now)
    if not report:
        raise TransientError(
            closed(f"The server answered {status}: {reason(answer)}"),
            code=ProblemCode.SERVER_ANSWER_FOREIGN,
        )
    if status in {400, 413, 415, 422} and (status == 413 or not _is_html(answer)):
        cause = "it is too large" if status == 413 else reason(answer)
        raise RejectedError(
            closed(f"The server refused the report ({status}): {cause}"),
            next_step="Correct the report's source or its converter and convert it again, or dismiss it.",
        )
    # An HTML page with 400 comes from something in between, not from WATS: it must not cost a report.
    raise TransientError(
        closed(f"The server answered this report with {status}: {reason(answer)}"),
        retry_after=retry_after(answer.headers, now=now),
        alone=True,
        code=ProblemCode.SERVER_ANSWER_FOREIGN,
    )


def _raise_redirect(answer: Answer) -> NoReturn:
    try:
        target = urlsplit(answer.headers.get("Location", "")).hostname
    except ValueError:  # no address at all
        target = None
    where = _cut(f" to {target}" if target else "", answer.secret)
    raise TransientError(
        f"The server redirects us{where} ({answer.status}).",
        next_step="Enter the address that the server redirects to, or log in to the network's own page.",
        code=ProblemCode.SERVER_REDIRECTS,
    )


def _busy(answer: Answer, *, now: datetime) -> TransientError:
    """408, 425, 429 and 5xx: retried for ever. A 500 may lie in this report alone, a 429 cannot."""
    overload = answer.status in {429, 503}
    return TransientError(
        closed(f"The server answered {answer.status}: {reason(answer)}"),
        retry_after=retry_after(answer.headers, now=now),
        overload=overload,
        alone=not overload,
        code=ProblemCode.SERVER_BUSY,
    )


def proxy_login(proxy: str) -> NeedsLoginError:
    """407; `proxy` is its host and port, "" where somebody else's proxy stands in the way."""
    return NeedsLoginError(
        f"The proxy {proxy} asks for a log-in (407)." if proxy else "A proxy asks for a log-in (407).",
        code=ProblemCode.PROXY_LOGIN,
        next_step="Enter the proxy with its user name and password, or use another way to the server.",
        hop=Hop.PROXY,
    )


def held(status: int, reason: str) -> NeedsUserError:
    """The error for an answer that holds the link until a person acts."""
    if status == 401:
        return NeedsLoginError(
            closed(f"The server does not accept the token (401): {reason}"),
            code=ProblemCode.LOGIN_REFUSED,
            next_step="Enter a valid token for this station.",
            hop=Hop.LOGIN,
        )
    if status == 403:
        return NeedsLoginError(
            closed(f"The server does not let this token submit reports (403): {reason}"),
            code=ProblemCode.PERMISSION_REFUSED,
            next_step="Give the token the right to submit reports, or enter another token.",
            hop=Hop.PERMISSION,
        )
    if status == 407:
        return proxy_login("")
    return NeedsUserError(
        closed(f"The server has no such route (404): {reason}"),
        code=ProblemCode.ROUTE_MISSING,
        next_step="Check the server address: it must be the address of a WATS server.",
    )
