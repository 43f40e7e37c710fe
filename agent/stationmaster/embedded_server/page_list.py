"""The list of reports: counts, search, one page of rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from stationmaster.embedded_server.markup import Content, Markup, element
from stationmaster.embedded_server.page_frame import badge, document, mark, seconds, started
from stationmaster.embedded_server.record import Listing, ListQuery

PAGE_SIZE = 50
RESULTS = ("Passed", "Failed", "Error", "Terminated", "Done")


def list_page(
    query: ListQuery, found: Listing, totals: dict[tuple[str, str], int], *, address: str, now: datetime
) -> web.Response:
    """The page."""
    if not totals:
        return document("Reports", element("h1", "Reports"), _empty(address))
    return document(
        "Reports",
        element("h1", "Reports"),
        _tiles(query, totals),
        _search(query),
        _rows(found, now) if found.rows else element("p", "No report matches.", class_="notice"),
        _pages(query, found),
    )


def _address(query: ListQuery, **change: str | int) -> str:
    asked = {"serial": query.serial, "result": query.result, "type": query.type, **change}
    given = {key: value for key, value in asked.items() if value not in {"", 0}}
    return f"/?{urlencode(given)}" if given else "/"


def _tiles(query: ListQuery, totals: dict[tuple[str, str], int]) -> Markup:
    def tile(name: str, count: int, *, sign: Markup | None, href: str, chosen: bool) -> Markup:
        return element(
            "a",
            element("span", f"{count:,}", class_="count"),
            element("span", sign, name, class_="label"),
            href=href,
            class_="tile chosen" if chosen else "tile",
            aria_current="true" if chosen else None,
        )

    everything = not (query.result or query.type)
    all_of_them = _address(query, result="", type="")
    tiles = [tile("All", sum(totals.values()), sign=None, href=all_of_them, chosen=everything)]
    for result in RESULTS:
        count = sum(amount for (_, one), amount in totals.items() if one == result)
        if count or result in {"Passed", "Failed"}:
            href = _address(query, result=result, type="")
            tiles.append(tile(result, count, sign=mark(result), href=href, chosen=query.result == result))
    repairs = sum(amount for (kind, _), amount in totals.items() if kind == "R")
    href = _address(query, type="R", result="")
    tiles.append(tile("Repairs", repairs, sign=None, href=href, chosen=query.type == "R"))
    return element("nav", *tiles, class_="tiles", aria_label="Reports by result")


def _search(query: ListQuery) -> Markup:
    hidden = [
        element("input", type="hidden", name=name, value=value)
        for name, value in (("result", query.result), ("type", query.type))
        if value
    ]
    clear = element("a", "Clear", href=_address(query, serial=""), class_="button quiet")
    return element(
        "form",
        element("label", "Serial number", for_="serial"),
        element("input", type="search", id="serial", name="serial", value=query.serial, maxlength=100),
        *hidden,
        element("button", "Search", type="submit"),
        clear if query.serial else None,
        class_="search",
        method="get",
        action="/",
        role="search",
    )


def _rows(found: Listing, now: datetime) -> Markup:
    names = ("Result", "Serial number", "Part number", "Process", "Station", "Start", "Duration")
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in names)))
    return element("table", head, element("tbody", *(_row(one, now) for one in found.rows)), class_="reports")


def _row(header: dict[str, Any], now: datetime) -> Markup:
    revision = element("span", f" rev {header['revision']}", class_="muted") if header["revision"] else None
    kind = element("span", "Repair", class_="chip") if header["reportType"] == "R" else None
    times = header["receiveCount"]
    again = element("span", f"received {times} times", class_="chip") if times > 1 else None
    serial = element("a", header["serialNumber"] or "(none)", href=f"/report/{header['uuid']}")
    cells: list[tuple[str, list[Content]]] = [
        ("Result", [badge(header["result"] or "Unknown")]),
        ("Serial number", [serial, kind, again]),
        ("Part number", [header["partNumber"] or "", revision]),
        ("Process", [process(header)]),
        ("Station", [header["stationName"] or ""]),
        ("Start", started(header["start"], now)),
        ("Duration", [seconds(header["executionTime"])]),
    ]
    return element("tr", *(element("td", *content, data_label=name) for name, content in cells))


def process(header: dict[str, Any]) -> str:
    """Code and name of the process."""
    return " ".join(str(part) for part in (header["processCode"], header["processName"]) if part is not None)


def _pages(query: ListQuery, found: Listing) -> Markup | None:
    if not found.rows and not query.skip:
        return None
    number = query.skip // PAGE_SIZE + 1
    first, last = query.skip + 1, query.skip + len(found.rows)
    before = _address(query, page=number - 1 if number > 2 else "") if number > 1 else None
    after = _address(query, page=number + 1) if last < found.found else None
    return element(
        "nav",
        _turn("Newer", before, "prev"),
        element("span", f"{first:,} to {last:,} of {found.found:,}" if found.rows else "Past the end"),
        _turn("Older", after, "next"),
        class_="pages",
        aria_label="Pages",
    )


def _turn(text: str, href: str | None, rel: str) -> Markup:
    if href is None:
        return element("span", text, class_="button disabled", aria_disabled="true")
    return element("a", text, href=href, class_="button", rel=rel)


def _empty(address: str) -> Markup:
    command = f"stationmaster instance add NAME --server {address} --watch FOLDER"
    return element(
        "section",
        element("h2", "No report has come yet"),
        element("p", "Let an instance of Stationmaster send its reports here:"),
        element("pre", element("code", command)),
        element(
            "p", "Or send a report in WSJF by HTTP: ", element("code", f"POST {address}/api/Report/WSJF")
        ),
        class_="card",
    )
