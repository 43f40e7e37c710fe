"""From the XML of one run of XJTAG to a report."""

from __future__ import annotations

import re
import textwrap
from typing import Final

from stationmaster.api import ConversionError, ConverterOptions, Report, Result, Sequence, Source, Status
from stationmaster.api.header import Found, is_placeholder, named_groups, resolve
from stationmaster.api.local_time import read_time
from stationmaster.api.number import parse_number
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import result_of, status_of
from stationmaster.api.xml import Element, child_text, children, inner_text, local_name, place

_SERIAL_SET: Final = re.compile(r"Serial number set to (\S[^\n]{0,98}?) by ")
_SUMMARY: Final = re.compile(r"(?:>|&gt;){4} ?([A-Za-z ]{1,20}?) ?(?:<|&lt;){4}")
_TELLS_SERIAL: Final = {"Notification", "Warning"}
_MAX_MESSAGE: Final = 1000


class XjtagOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the XJTAG converter.

    Attributes:
        part_number_pattern: regular expression with a group `pn`, and perhaps `rev`, for the description
            of the project.
        measurements: regular expressions with the groups `name` and `value`, and perhaps `unit`: what they
            find in the output of a function becomes a measurement. Each is tried on each line.
        text_limit: characters of output kept with a step.
        attach_connection_data: attach the archive's connection test data to the run that they belong to.
    """

    part_number_pattern: str = ""
    measurements: tuple[str, ...] = ()
    text_limit: int = 5000
    attach_connection_data: bool = False


def build(root: Element, project: str, source: Source, options: XjtagOptions) -> Report:
    """Build the report of one run; `project` is the path of its project, where it is known.

    Raises:
        ConversionError: it is no run, or cannot become a report; names the line.
    """
    if local_name(root) != "testrun":
        raise ConversionError(
            f"<{local_name(root)[:60]}> is no run of XJTAG",
            place=place(root),
            next_step="Check that the right converter watches this folder.",
        )
    info = next(children(root, "testruninfo"), None)
    description = _info(info, "project-description")
    report = _header(root, info, description, project, source, options)
    _set_start(report, root, source)
    for name, key in (("XJTAG version", "xjtag-version"), ("XJLink", "xjlink-name")):
        if text := _info(info, key):
            report.misc(name, one_line(text, 100))
    if serial := _info(info, "xjlink-serial"):
        report.misc("XJLink serial number", one_line(serial, 100))
    _Steps(report, options).fill(report.root, root)
    if not any(True for _one in root.iter("{*}testfunction")):
        report.warn("the run holds no test functions")
    return report


def _header(
    root: Element,
    info: Element | None,
    description: str,
    project: str,
    source: Source,
    options: XjtagOptions,
) -> Report:
    named = named_groups(options.part_number_pattern, description, "part_number_pattern")
    header = resolve(
        Found(
            sn=_serial_number(root, info, options),
            pn=named.get("pn", ""),
            rev=named.get("rev", ""),
            program=description,
            place=place(root if info is None else info),
        ),
        source,
        options,
    )
    return header.report(
        result=_result(root, info),
        user=_info(info, "user"),
        execution_time=_seconds(info),
        sequence=description,
        sequence_path=project,
    )


def _info(info: Element | None, name: str) -> str:
    return "" if info is None else child_text(info, name).strip()


def _compiled(pattern: str, option: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConversionError(
            f"the option {option} is no regular expression: {error}", next_step="Correct it."
        ) from error


def _serial_number(root: Element, info: Element | None, options: XjtagOptions) -> str:
    """What the run's info says, else the sentence with which XJTAG tells that one was set."""
    given = _info(info, "serial")
    if given and not is_placeholder(given, options):
        return given
    for told in root.iter("{*}text-output"):
        if told.get("output-type") in _TELLS_SERIAL and (found := _SERIAL_SET.search(inner_text(told))):
            return found[1].strip()
    return given


def _result(root: Element, info: Element | None) -> Result | None:
    """The run's own verdict; None, where it has none: then its steps decide."""
    stated = None if info is None else next(children(info, "result"), None)
    word = "" if stated is None else inner_text(stated).strip()
    at = stated
    if not word:
        at = next(children(root, "summary"), None)
        found = _SUMMARY.search("" if at is None else child_text(at, "text-output"))
        word = found[1] if found else ""
    if not word:
        return None
    try:
        return result_of(word)
    except ValueError as error:
        raise ConversionError(str(error), place=place(root if at is None else at)) from error


def _seconds(info: Element | None) -> float | None:
    element = None if info is None else next(children(info, "time-taken"), None)
    return None if element is None else _from_millis(element)


def _from_millis(element: Element) -> float | None:
    try:
        millis = parse_number(inner_text(element))
    except ValueError as error:
        raise ConversionError(str(error), place=place(element)) from error
    if millis is None:
        return None
    if not 0 <= millis < 1e12:
        raise ConversionError(f"{str(millis)[:40]} ms is no time that a test takes", place=place(element))
    return millis / 1000


def _set_start(report: Report, root: Element, source: Source) -> None:
    text = str(root.get("datetime") or "")
    if not text:
        return
    try:
        moment = read_time(text, source.station)
    except ValueError as error:
        raise ConversionError(str(error), place=place(root)) from error
    report.data["start"] = moment.at.isoformat()
    report.timed = True
    if moment.warning:
        report.warn(moment.warning)


class _Steps:
    """Turns groups into sequences and functions into steps."""

    def __init__(self, report: Report, options: XjtagOptions) -> None:
        self._report = report
        self._options = options
        self._rules = [_compiled(rule, "measurements") for rule in options.measurements]
        for rule in self._rules:
            if not {"name", "value"} <= rule.groupindex.keys():
                raise ConversionError(
                    f"the option measurements: {rule.pattern[:80]!r} has no groups name and value",
                    next_step="Correct it.",
                )

    def fill(self, sequence: Sequence, above: Element) -> None:
        """Add what is in `above`: groups, functions, and what is said between them."""
        said: list[str] = []
        for child in children(above, "testgroup", "testfunction", "text-output"):
            kind = local_name(child)
            if kind == "testfunction":
                self._add_function(sequence, child)
            elif kind == "testgroup":
                skipped = all(_word(one) == "skipped" for one in child.iter("{*}testfunction"))
                status = Status.SKIPPED if skipped else None
                name = one_line(str(child.get("name") or ""), 500)
                self.fill(sequence.sequence(name or "-", status=status), child)
            else:
                said.append(_lines(child))
        if text := clip("\n".join(filter(None, said)), self._options.text_limit):
            sequence.details(text=text)

    def _add_function(self, sequence: Sequence, function: Element) -> None:
        name = one_line(str(function.get("name") or ""), 500)
        status = self._status(function)
        step = sequence.passfail(name, status)
        output = _output(function)
        errors = _connection_errors(function)
        for taken in children(function, "time-taken"):
            step.details(total_time=_from_millis(taken))
        text = "\n".join(filter(None, (output, *errors, *_references(function))))
        if text:
            step.details(text=clip(text, self._options.text_limit))
        if status in {Status.FAILED, Status.ERROR, Status.TERMINATED}:
            message = errors[0] if errors else _first_error(function)
            step.details(error_message=clip(message, _MAX_MESSAGE) or None)
        self._measure(sequence, name, output, function)

    def _status(self, function: Element) -> Status:
        result = next(children(function, "result"), None)
        if result is None:
            self._report.warn(f"{place(function)} has no result: it was taken as an error")
            return Status.ERROR
        try:
            return status_of(str(result.get("value") or ""))
        except ValueError as error:
            raise ConversionError(str(error), place=place(result)) from error

    def _measure(self, sequence: Sequence, name: str, output: str, function: Element) -> None:
        for line in output.splitlines() if self._rules else ():
            for rule in self._rules:
                for found in rule.finditer(line):
                    self._add_value(sequence, name, found, function)

    def _add_value(self, sequence: Sequence, name: str, found: re.Match[str], function: Element) -> None:
        groups = found.groupdict()
        try:
            value = parse_number(groups["value"] or "")
        except ValueError as error:
            self._report.warn(f"{place(function)}: the option measurements found no value: {error}")
            return
        if value is not None:
            what = one_line(groups["name"] or "", 200)
            sequence.numeric(f"{name} {what}", value, unit=one_line(groups.get("unit") or "", 50))


def _word(function: Element) -> str:
    result = next(children(function, "result"), None)
    return "" if result is None else str(result.get("value") or "").strip().casefold()


def _output(function: Element) -> str:
    """What the function printed: XJTAG's own plain form of it, else the pieces."""
    plain = next(children(function, "plain-text"), None)
    if plain is not None:
        return _lines(plain)
    return "\n".join(filter(None, (_lines(one) for one in children(function, "text-output"))))


def _lines(element: Element) -> str:
    """The text without the indentation that a pretty printer gave it."""
    lines = textwrap.dedent(inner_text(element)).strip().splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _connection_errors(function: Element) -> list[str]:
    return [
        message
        for errors in children(function, "conntest-errors")
        for error in children(errors, "error")
        if (message := child_text(error, "error-message").strip())
    ]


def _first_error(function: Element) -> str:
    said = (_lines(one) for one in children(function, "text-output") if one.get("output-type") == "Error")
    return next(filter(None, said), "")


def _references(function: Element) -> list[str]:
    """Nets, pins and devices that the function speaks of, a line each kind."""
    found: dict[str, list[str]] = {"Nets": [], "Pins": [], "Devices": []}
    for references in children(function, "circuit-refs"):
        for one in children(references):
            board, device = str(one.get("board") or ""), str(one.get("device") or "")
            kind = local_name(one)
            if kind == "net-ref":
                found["Nets"].append(_on(board, str(one.get("name") or "")))
            elif kind == "pin-ref":
                found["Pins"].append(_on(board, f"{device}.{one.get('pin') or ''}"))
            elif kind == "device-ref":
                found["Devices"].append(_on(board, device))
    # A dictionary keeps the order and each but once.
    return [f"{kind}: {', '.join(dict.fromkeys(names))}" for kind, names in found.items() if names]


def _on(board: str, name: str) -> str:
    return f"{board}:{name}" if board else name
