"""One report: what it is about, its steps or its repaired units, its files."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from stationmaster.embedded_server.attachment import Attachment, list_attachments
from stationmaster.embedded_server.header import mapping, mappings, misc_value, walk
from stationmaster.embedded_server.markup import Content, Markup, element
from stationmaster.embedded_server.page_frame import badge, document, moment, seconds, size, started
from stationmaster.embedded_server.page_list import process
from stationmaster.embedded_server.page_step import StepTree, additional, attachment_link
from stationmaster.embedded_server.page_value import number


def report_page(header: dict[str, Any], data: dict[str, Any], *, now: datetime) -> web.Response:
    """The page of a report; `header` as the store has it, `data` its WSJF object."""
    files = list_attachments(data)
    whole = [one for one in files if not one.from_step]
    return document(
        f"{header['serialNumber'] or 'Report'} {header['result'] or ''}",
        _title(header, files),
        _culprit(header, data),
        _card("Report", _facts(header, data, now)),
        _steps(header, data, files),
        _units(header, data),
        _table("Misc info", ("Description", "Value"), _misc(data)),
        _table("Assets", ("Serial number", "Type", "Used"), _assets(data)),
        _card("Files", *(attachment_link(header["uuid"], one) for one in whole)) if whole else None,
        _additional(data),
    )


def _card(title: str, *content: Content) -> Markup:
    return element("section", element("h2", title), *content, class_="card")


def _table(title: str, names: tuple[str, ...], rows: list[tuple[Content, ...]]) -> Markup | None:
    if not rows:
        return None
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in names)))
    body = [
        element("tr", *(element("td", cell, data_label=name) for name, cell in zip(names, row, strict=True)))
        for row in rows
    ]
    return _card(title, element("table", head, element("tbody", *body)))


def _title(header: dict[str, Any], files: list[Attachment]) -> Markup:
    kind = "Repair report" if header["reportType"] == "R" else "Test report"
    about = " · ".join(part for part in (kind, str(header["partNumber"] or ""), process(header)) if part)
    address = f"/report/{header['uuid']}"
    zipped = f"All files ({len(files)})"
    return element(
        "div",
        element(
            "div",
            element("p", element("a", "All reports", href="/"), class_="crumb"),
            element("h1", header["serialNumber"] or "(no serial number)"),
            element("p", about, class_="muted"),
        ),
        element(
            "div",
            badge(header["result"] or "Unknown"),
            element("a", "Download WSJF", href=f"{address}/wsjf", class_="button", download=True),
            element("a", zipped, href=f"{address}/files", class_="button", download=True) if files else None,
            class_="actions",
        ),
        class_="head",
    )


def _culprit(header: dict[str, Any], data: dict[str, Any]) -> Markup | None:
    path = header["causedUutFailurePath"]
    message = header["errorMessage"]
    if not path and not message:
        return None
    anchor = next((step.get("id") for _, step in walk(data) if step.get("causedUUTFailure") is True), None)
    target = f"#step-{quote(str(anchor), errors='replace')}" if anchor is not None else None
    where = element("a", path, href=target) if path and target else path
    code = f" (code {header['errorCode']})" if header["errorCode"] else ""
    return element(
        "div",
        element("p", element("b", "Failed at "), where) if path else None,
        element("p", element("b", "Error "), f"{message}{code}") if message else None,
        class_="callout",
    )


def _facts(header: dict[str, Any], data: dict[str, Any], now: datetime) -> Markup:
    info = mapping(data.get("uur" if header["reportType"] == "R" else "uut"))
    referenced = header["referencedUut"]
    link = element("a", referenced, href=f"/report/{quote(referenced)}") if referenced else None
    facts: list[tuple[str, Content]] = [
        ("Serial number", header["serialNumber"]),
        ("Part number", header["partNumber"]),
        ("Revision", header["revision"]),
        ("Process", process(header)),
        ("Station", header["stationName"]),
        ("Location", header["location"]),
        ("Purpose", header["purpose"]),
        ("Start", element("span", *started(header["start"], now))),
        ("Duration", seconds(header["executionTime"])),
        ("Operator", header["userName"]),
        ("Test program", " ".join(filter(None, (header["swFilename"], header["swVersion"])))),
        ("Batch", header["batchNumber"]),
        ("Fixture", header["fixtureId"]),
        ("Socket", number(header["testSocketIndex"])),
        ("Run", number(header["run"]) if header["reportType"] == "T" else ""),
        ("Tested process", _tested(info)),
        ("Test report", link),
        ("Confirmed", moment(info["confirmDate"]) if info.get("confirmDate") else None),
        ("Finalized", moment(info["finalizeDate"]) if info.get("finalizeDate") else None),
        ("Comment", header["comment"]),
        ("Report id", element("code", header["uuid"])),
        ("Received", _received(header)),
    ]
    parts = [element("div", element("dt", name), element("dd", value)) for name, value in facts if value]
    return element("dl", *parts, class_="facts")


def _tested(info: dict[str, Any]) -> str:
    return " ".join(str(info[key]) for key in ("processCode", "processName") if info.get(key) is not None)


def _received(header: dict[str, Any]) -> str:
    times = header["receiveCount"]
    return f"{'once' if times == 1 else f'{times} times'}, {size(header['reportSize'])}"


def _steps(header: dict[str, Any], data: dict[str, Any], files: list[Attachment]) -> Markup | None:
    root = mapping(data.get("root"))
    if not root:
        return None
    count = sum(1 for _ in walk(data))
    tree = StepTree(header["uuid"], files, count=count)
    return _card("Steps", element("p", f"{count:,} steps", class_="muted"), tree.draw(root))


def _units(header: dict[str, Any], data: dict[str, Any]) -> Markup | None:
    units = mappings(data.get("subUnits"))
    if header["reportType"] == "R":
        return _repaired(units)
    rows: list[tuple[Content, ...]] = [
        tuple(_text(unit.get(key)) for key in ("partType", "sn", "pn", "rev")) for unit in units
    ]
    return _table("Sub-units", ("Type", "Serial number", "Part number", "Revision"), rows)


def _repaired(units: list[dict[str, Any]]) -> Markup | None:
    if not units:
        return None
    return _card("Units and repairs", *(_unit(unit) for unit in units))


def _unit(unit: dict[str, Any]) -> Markup:
    about = [f"{unit[key]}" for key in ("pn", "rev") if unit.get(key)]
    chips = [
        element("span", f"{text} {number(unit[key])}", class_="chip")
        for key, text in (("parentIdx", "part of"), ("position", "position"), ("replacedIdx", "replaces"))
        if unit.get(key) is not None
    ]
    failures = [_failure(one) for one in mappings(unit.get("failures"))]
    return element(
        "div",
        element(
            "h3",
            element("span", f"{number(unit.get('idx', 0))}", class_="index"),
            _text(unit.get("partType")) or "Unit",
            " ",
            _text(unit.get("sn")),
        ),
        element("p", " rev ".join(about), *chips, class_="muted"),
        element("ul", *failures, class_="failures") if failures else None,
        class_="unit",
    )


def _failure(failure: dict[str, Any]) -> Markup:
    article = [
        f"{failure[key]}"
        for key in ("artNumber", "artRev", "artVendor", "artDescription")
        if failure.get(key)
    ]
    details: list[tuple[str, str]] = [
        ("Component", _text(failure.get("comRef"))),
        ("Function block", _text(failure.get("funcBlock"))),
        ("Failed step", _text(failure.get("refStepName")) or number(failure.get("refStepId"))),
        ("Article", ", ".join(article)),
        ("Comment", _text(failure.get("comment"))),
    ]
    return element(
        "li",
        element("b", f"{_text(failure.get('category'))}: {_text(failure.get('code'))}"),
        *(element("span", element("i", f"{name} "), text) for name, text in details if text),
    )


def _misc(data: dict[str, Any]) -> list[tuple[Content, ...]]:
    return [(_text(one.get("description")), misc_value(one)) for one in mappings(data.get("miscInfos"))]


def _assets(data: dict[str, Any]) -> list[tuple[Content, ...]]:
    return [
        (_text(one.get("sn")), _text(one.get("assetType")), number(one.get("usageCount")))
        for one in mappings(data.get("assets"))
    ]


def _additional(data: dict[str, Any]) -> Markup | None:
    found = mappings(data.get("additionalData"))
    return _card("Additional data", *(additional(one) for one in found)) if found else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)
