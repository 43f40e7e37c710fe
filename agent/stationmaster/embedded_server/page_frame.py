"""What all pages share: the document around them, the badges, words for values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from stationmaster import __version__
from stationmaster.api.moment import ahead
from stationmaster.embedded_server.markup import Content, Markup, element, join

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

STATUS_WORDS = {
    "P": "Passed",
    "F": "Failed",
    "D": "Done",
    "E": "Error",
    "T": "Terminated",
    "S": "Skipped",
}
# drawn in a 16 by 16 box: a different outline for each, so that colour is never the only difference
_SHAPES = {
    "Passed": ("M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z", "M4.8 8.2l2.3 2.3 4.2-4.6"),
    "Failed": ("M2 2h12v12H2z", "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"),
    "Error": ("M8 1.2L15.4 14.5H.6z", "M8 6v4M8 12v.6"),
    "Terminated": ("M5 1h6l4 4v6l-4 4H5l-4-4V5z", "M4.5 8h7"),
    "Done": ("M8 3.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9z", ""),
    "Skipped": ("M8 1.5L14.5 8L8 14.5L1.5 8z", "M5.5 8h5"),
}
_UNKNOWN = ("M8 1.5L14.5 8L8 14.5L1.5 8z", "M8 5v3M8 10v.6")


def word(status: Any) -> str:
    """A status letter as a word; what is no letter we know stays as it is."""
    return STATUS_WORDS.get(str(status), str(status) if status not in (None, "") else "Unknown")


def mark(status: str) -> Markup:
    """The sign of a status word, with the word for readers that see no picture."""
    outline, stroke = _SHAPES.get(status, _UNKNOWN)
    return element(
        "svg",
        element("title", status),
        element("path", class_="outline", d=outline),
        element("path", class_="stroke", d=stroke) if stroke else None,
        class_=f"mark {_css(status)}",
        viewBox="0 0 16 16",
        role="img",
        aria_label=status,
    )


def badge(status: str) -> Markup:
    """Sign and word."""
    return element("span", mark(status), element("span", status), class_=f"badge {_css(status)}")


def _css(status: str) -> str:
    return status.lower() if status in _SHAPES else "unknown"


def moment(text: Any) -> Markup:
    """A time as the report says it, readable."""
    shown = str(text or "")
    date, divider, rest = shown.partition("T")
    if not divider:
        return element("span", shown or "unknown")
    clock, offset = rest[:8], rest[8:].lstrip(".0123456789")
    small = element("span", f" {offset}", class_="muted") if offset else None
    return element("time", f"{date} {clock}", small, datetime=shown, title=shown)


def started(text: Any, now: datetime) -> list[Content]:
    """When a test began; one that is still to come is marked, as WATS sets such reports aside."""
    by = ahead(str(text or ""), now)
    mark = element("span", "dated in the future", class_="chip alert", title=f"by {by}") if by else None
    return [moment(text), mark]


def seconds(value: Any) -> str:
    """A duration in words: "0.52 s", "2 min 3 s"."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if abs(value) < 60:
        return f"{value:.3g} s"
    if not abs(value) < 1e9:
        return f"{value:.3g} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def size(count: int) -> str:
    """Bytes in words."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.1f} kB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"


def document(title: str, *content: Content, status: int = 200) -> web.Response:
    """A whole page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} - Stationmaster"),
        element("link", rel="icon", href="/assets/icon.svg"),
        element("link", rel="stylesheet", href="/assets/style.css"),
    )
    bar = element(
        "header",
        element("a", element("strong", "Stationmaster"), " embedded server", href="/", class_="brand"),
        element("span", "for trying and testing", class_="muted"),
        element("a", "Clients", href="/clients"),
        class_="bar",
    )
    foot = element("footer", f"Stationmaster {__version__}", class_="muted")
    body = element("body", bar, element("main", *content), foot)
    page = join(Markup("<!DOCTYPE html>"), element("html", head, body, lang="en"))
    return web.Response(
        body=page.encode(), status=status, content_type="text/html", charset="utf-8", headers=_HEADERS
    )


def problem(title: str, text: str, *, status: int) -> web.Response:
    """A page that says what is wrong."""
    back = element("a", "All reports", href="/", class_="button")
    return document(title, element("section", element("h1", title), element("p", text), back), status=status)
