"""WSXF, the XML form of WATS reports, and WRML, its flat sister: decode into WSJF.

Both have the same elements. In WSXF steps stand inside each other and hold what was measured; in WRML all
stand side by side, and measurements point to their step by `StepID`. Field by field: docs/converters/wsxf.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any, Final

from lxml import etree

from stationmaster.api import xml
from stationmaster.api.issue import is_uuid
from stationmaster.api.moment import parse
from stationmaster.api.notes import Notes
from stationmaster.api.repair import repair
from stationmaster.api.report import Report
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import result_of
from stationmaster.api.wsxf_part import Part, tell_unread
from stationmaster.api.wsxf_step import Steps
from stationmaster.api.wsxf_tree import flat, nested
from stationmaster.api.wsxf_unit import add_attachments, add_extras, built_in, repair_units
from stationmaster.api.xml import Element, children, local_name, place
from stationmaster.errors import ConversionError

__all__ = ["NAMESPACES", "decode", "records"]

_WSXF: Final = "http://wats.virinco.com/schemas/WATS/Report/wsxf"
_WRML: Final = "http://wats.virinco.com/schemas/WATS/Report"
NAMESPACES: Final = frozenset({_WSXF, _WRML})
"""Of the root `Reports`: WSXF, and WRML."""
_QUARTER: Final = timedelta(minutes=15)


def decode(data: bytes, *, name: str = "the file") -> list[Report]:
    """Read a document with one or more reports.

    Raises:
        ConversionError: not XML, another root, no report, or one that breaks the format, with its line.
    """
    warnings: list[str] = []
    found = list(records(xml.parse(data, name=name, warnings=warnings)))
    for report in found:
        report.warnings[:0] = warnings
    return found


def records(root: Element) -> Iterator[Report]:
    """The reports of a parsed document, one at a time; mended as `wsjf.repair` does.

    What a person should know is in each report's `warnings`. A start without an offset stays so.

    Raises:
        ConversionError: another root, no report, or one that breaks the format, with its line.
    """
    namespace = str(root.tag)[1:].partition("}")[0]
    if local_name(root) != "Reports" or namespace not in NAMESPACES:
        raise ConversionError(
            f"<{local_name(root)[:60]}> is no root of a WSXF or WRML file",
            place=place(root),
            next_step="Check that the right converter watches this folder.",
        )
    count = 0
    for element in children(root, "Report"):
        count += 1
        yield _report(element, is_flat=namespace == _WRML)
    if not count:
        raise ConversionError("the file holds no report", place=place(root))


def _report(element: Element, *, is_flat: bool) -> Report:
    notes = Notes()
    part = Part(element)
    kind = part.text("type").upper()
    if kind not in {"UUT", "UUR"}:
        raise part.error(f"type is {kind[:20]!r}, not UUT (test) or UUR (repair)")
    parts = [Part(child) for child in children(element)]
    report = Report(_header(part, parts, notes))
    report.data["result"] = _result(part, kind)
    if kind == "UUT":
        _test(report.data, part, parts, notes)
        tops = flat(element) if is_flat else nested(element)
        steps = Steps(notes)
        report.data["root"] = steps.root(tops, report.data.get("result"))
        if report.data["result"] is None:
            report.data["result"] = _unstated(report.data["root"], part, notes)
        add_attachments(report.data, parts, notes, {})
        if steps.more_attachments:
            report.data.setdefault("binaryData", []).extend(steps.more_attachments)
    else:
        report.data["result"] = report.data["result"] or "P"
        _repair(report.data, parts, notes)
    add_extras(report.data, parts, notes)
    tell_unread(element, notes)
    report.warnings.extend((*notes.sentences(), *repair(report)))
    report.record = etree.tostring(element, encoding="utf-8", with_tail=False)
    return report


def _result(part: Part, kind: str) -> str | None:
    word = part.text("Result")
    if not word:
        return None
    try:
        return result_of(word).value
    except ValueError as error:
        raise part.error(f"Result of the {kind}: {error}") from error


def _unstated(root: dict[str, Any], part: Part, notes: Notes) -> str:
    notes.add("the report has no result: the status of its root was taken", part.place)
    return root["status"] if root["status"] in "PFDET" else "D"


def _first(parts: list[Part], *tags: str) -> Part | None:
    return next((one for one in parts if one.tag in tags), None)


def _header(part: Part, parts: list[Part], notes: Notes) -> dict[str, Any]:
    data: dict[str, Any] = {"type": "T" if part.text("type").upper() == "UUT" else "R"}
    given = part.text("ID").strip("{}")
    if is_uuid(given) and given.strip("0-"):
        data["id"] = given
    elif given:
        notes.add(f"the id {given[:40]!r} is no UUID and was left out", part.place)
    for key, name in (("sn", "SN"), ("pn", "PN"), ("rev", "Rev"), ("machineName", "MachineName")):
        data[key] = part.text(name)
    for key, name in (("location", "Location"), ("purpose", "Purpose"), ("origin", "origin")):
        data[key] = one_line(part.text(name), 100)
    data["productName"] = one_line(part.text("ProductName"), 100)
    process = _first(parts, "process")
    if process is not None:
        data["processCode"] = process.integer("Code")
        data["processName"] = one_line(process.text("Name"), 100)
    _times(data, part, notes)
    return {key: value for key, value in data.items() if value not in (None, "")}


def _times(data: dict[str, Any], part: Part, notes: Notes) -> None:
    """The start keeps its own offset; one without takes that between it and the time in UTC."""
    start, utc = part.time("Start"), part.time("Start_utc")
    given = part.text("Start", "Start_utc")
    if given and start is None and utc is None:
        notes.add(f"the start {given!r} is a placeholder and was left out", part.place)
    moment = parse(utc) if utc else None
    if utc and moment is not None and moment.tzinfo is None:
        utc, moment = f"{utc}Z", moment.replace(tzinfo=UTC)
    local = parse(start) if start else None
    if local is not None and local.tzinfo is None and moment is not None:
        offset = local.replace(tzinfo=UTC) - moment
        rounded = round(offset / _QUARTER)
        if abs(offset - rounded * _QUARTER) < timedelta(seconds=5) and abs(rounded) <= 4 * 14:
            sign, minutes = "-" if rounded < 0 else "+", abs(rounded) * 15
            start = f"{start}{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    data["start"], data["startUTC"] = start, utc


def _test(data: dict[str, Any], report: Part, parts: list[Part], notes: Notes) -> None:
    info: dict[str, Any] = {"user": ""}
    part = _first(parts, "uut")
    if part is not None:
        info["user"] = one_line(part.text("UserLoginName"), 100)
        info["execTime"] = part.seconds(notes, "ExecutionTime")
        for key, name in (("fixtureId", "FixtureId"), ("batchSN", "BatchSN")):
            info[key] = one_line(part.text(name), 100)
        for key, name in (
            ("testSocketIndex", "TestSocketIndex"),
            ("errorCode", "ErrorCode"),
            ("batchFailCount", "BatchFailCount"),
            ("batchLoopIndex", "BatchLoopIndex"),
        ):
            info[key] = part.integer(name)
        info["errorMessage"] = part.text("ErrorMessage")
        info["comment"] = _comment(part, report, notes)
    data["uut"] = {key: value for key, value in info.items() if key == "user" or value not in (None, "")}
    units = built_in(parts, notes)
    if units:
        data["subUnits"] = units


def _repair(data: dict[str, Any], parts: list[Part], notes: Notes) -> None:
    info: dict[str, Any] = {"user": "", "active": True}
    part = _first(parts, "uur")
    if part is not None:
        info["user"] = one_line(part.text("UserLoginName"), 100)
        info["comment"] = _comment(part, part, notes)
        info["execTime"] = part.seconds(notes, "ExecutionTime")
        test = next((Part(one) for one in children(part.element, "Process")), None)
        if test is not None:
            info["processCode"], info["processName"] = test.integer("Code"), test.text("Name")
        referred = part.text("ReferencedUUT").strip("{}")
        if is_uuid(referred):
            info["refUUT"] = referred
        elif referred:
            notes.add(f"the referenced test {referred[:40]!r} is no UUID and was left out", part.place)
        info["confirmDate"], info["finalizeDate"] = part.time("ConfirmDate"), part.time("FinalizeDate")
        active = part.flag("Active")
        info["active"] = active is not False
    data["uur"] = {key: value for key, value in info.items() if key == "user" or value not in (None, "")}
    data["subUnits"], order = repair_units(data, parts, notes)
    add_attachments(data, parts, notes, order)


def _comment(part: Part, report: Part, notes: Notes) -> str:
    text = xml.child_text(part.element, "Comment").strip()
    if len(text) > 5000:
        notes.add("the comment was cut to 5000 characters", report.place)
    return clip(text, 5000)
