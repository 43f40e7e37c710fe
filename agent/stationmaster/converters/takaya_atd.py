"""ATD files of Takaya flying probe testers, with rows between tabs or between quotes: a report a group.

@  verdict, counters, Model:, DATE, Test time:, Test ID :  @  groups  @
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError, Report, Result, Source, Status
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.text import decode_text, one_line
from stationmaster.api.verdict import result_of
from stationmaster.converters.takaya_step import (
    Amount,
    Row,
    Rule,
    add_step,
    amount,
    exponent,
    nothing,
    percent,
)
from stationmaster.converters.takaya_unit import WRONG_DECIMAL, Header, TakayaOptions, begin

_STARS: Final = re.compile(r"\*\s*([^*]+?)\s*\*")
_GROUP: Final = re.compile(r"\*\s*GROUP\s+No\.\s*(\w+)\s*\*")
_COUNTERS: Final = re.compile(r"D\.T:")
_DATE: Final = re.compile(r"DATE\s+(\S+)\s+(\S+)")
_KEY: Final = re.compile(r"(Model|Test time|Test ID|Serial No\.)\s*:(.*)")
_QUOTED_ROW: Final = re.compile(r"\d{6} +\"")
_TOKEN: Final = re.compile(r'"([^"]*)"|(\S+)')
_COLUMNS: Final = "Group_No.\t"
_RULES: Final[dict[str, Rule]] = {"**": "tolerance"}


@dataclass(slots=True)
class _Panel:
    """What stands between the first two `@`."""

    line: int
    start: int
    end: int = 0
    keys: dict[str, str] = field(default_factory=dict)
    day: str = ""
    clock: str = ""
    user: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """A group of a panel: its own header, and its rows with their line numbers."""

    number: str
    line: int
    start: int
    verdict: str = ""
    sn: str = ""
    columns: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_atd(data: bytes, source: Source, options: TakayaOptions) -> Iterator[Report]:
    """Yield the report of each group.

    Raises:
        ConversionError: the grammar is broken or the file ends inside a panel; names the line.
    """
    text = decode_text(data, name=source.name).replace("\r\n", "\n").replace("\r", "\n")
    raw = data.splitlines(keepends=True)
    held: Report | None = None
    skipped: list[str] = []
    for panel, group, end in _Reader().groups(text.split("\n")):
        if not group.sn and not group.rows:
            skipped.append(f"line {group.line}: group {group.number[:20]} was not tested, it has no report")
            continue
        if held is not None:
            yield held
        held = _report(panel, group, source, options)
        held.record = b"".join(raw[panel.start : panel.end] + raw[group.start : end]).rstrip()
        if options.attach_source:
            held.attach(source.name, data, content_type="text/plain")
    if held is None:
        raise ConversionError(f"{source.name} holds no tested group", place="; ".join(skipped)[:200])
    for note in skipped:
        held.warn(note)
    yield held


class _Reader:
    """Splits a file into panels and groups."""

    def __init__(self) -> None:
        self._panel: _Panel | None = None
        self._group: _Group | None = None

    def groups(self, lines: list[str]) -> Iterator[tuple[_Panel, _Group, int]]:
        """Each group with its panel, and the index of the line behind it."""
        for at, line in enumerate(lines):
            clean = line.strip()
            panel, group = self._panel, self._group
            ended = self._mark(at) if clean == "@" else bool(clean) and self._line(line, clean, at)
            if ended and panel is not None and group is not None:
                yield panel, group, at
        if self._panel is not None:
            raise ConversionError(
                f"the file ends inside the panel that begins at line {self._panel.line}: "
                "the last line should be '@'",
                place=f"line {len(lines)}",
                next_step="Nothing of the file was taken. If the tester will never finish it, have the panel "
                "tested again.",
            )

    def _mark(self, at: int) -> bool:
        """A lone @ begins a panel, ends its header, ends the panel. True: a group ends here, too."""
        if self._panel is None:
            self._panel = _Panel(line=at + 1, start=at)
        elif not self._panel.end:
            self._panel.end = at
        else:
            self._panel = self._group = None
            return True
        return False

    def _line(self, line: str, clean: str, at: int) -> bool:
        """Read any other line. True: another group begins here."""
        if self._panel is None:
            raise ConversionError(f"'@' should stand here, not {clean[:20]!r}", place=f"line {at + 1}")
        if not self._panel.end:
            _panel_line(self._panel, clean, at + 1)
        elif found := _GROUP.fullmatch(clean):
            self._group = _Group(found[1], line=at + 1, start=at)
            return True
        elif self._group is None:
            raise ConversionError(f"a group should begin here, not {clean[:20]!r}", place=f"line {at + 1}")
        else:
            _group_line(self._group, line, clean, at + 1)
        return False


def _panel_line(panel: _Panel, line: str, number: int) -> None:
    if found := _KEY.fullmatch(line):
        panel.keys[found[1]] = found[2].strip()
    elif found := _DATE.fullmatch(line):
        panel.day, panel.clock = found[1], found[2]
    elif not _STARS.fullmatch(line) and not _COUNTERS.match(line):
        if ":" in line:
            panel.notes.append(line)
        elif not panel.user:
            panel.user = line
        else:
            panel.notes.append(line)
    if number > panel.line + 100:
        raise ConversionError("the header of the panel does not end", place=f"line {number}")


def _group_line(group: _Group, line: str, clean: str, number: int) -> None:
    if clean.startswith(_COLUMNS):
        group.columns = _columns(line.split("\t"), number)
    elif (group.columns and "\t" in line) or _QUOTED_ROW.match(clean):
        group.rows.append((number, line))
    elif found := _KEY.fullmatch(clean):
        if found[1] == "Serial No.":
            group.sn = found[2].strip()
    elif found := _STARS.fullmatch(clean):
        group.verdict = found[1]
    elif not _COUNTERS.match(clean):
        group.notes.append(f"line {number}: {clean[:40]!r} was not read")


def _report(panel: _Panel, group: _Group, source: Source, options: TakayaOptions) -> Report:
    place = f"group {group.number[:20]} at line {group.line}"
    sn = group.sn
    if not sn and group.columns and "Serial_No.1" in group.columns:
        cells = group.rows[0][1].split("\t")
        sn = _cell(cells, group.columns["Serial_No.1"])
    seconds = panel.keys.get("Test time", "").split(" ")[0]
    try:
        header = Header(
            sn=sn,
            model=panel.keys.get("Model", ""),
            day=panel.day,
            clock=panel.clock,
            verdict=_verdict(group, place),
            tester=panel.keys.get("Test ID", ""),
            group=group.number,
            place=place,
            user=panel.user if options.operator_line else "",
            seconds=parse_number(seconds, decimal=options.decimal) if seconds else None,
        )
    except ValueError as error:
        raise ConversionError(f"Test time: {error}", place=f"panel at line {panel.line}") from error
    report = begin(header, source, options)
    for note in panel.notes + ([] if options.operator_line or not panel.user else [panel.user]):
        report.misc("Header line", one_line(note, 1000))
    for note in group.notes:
        report.warn(note)
    for number, line in group.rows:
        try:
            row = _row(group, line, number, options.decimal)
        except ValueError as error:
            raise ConversionError(str(error), place=f"line {number}", next_step=WRONG_DECIMAL) from error
        _check_size(report, row, options.decimal)
        add_step(report, row, keep_units=options.keep_units)
    return report


def _row(group: _Group, line: str, number: int, decimal: Decimal) -> Row:
    return (
        _tab_row(line, group.columns, number, decimal)
        if group.columns
        else _quoted_row(line, number, decimal)
    )


def _verdict(group: _Group, place: str) -> Result:
    try:
        return result_of(group.verdict)
    except ValueError as error:
        raise ConversionError(
            f"{error}" if group.verdict else "the group has no verdict", place=place
        ) from error


def _status(word: str) -> tuple[Status, str]:
    """PASS; dots: not judged; every other word is a failure, and kept where it is not FAIL."""
    word = word.strip()
    if word.upper() == "PASS":
        return Status.PASSED, ""
    if nothing(word):
        return Status.SKIPPED, ""
    return Status.FAILED, "" if word.upper() == "FAIL" else word[:40]


# ---------------------------------------------------------------- rows between tabs
def _columns(cells: list[str], number: int) -> dict[str, int]:
    """Index of each column; of those that are there several times, "Unit", of the first."""
    found: dict[str, int] = {}
    for index, cell in enumerate(cells):
        found.setdefault(cell.strip(), index)
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise ConversionError(f"the table has no column {missing[0]}", place=f"line {number}")
    return found


_REFERENCE: Final = "Ref._Value_({})"
_TESTS: Final = ("Test_Value_1_({})", "Test_Value_2_({})")
_NEEDED: Final = (
    "Parts",
    "Value",
    "Comment",
    "Judgement",
    "Tolerance_(+)%",
    "Tolerance_(-)%",
    "Function",
    *(name.format(kind) for name in (_REFERENCE, *_TESTS) for kind in ("Fig", "Char")),
)
_TOLD: Final = ("Comment", "Location", "Net_name", "Measuring_mode", "Function")


def _cell(cells: list[str], index: int) -> str:
    return cells[index].strip() if index < len(cells) else ""


def _tab_row(line: str, columns: dict[str, int], number: int, decimal: Decimal) -> Row:
    cells = line.split("\t")
    last = max(columns[name] for name in _NEEDED)
    if len(cells) <= last:
        raise ValueError(f"the row has {len(cells)} cells, {last + 1} are expected")

    def text(name: str) -> str:
        return _cell(cells, columns[name]) if name in columns else ""

    def shown(name: str) -> Amount:
        at = columns[name.format("Char")]
        found = amount(_cell(cells, at), _cell(cells, at + 1), decimal=decimal)
        return (
            found
            if found.value is None
            else _Sized(found.value, found.unit, found.phase, text(name.format("Fig")))
        )

    status, word = _status(text("Judgement"))
    function = text("Function")
    value = text("Value")
    unit = _cell(cells, columns["Value"] + 1)
    notes = [("Step", text("Step_number")), *((name.replace("_", " "), text(name)) for name in _TOLD)]
    if unit:
        notes.insert(1, ("Value", f"{value} {unit}"))
    return Row(
        place=f"line {number}",
        part=text("Parts"),
        value="" if unit else value,
        comment=text("Comment"),
        status=status,
        word=word,
        reference=shown(_REFERENCE),
        tests=tuple(shown(name) for name in _TESTS),
        plus=percent(text("Tolerance_(+)%"), decimal),
        minus=percent(text("Tolerance_(-)%"), decimal),
        rule=_RULES.get(function),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Sized(Amount):
    """An amount with the same value in the base unit, as the file has it beside."""

    figure: str = ""


def _check_size(report: Report, row: Row, decimal: Decimal) -> None:
    """The value in its unit and the one in the base unit must be of the same size."""
    for one in (row.reference, *row.tests):
        if not isinstance(one, _Sized) or not one.value:
            continue
        size = exponent(one.unit)
        try:
            figure = parse_number(one.figure, decimal=decimal)
        except ValueError:
            figure = None
        if size is None or not figure:
            continue
        if not 0.5 < one.value * 10.0 ** size[0] / figure < 2:
            report.warn(f"{row.place}: {one.value:g} {one.unit} and {figure:g} are not the same value")


# ---------------------------------------------------------------- rows between quotes
def _quoted_row(line: str, number: int, decimal: Decimal) -> Row:
    """The flags behind the probes stand in another order on each machine; the quoted one is the function."""
    tokens = [
        (found[1], True) if found[1] is not None else (found[2], False) for found in _TOKEN.finditer(line)
    ]
    if len(tokens) < 15 or [quoted for _, quoted in tokens[:12]] != _QUOTES:
        raise ValueError("the row has not the cells that are expected")
    cells = [text.strip() for text, _ in tokens]
    status, word = _status(cells[11])
    function = next((text.strip() for text, quoted in tokens[16:] if quoted), "")
    notes = (
        ("Step", cells[0]),
        ("Value", cells[2]),
        ("Comment", cells[3]),
        ("Pins", f"{cells[4]} {cells[5]}"),
        ("Mode", cells[12]),
        ("Function", function),
    )
    return Row(
        place=f"line {number}",
        part=cells[1],
        value=cells[2],
        comment=cells[3],
        status=status,
        word=word,
        reference=amount(cells[6], decimal=decimal),
        tests=(amount(cells[7], decimal=decimal), amount(cells[8], decimal=decimal)),
        plus=percent(cells[9], decimal),
        minus=percent(cells[10], decimal),
        rule=_RULES.get(function),
        notes=notes,
    )


_QUOTES: Final = [False, True, True, True, False, False, True, True, True, False, False, True]
