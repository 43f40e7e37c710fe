"""The records below a BTEST: blocks, measurements and other tests to steps.

The status of a block is its step's; the records in it say what was measured. What no step can hold is told
in report text, or as a misc info of the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from stationmaster.api import (
    ConversionError,
    Limits,
    Report,
    Sequence,
    Status,
    Step,
    at_least,
    at_most,
    between,
    log_only,
)
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.reading import add_line, add_reading
from stationmaster.api.text import clip, one_line
from stationmaster.converters.i3070_records import Record

Several = Literal["step", "sequence"]
"""What a block of several measurements becomes: one step of them all, or a sequence of steps."""

_UNITS: Final = {
    "@A-CAP": "F",
    "@A-RES": "Ohm",
    "@A-IND": "H",
    "@A-POT": "Ohm",
    "@A-ZEN": "V",
    "@A-JUM": "Ohm",
    "@A-FUS": "Ohm",
    "@A-SWI": "Ohm",
    "@A-DIO": "V",
    "@A-MEA": "V",
    "@A-NFE": "",
    "@A-PFE": "",
    "@A-NPN": "",
    "@A-PNP": "",
}
_STATUS_TEXTS: Final = {
    2: "compliance limit",
    3: "detector timeout",
    11: "broken off by the operator",
}
_WRONG_DECIMAL: Final = "If the tester writes another decimal mark, set the converter's option decimal."
_ALARMS: Final = frozenset({"@AID", "@ALM", "@NETV"})
_DETAIL: Final = re.compile(r"@(?:DPIN|NODE|PIN|INDICT|EXPRT|NOTE|LIM[23]|TS-\w+|BS-\w+)")
"""Records that tell more of the test they belong to."""

_BOARD: Final = re.compile(r"\d+%", re.ASCII)
_FAILED_BLOCK: Final = re.compile(r"(\S+)\s+HAS\s+FAILED", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where a test record that measures nothing has its fields.

    Attributes:
        status, name: index of the status and of the designator.
        told: further fields that are worth telling: index and what it is.
        error: statuses that mean that the test did not come to its end.
    """

    status: int
    name: int
    told: tuple[tuple[int, str], ...] = ()
    error: frozenset[int] = frozenset()


_PINS: Final = _Shape(0, 2, ((1, "pins"),), frozenset({7}))
_TESTS: Final = {
    "@D-T": _Shape(0, 4, ((1, "substatus"), (2, "failing vector"), (3, "pins")), frozenset({7})),
    "@D-PLD": _Shape(2, 0, ((1, "action"), (2, "return code"), (3, "message"), (4, "counter"))),
    "@TJET": _PINS,
    "@CCHK": _PINS,
    "@PCHK": _PINS,
    "@PRB": _PINS,
    "@BS-CON": _Shape(1, 0, ((2, "shorts"), (3, "opens"))),
    "@PF": _Shape(1, 0, ((2, "pins"),)),
    "@TS": _Shape(0, 4, ((1, "shorts"), (2, "opens"), (3, "phantoms"))),
    "@ARRAY": _Shape(1, 0, ((2, "failures"), (3, "samples"))),
}
_SUBSTATUS: Final = ("failed", "safeguard timeout", "hardware error", "pause", "halt", "overvoltage")
"""Of a digital test, what each bit of the substatus means, the lowest first; there are bits above."""

_LEARNED: Final = 20
"""Status of a shorts test that passed while it learned."""


def add_steps(report: Report, board: Record, *, strip: bool, several: Several, decimal: Decimal) -> None:
    """Add the steps of a board below the root of `report`.

    Raises:
        ConversionError: a field cannot be read; names the line.
    """
    _Board(report, strip=strip, several=several, decimal=decimal).add(board)


def told(report: Report, record: Record) -> None:
    """Keep a record that is no test, one of the site's own for instance, as a misc info."""
    name, _, more = record.kind.removeprefix("@").partition(":")
    parts = [part for part in (more.strip(), record.told()) if part]
    text = " | ".join(dict.fromkeys(parts))
    report.misc(one_line(name, 100) or "-", one_line("; ".join([text, *_lines(record, 0)]), 5000) or "-")


class _Board:
    """Adds the steps of one board."""

    def __init__(self, report: Report, *, strip: bool, several: Several, decimal: Decimal) -> None:
        self._report = report
        self._strip = strip
        self._several = several
        self._decimal: Decimal = decimal
        self._steps: dict[str, Step] = {}
        self._blocks: frozenset[str] = frozenset()
        self._lines: list[str] = []
        self._later: list[tuple[str, list[str]]] = []

    def add(self, board: Record) -> None:
        self._blocks = frozenset(one.text(0) for one in board.records if one.kind == "@BLOCK")
        for record in board.records:
            if record.kind == "@RPT":
                self._lines.append(record.told())
            elif record.kind in _ALARMS:
                continue
            elif (step := self._step(self._report.root, record)) is not None:
                self._tell(step, record)
            else:
                told(self._report, record)
        if self._lines:
            self._give(self._report.root)
        for name, lines in self._later:
            _add_lines(self._steps.get(name, self._report.root), lines)

    def _tell(self, step: Step, record: Record) -> None:
        """Give a step the report lines that belong to it."""
        if record.kind == "@BLOCK":
            self._steps[record.text(0)] = step
        if self._lines:
            self._give(step)

    def _give(self, step: Step) -> None:
        """The lines belong to the block that they name, else to `step`, which follows them."""
        named = (_FAILED_BLOCK.match(line.strip()) for line in self._lines)
        name = next((found[1] for found in named if found and found[1] in self._blocks), "")
        if name:
            self._later.append((name, self._lines))
        else:
            _add_lines(step, self._lines)
        self._lines = []

    def _name(self, text: str) -> str:
        found = _BOARD.match(text) if self._strip else None
        return text[found.end() :] if found and found.end() < len(text) else text

    # ------------------------------------------------------------ records
    def _step(self, parent: Sequence, record: Record) -> Step | None:
        """The step of a record; None where it is no test."""
        if record.kind == "@BLOCK":
            return self._block(parent, record)
        if record.kind in _UNITS:
            name = self._name(record.text(2)) or record.kind.removeprefix("@")
            return self._reading(parent, record, name, _analog_status(record))
        if record.kind in _TESTS:
            name = self._name(record.text(_TESTS[record.kind].name)) or record.kind.removeprefix("@")
            return self._test(parent, record, name, None)
        return None

    def _block(self, parent: Sequence, block: Record) -> Step:
        readings = [one for one in block.records if one.kind in _UNITS]
        tests = [one for one in block.records if one.kind in _TESTS]
        others = [one for one in block.records if one.kind not in _UNITS and one.kind not in _TESTS]
        name = self._name(block.text(0)) or "-"
        step = self._block_step(parent, block, name, readings, tests)
        for one in others:
            if one.kind == "@RPT":
                add_line(step, clip(one.told(), 5000))
            elif _DETAIL.fullmatch(one.kind):
                for line in (_line(one), *_lines(one, 1)):
                    add_line(step, line)
            elif one.kind not in _ALARMS:
                told(self._report, one)
        return step

    def _block_step(
        self, parent: Sequence, block: Record, name: str, readings: list[Record], tests: list[Record]
    ) -> Step:
        status = _block_status(block, readings, tests)
        if len(readings) == 1 and not tests:
            return self._reading(parent, readings[0], name, status, label=readings[0].text(2))
        if readings and not tests and self._several == "step":
            values = [self._number(one, 1) for one in readings]
            if None not in values:
                return self._multi(parent, readings, [one for one in values if one is not None], name, status)
        if not readings and not tests:
            return parent.passfail(name, status)
        if len(tests) == 1 and not readings and self._designator(tests[0]) in ("", name):
            return self._test(parent, tests[0], name, status)
        sequence = parent.sequence(name, status=status)
        for number, one in enumerate(block.records, start=1):
            if one.kind in _UNITS:
                self._reading(sequence, one, one.text(2) or f"#{number}", _analog_status(one))
            elif one.kind in _TESTS:
                self._test(sequence, one, self._designator(one) or one.kind.removeprefix("@"), None)
        return sequence

    def _designator(self, record: Record) -> str:
        return self._name(record.text(_TESTS[record.kind].name))

    # ------------------------------------------------------------ measurements
    def _reading(
        self, parent: Sequence, record: Record, name: str, status: Status, *, label: str = ""
    ) -> Step:
        value, unit, limits = self._number(record, 1), _UNITS[record.kind], self._limits(record)
        step = add_reading(parent, name, value, unit=unit, limits=limits, status=status)
        if label and value is not None:
            step.data["numericMeas"][0]["name"] = one_line(label, 100)
        self._details(step, record, "")
        return step

    def _multi(
        self, parent: Sequence, readings: list[Record], values: list[float], name: str, status: Status
    ) -> Step:
        step = parent.multi_numeric(name, status=status)
        for number, (record, value) in enumerate(zip(readings, values, strict=True), start=1):
            label = one_line(record.text(2), 100) or f"#{number}"
            limits, own = self._limits(record), _analog_status(record)
            step.add(label, value, unit=_UNITS[record.kind], limits=limits, status=own)
            self._details(step, record, f"{label}: ")
        return step

    def _details(self, step: Step, record: Record, label: str) -> None:
        """The nominal value, the kind of failure, and whatever stands in the record beside its limits."""
        text = _STATUS_TEXTS.get(_code(record, 0), "")
        if text:
            add_line(step, label + text)
        for one in record.records:
            if one.kind == "@LIM3" and (nominal := self._number(one, 0)) is not None:
                add_line(step, f"{label}Nominal: {nominal:.15g} {_UNITS[record.kind]}".rstrip())
            elif one.kind not in {"@LIM2", "@LIM3"}:
                add_line(step, label + _line(one))
                for line in _lines(one, 1):
                    add_line(step, line)

    def _limits(self, record: Record) -> Limits:
        """The limits; both records have the high one before the low one."""
        for one in record.records:
            if one.kind in {"@LIM2", "@LIM3"}:
                first = 1 if one.kind == "@LIM3" else 0
                if len(one.fields) < first + 2:
                    raise ConversionError("a limit is missing", place=one.place)
                high, low = self._number(one, first), self._number(one, first + 1)
                if low is not None and high is not None and low > high:
                    self._report.warn(f"{one.place}: the low limit {low:g} is above the high one {high:g}")
                return _between(low, high)
        return log_only()

    def _number(self, record: Record, index: int) -> float | None:
        try:
            return parse_number(record.text(index), decimal=self._decimal)
        except ValueError as error:
            raise ConversionError(str(error), place=record.place, next_step=_WRONG_DECIMAL) from error

    # ------------------------------------------------------------ other tests
    def _test(self, parent: Sequence, record: Record, name: str, status: Status | None) -> Step:
        shape = _TESTS[record.kind]
        step = parent.passfail(name, status or _test_status(record))
        parts = [f"{what}: {record.text(at)}" for at, what in shape.told if record.text(at)]
        if step.status != Status.PASSED:
            parts = [f"status: {record.text(shape.status)}", *parts, *_bits(record)]
            add_line(step, clip("; ".join(parts), 5000))
        for line in _lines(record, 0):
            add_line(step, line)
        return step


def _between(low: float | None, high: float | None) -> Limits:
    """The limits; one that is empty or `9.99E+37` bounds nothing."""
    if low is None:
        return log_only() if high is None else at_most(high)
    return at_least(low) if high is None else between(low, high)


def _bits(record: Record) -> list[str]:
    """What the substatus of a digital test says, in words."""
    text = record.text(1)
    if record.kind != "@D-T" or not (text.isascii() and text.isdecimal() and len(text) < 10):
        return []
    return [word for bit, word in enumerate(_SUBSTATUS) if int(text) >> bit & 1]


def _add_lines(step: Step, lines: list[str]) -> None:
    add_line(step, "\n".join(lines))


def _line(record: Record) -> str:
    return clip(f"{record.kind.removeprefix('@')} {record.told()}".strip(), 5000)


def _lines(record: Record, depth: int) -> Iterator[str]:
    """What stands in a record, a line each, for people."""
    for one in record.records:
        yield "  " * depth + _line(one)
        yield from _lines(one, depth + 1)


def _block_status(block: Record, readings: list[Record], tests: list[Record]) -> Status:
    """The block's own status; how it failed is said by the test in it that did."""
    if _code(block, 1) == 0:
        return Status.PASSED
    inner = {*map(_analog_status, readings), *map(_test_status, tests)}
    return next((bad for bad in (Status.TERMINATED, Status.ERROR) if bad in inner), Status.FAILED)


def _analog_status(record: Record) -> Status:
    code = _code(record, 0)
    if code == 11:
        return Status.TERMINATED
    return Status.of(code == 0)


def _test_status(record: Record) -> Status:
    shape = _TESTS[record.kind]
    code = _code(record, shape.status)
    if code in shape.error:
        return Status.ERROR
    return Status.of(code == 0 or (record.kind == "@TS" and code == _LEARNED))


def _code(record: Record, index: int) -> int:
    text = record.text(index)
    if not text and record.kind == "@D-PLD":
        return 0
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise ConversionError(f"the status {text[:20]!r} is no number", place=record.place)
    return int(text)
