"""From one board of a Viscom panel to a report."""

from __future__ import annotations

from typing import Final

from stationmaster.api import ConversionError, ConverterOptions, Report, Result, Source, Status
from stationmaster.api.header import Found, named_groups, resolve
from stationmaster.api.local_time import read_time
from stationmaster.api.number import parse_number
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import result_of
from stationmaster.api.xml import Element, child_text, children, inner_text, place

_COUNTERS: Final = (
    "CountInspectionWindows",
    "CountComponents",
    "CountDefects",
    "CountComponentsBad",
    "TotalSolderJoint",
)


class ViscomOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the Viscom AOI converter.

    Attributes:
        part_number_pattern: regular expression with a group `pn`, and perhaps `rev`, for the name of the
            inspection plan.
        variant_as_revision: take the variant's name as revision.
        false_call_types: types of a window's result that are no fault; each other one is.
        counts: measure the number of false calls and of faults of each board.
    """

    part_number_pattern: str = ""
    variant_as_revision: bool = False
    false_call_types: tuple[str, ...] = ("2",)
    counts: bool = False


def build(
    panel: Element, board: Element, windows: list[Element], source: Source, options: ViscomOptions
) -> Report:
    """Build the report of one board; `panel` is what the file says of all of them.

    Raises:
        ConversionError: a value cannot be read; names the line.
    """
    plan, variant = _text(panel, "Program", "InspectionPlanName"), _text(panel, "Program", "VariantName")
    named = named_groups(options.part_number_pattern, plan, "part_number_pattern")
    header = resolve(
        Found(
            sn=child_text(board, "Barcode"),
            pn=named.get("pn", ""),
            rev=named.get("rev", "") or (variant if options.variant_as_revision else ""),
            program=plan,
            place=place(panel),
            sn_place=place(board),
        ),
        source,
        options,
    )
    report = header.report(
        result=_result(board),
        user=_text(panel, "Repair", "OperatorName") or _text(panel, "Inspection", "OperatorName"),
        execution_time=_seconds(panel),
        sequence=plan,
    )
    report.station(one_line(_text(panel, "Station", "Name"), 100))
    _set_start(report, panel, source)
    _add_misc(report, panel, board, variant)
    _add_windows(report, windows, options)
    return report


def _at(element: Element, *path: str) -> Element | None:
    """The first element below `element` by this path."""
    found: Element | None = element
    for name in path:
        found = None if found is None else next(children(found, name), None)
    return found


def _text(element: Element, *path: str) -> str:
    found = _at(element, *path)
    return "" if found is None else inner_text(found).strip()


def _result(board: Element) -> Result | None:
    """The board's verdict; None, where it has none: then its windows decide."""
    stated = _at(board, "Result")
    word = "" if stated is None else inner_text(stated).strip()
    if stated is None or not word:
        return None
    try:
        return result_of(word)
    except ValueError as error:
        raise ConversionError(str(error), place=place(stated)) from error


def _seconds(panel: Element) -> float | None:
    duration = _at(panel, "Inspection", "Duration")
    if duration is None:
        return None
    try:
        seconds = parse_number(inner_text(duration))
    except ValueError as error:
        raise ConversionError(str(error), place=place(duration)) from error
    if seconds is not None and not 0 <= seconds < 1e9:
        raise ConversionError(
            f"{str(seconds)[:40]} s is no time that an inspection takes", place=place(duration)
        )
    return seconds


def _set_start(report: Report, panel: Element, source: Source) -> None:
    """Date as YYYYMMDD and time as HHMMSS, of the station's clock."""
    day, clock = _at(panel, "Inspection", "Date", "Begin"), _text(panel, "Inspection", "Time", "Begin")
    if day is None:
        return
    text = f"{inner_text(day).strip()}T{clock}"
    try:
        if len(text) != len("YYYYMMDDTHHMMSS"):
            raise ValueError(f"{text[:40]!r} is no date YYYYMMDD and time HHMMSS")
        moment = read_time(text, source.station)
    except ValueError as error:
        raise ConversionError(str(error), place=place(day)) from error
    report.data["start"] = moment.at.isoformat()
    report.timed = True
    if moment.warning:
        report.warn(moment.warning)


def _add_misc(report: Report, panel: Element, board: Element, variant: str) -> None:
    said = [
        ("Variant", variant),
        ("Board", _text(board, "Number")),
        ("Side", _text(board, "SideInformation")),
        ("AOI", _text(panel, "Station", "NameAOI")),
        ("Repair result of the panel", _text(panel, "Repair", "Result")),
        ("Repair seconds", _text(panel, "Repair", "Duration")),
        ("SI version", _text(panel, "Version", "SI")),
        ("REP version", _text(panel, "Version", "REP")),
    ]
    said += [(f"Panel {counter}", _text(panel, "Window", counter)) for counter in _COUNTERS]
    for name, text in said:
        if text:
            report.misc(name, one_line(text, 100))


def _add_windows(report: Report, windows: list[Element], options: ViscomOptions) -> None:
    """A step for each window; a board without any has one for the whole inspection."""
    false_calls = 0
    for window in windows:
        kind = _at(window, "Result", "Type")
        code = "" if kind is None else inner_text(kind).strip()
        if not code:
            raise ConversionError("the window has no type of result", place=place(window))
        false_call = code in options.false_call_types
        false_calls += false_call
        name = child_text(window, "WinID").strip() or str(window.get("id") or "")
        step = report.root.passfail(one_line(name, 200), Status.of(false_call))
        described = _text(window, "Result", "ErrorDescription")
        told = [
            described,
            f"Type: {code}",
            _labelled("Mode", _text(window, "Analysis", "Mode"), _text(window, "Analysis", "SubMode")),
            _labelled("Window", child_text(window, "WinType").strip()),
            _labelled("Part", child_text(window, "PartNumber").strip()),
            _labelled("Picture", _text(window, "Analysis", "PictureFileName")),
            _labelled("X, Y", _text(window, "CADPosition", "X"), _text(window, "CADPosition", "Y")),
        ]
        step.details(text=clip("\n".join(filter(None, told)), 5000))
        if not false_call:
            step.details(error_message=clip(described, 1000) or None)
    if not windows:
        result = report.data.get("result")
        if result is None:
            raise ConversionError("a board has neither a result nor windows", place=f"board {report.sn[:40]}")
        report.root.passfail("Inspection", Status(result))
    elif report.data.get("result") is None:
        report.warn("the board has no result: it is the worst of its windows")
    if options.counts:
        report.root.numeric("False calls", false_calls)
        report.root.numeric("Faults", len(windows) - false_calls)


def _labelled(label: str, *values: str) -> str:
    text = " ".join(filter(None, values))
    return f"{label}: {text}" if text else ""
