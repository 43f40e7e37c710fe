"""Answers, and the reading of query parameters, shared by all routes."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec
from aiohttp import web

from stationmaster.embedded_server.attachment import file_name
from stationmaster.embedded_server.error import RequestError

T = TypeVar("T")
_NO_SNIFFING = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no"}


def json_answer(value: object, *, status: int = 200) -> web.Response:
    """An answer in JSON."""
    return json_bytes(msgspec.json.encode(value), status=status)


def json_bytes(body: bytes, *, status: int = 200) -> web.Response:
    """An answer in JSON that is encoded already."""
    return web.Response(
        body=body, status=status, content_type="application/json", charset="utf-8", headers=_NO_SNIFFING
    )


def refusal(error: RequestError) -> web.Response:
    """The answer to a request that cannot be done: in words, as plain text or JSON."""
    headers = {"Retry-After": "5"} if error.status == 503 else {}
    if error.plain:
        return web.Response(text=error.text, status=error.status, headers=_NO_SNIFFING | headers)
    answer = json_answer({"message": str(error)}, status=error.status)
    answer.headers.update(headers)
    return answer


def download(content: bytes, *, name: str, content_type: str = "application/octet-stream") -> web.Response:
    """An answer that a browser saves and never shows: reports hold other people's files."""
    safe = file_name(name)
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in "-_. ()" else "_" for c in safe)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
    return web.Response(
        body=content,
        content_type=content_type,
        headers={
            **_NO_SNIFFING,
            "Content-Disposition": disposition,
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


# ---------------------------------------------------------------- parameters
class Parameters:
    """The query parameters of a request, names in any case."""

    def __init__(self, request: web.Request) -> None:
        self._given = {name.lower(): value for name, value in request.query.items()}

    def text(self, *names: str) -> str:
        """The first of these that is given, else ""."""
        return next((self._given[name.lower()] for name in names if name.lower() in self._given), "")

    def flag(self, name: str, *, default: bool) -> bool:
        """A truth value.

        Raises:
            RequestError: it is neither true nor false.
        """
        text = self.text(name).lower()
        if not text:
            return default
        if text not in _TRUE | _FALSE:
            raise RequestError(f"{name}: {text[:40]!r} is neither true nor false.")
        return text in _TRUE

    def number(self, *names: str, least: int, most: int) -> int | None:
        """A whole number, None where it is not given.

        Raises:
            RequestError: it is no number, or too small or large.
        """
        text = self.text(*names)
        if not text:
            return None
        try:
            value = int(text[:20])
        except ValueError:
            value = most + 1
        if not least <= value <= most:
            raise RequestError(f"{names[0]}: {text[:40]!r} is no number from {least} to {most}.")
        return value

    def id(self, name: str) -> str:
        """A required id in canonical form.

        Raises:
            RequestError: it is missing, or no id.
        """
        text = self.text(name)
        if not text:
            raise RequestError(f"{name} is required.")
        return report_id(text)


def report_id(text: str) -> str:
    """An id in canonical form.

    Raises:
        RequestError: it is none.
    """
    try:
        return str(UUID(text))
    except ValueError as error:
        raise RequestError(f"{text[:60]!r} is no report id (a uuid).") from error


def there(found: T | None, report_id: str) -> T:
    """What was found of a report.

    Raises:
        RequestError: status 404: nothing was.
    """
    if found is None:
        raise RequestError(f"There is no report {report_id}.", status=404)
    return found
