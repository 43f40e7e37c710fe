"""The page of registered clients."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from stationmaster.embedded_server.client import Client, Converter
from stationmaster.embedded_server.markup import Content, Markup, element
from stationmaster.embedded_server.page_frame import document, moment

_COMMAND = "stationmaster instance register NAME --token-stdin"


def client_page(clients: Sequence[Client]) -> web.Response:
    """The page."""
    back = element("a", "All reports", href="/", class_="button")
    if not clients:
        return document("Clients", element("h1", "Clients"), _empty(), back)
    names = ("Client", "State", "Last seen", "Pending", "Version", "Converters")
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in names)))
    table = element("table", head, element("tbody", *map(_row, clients)), class_="reports")
    return document("Clients", element("h1", "Clients"), table, back)


def _row(one: Client) -> Markup:
    place = ", ".join(part for part in (one.location, one.purpose) if part)
    cells: list[tuple[str, list[Content]]] = [
        (
            "Client",
            [
                element("strong", one.name or one.id),
                element("div", one.id, class_="muted"),
                element("div", place, class_="muted") if place else None,
            ],
        ),
        ("State", [element("span", one.status, class_="chip")]),
        ("Last seen", [moment(one.seen_at) if one.seen_at else "never"]),
        ("Pending", [f"{one.told.pending_total:,}"]),
        ("Version", [one.told.version]),
        ("Converters", [element("div", *map(_converter, one.told.converters))]),
    ]
    return element("tr", *(element("td", *content, data_label=name) for name, content in cells))


def _converter(one: Converter) -> Markup:
    failed = f", {one.error:,} failed" if one.error else ""
    return element(
        "div",
        f"{one.name} {one.version}: {one.state}, {one.total:,} files{failed}",
        element("span", f" {one.path}", class_="muted") if one.path else None,
    )


def _empty() -> Markup:
    return element(
        "section",
        element("h2", "No client is registered"),
        element("p", "Let an instance of Stationmaster register here:"),
        element("pre", element("code", _COMMAND)),
        class_="card",
    )
