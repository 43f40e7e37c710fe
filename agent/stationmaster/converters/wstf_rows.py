"""The table of a WSTF unit: rows to steps.

Several rows may make one step: the step's name again with another measurement's name, or no step name at
all. The first row's status is the step's and its own measurement's; the others' are of their measurements.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from stationmaster.api import CompOp, ConversionError, Limits, Report, Sequence, Status, Step
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.text import clip
from stationmaster.api.verdict import status_of
from stationmaster.converters.wstf_limits import numeric_limits, text_limit

_MAX_DEPTH: Final = 100
_MAX_TEXT: Final = 20_000


class Kind(Enum):
    """What a row is about; the values are the step types that say so, in lower case."""

    SEQUENCE = "sequencecall wats_seqcall"
    END = "endsequencecall"
    NUMERIC = "numericlimittest multinumericlimittest et_nlt et_mnlt"
    BOOLEAN = "passfailtest multibooleantest et_pft et_mpft"
    STRING = "stringvaluetest multistringtest et_svt et_msvt"
    ACTION = "actionstep action et_a"


_KINDS: Final = {word: kind for kind in Kind for word in kind.value.split()}
_READ: Final = frozenset(
    {
        "steptype",
        "stepname",
        "measurename",
        "value",
        "lowlimit",
        "highlimit",
        "compoperator",
        "unit",
        "stepstatus",
        "stepexecutiontime",
        "stepreporttext",
        "steperrorcode",
        "steperrormessage",
        "causedsequencefailure",
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: its line in the file, and its cells by column name in lower case."""

    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """The cell of a column, "" where it is empty."""
        return self.cells.get(column.lower(), "")

    def error(self, column: str, text: str) -> ConversionError:
        """An error that names line and column."""
        return ConversionError(text, place=f"line {self.line} column {column}")

    @property
    def kind(self) -> Kind | None:
        """What it is about; None: a type we do not know."""
        return _KINDS.get(self.text("StepType").casefold())

    def number(self, column: str, decimal: Decimal) -> float | None:
        """The number in a cell; None where there is none."""
        try:
            return parse_number(self.text(column), decimal=decimal)
        except ValueError as error:
            raise self.error(column, str(error)) from error

    def stated(self) -> Status | None:
        """The status the tester wrote."""
        word = self.text("StepStatus")
        if not word:
            return None
        try:
            return status_of(word)
        except ValueError as error:
            raise self.error("StepStatus", str(error)) from error


def add_steps(report: Report, rows: Iterable[Row], decimal: Decimal) -> None:
    """Add the steps of a table below the root of `report`.

    Raises:
        ConversionError: a cell cannot be read, or the sequences do not close; names line and column.
    """
    _Tree(report, decimal).add(rows)


class _Tree:
    """Grows the step tree row by row."""

    def __init__(self, report: Report, decimal: Decimal) -> None:
        self._report = report
        self._decimal = decimal
        self._open: list[tuple[Sequence, Row | None]] = [(report.root, None)]
        self._group: list[Row] = []
        self._taken: set[str] = set()
        self._culprit = False

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if self._continues(row):
                self._collect(row)
                continue
            self._flush()
            self._begin(row)
        self._flush()
        opener = self._open[-1][1]
        if opener is not None and self._report.data.get("result") != "T":
            raise opener.error("StepType", "this SequenceCall has no EndSequenceCall")

    def _continues(self, row: Row) -> bool:
        """Is `row` one more measurement of the step that is being collected?"""
        if not self._group or row.kind is not self._group[0].kind:
            return False
        name, measurement = row.text("StepName"), row.text("MeasureName")
        if not name:
            return True
        same = name == self._group[0].text("StepName")
        return same and bool(measurement) and measurement not in self._taken

    def _collect(self, row: Row) -> None:
        self._group.append(row)
        self._taken.add(row.text("MeasureName"))

    def _begin(self, row: Row) -> None:
        kind = row.kind
        if kind is None:
            self._other(row)
        elif kind is Kind.SEQUENCE:
            self._sequence(row)
        elif kind is Kind.END:
            if len(self._open) == 1:
                raise row.error("StepType", "EndSequenceCall without a SequenceCall")
            self._open.pop()
        elif kind is Kind.ACTION:
            self._details(self._here.action(self._name(row), row.stated() or Status.DONE), [row])
        else:
            self._collect(row)

    @property
    def _here(self) -> Sequence:
        return self._open[-1][0]

    def _name(self, row: Row) -> str:
        name = row.text("StepName") or row.text("MeasureName")
        if not name:
            self._report.warn(f"line {row.line}: the step has no name")
        return name or row.text("StepType")

    def _sequence(self, row: Row) -> None:
        if len(self._open) > _MAX_DEPTH:
            raise row.error("StepType", f"sequences nest more than {_MAX_DEPTH} deep")
        sequence = self._here.sequence(clip(self._name(row), 500), status=row.stated())
        self._details(sequence, [row])
        self._open.append((sequence, row))

    def _other(self, row: Row) -> None:
        step_type = row.text("StepType")
        if not step_type:
            raise row.error("StepType", "the row has no step type")
        self._report.warn(f"line {row.line}: step type {step_type[:40]!r} is kept as an action")
        step = self._here.action(self._name(row), row.stated() or Status.DONE)
        cells = "; ".join(f"{key}: {value}" for key, value in row.cells.items() if value)
        self._details(step, [row])
        _append_text(step, cells)

    def _flush(self) -> None:
        rows, self._group = self._group, []
        self._taken.clear()
        if not rows:
            return
        lacking = [row for row in rows if row.kind is Kind.NUMERIC and self._value(row) is None]
        if lacking:
            self._without_value(rows, lacking)
            return
        if len(rows) == 1:
            self._details(self._single(rows[0]), rows)
        else:
            self._details(self._multi(rows), rows)

    def _value(self, row: Row) -> float | None:
        return row.number("Value", self._decimal)

    def _without_value(self, rows: list[Row], lacking: list[Row]) -> None:
        """Numeric rows without a number: pass/fail steps of their own, the rest as it would be."""
        lines = {row.line for row in lacking}
        rest = [row for row in rows if row.line not in lines]
        name = self._name(rows[0])
        if rest:
            named = [_renamed(row, name) for row in rest]
            self._details(self._multi(named) if len(named) > 1 else self._single(named[0]), named)
        for row in lacking:
            measurement = row.text("MeasureName")
            title = f"{name} {measurement}" if measurement and len(rows) > 1 else name
            status = row.stated() or rows[0].stated()
            if status is None:
                raise row.error("Value", "the row has neither a value nor a status")
            step = self._details(self._here.passfail(title, status), [row])
            shown = ("Value", "LowLimit", "HighLimit", "CompOperator", "Unit")
            cells = [f"{key}: {row.text(key)}" for key in shown if row.text(key)]
            _append_text(step, "no value; " + "; ".join(cells) if cells else "no value")

    # ------------------------------------------------------------ one measurement
    def _single(self, row: Row) -> Step:
        name, measurement = self._name(row), row.text("MeasureName")
        status = self._status(row)
        if row.kind is Kind.NUMERIC:
            value = self._number(row)
            unit, limits = clip(row.text("Unit"), 100), self._limits(row)
            step = self._here.numeric(name, value, unit=unit, limits=limits, status=status)
        elif row.kind is Kind.BOOLEAN:
            step = self._here.passfail(name, status)
        else:
            limit, comp, note = _text_limit(row)
            value_text = clip(row.text("Value"), _MAX_TEXT)
            step = self._here.string(name, value_text, limit=limit, comp=comp, status=status)
            _append_text(step, note)
        if measurement and row.text("StepName"):
            key = next(key for key in ("numericMeas", "booleanMeas", "stringMeas") if key in step.data)
            step.data[key][0]["name"] = clip(measurement, 100)
        return step

    def _number(self, row: Row) -> float:
        value = self._value(row)
        if value is None:
            raise row.error("Value", "there is no number here")
        return value

    # ------------------------------------------------------------ several measurements
    def _multi(self, rows: list[Row]) -> Step:
        first = rows[0]
        name = self._name(first)
        statuses = [self._status(row, first) for row in rows]
        status = _step_status(statuses)
        names = [row.text("MeasureName") or name for row in rows]
        if first.kind is Kind.NUMERIC:
            numeric = self._here.multi_numeric(name, status=status)
            for row, label, one in zip(rows, names, statuses, strict=True):
                unit, limits = clip(row.text("Unit"), 100), self._limits(row)
                numeric.add(label, self._number(row), unit=unit, limits=limits, status=one)
            return numeric
        if first.kind is Kind.BOOLEAN:
            boolean = self._here.multi_passfail(name, status=status)
            for label, one in zip(names, statuses, strict=True):
                boolean.add(label, one)
            return boolean
        texts = self._here.multi_string(name, status=status)
        for row, label, one in zip(rows, names, statuses, strict=True):
            limit, comp, note = _text_limit(row)
            texts.add(label, clip(row.text("Value"), _MAX_TEXT), limit=limit, comp=comp, status=one)
            _append_text(texts, f"{label}: {note}" if note else "")
        return texts

    # ------------------------------------------------------------ what rows have in common
    def _status(self, row: Row, first: Row | None = None) -> Status:
        """The stated status, else what value and limits say, with a warning."""
        stated = row.stated()
        if row.kind is Kind.BOOLEAN:
            return self._boolean_status(row, stated, first)
        if stated is not None:
            return stated
        self._report.warn(f"line {row.line}: the row has no status: value and limits gave it")
        if row.kind is Kind.NUMERIC:
            limits = self._limits(row)
            return Status.of(limits.passes(self._number(row)))
        limit, comp, _note = _text_limit(row)
        value = row.text("Value")
        if comp is CompOp.IGNORECASE:
            return Status.of(value.casefold() == (limit or "").casefold())
        return Status.of(comp is CompOp.LOG or value == limit)

    def _boolean_status(self, row: Row, stated: Status | None, first: Row | None) -> Status:
        word = row.text("Value")
        try:
            value = status_of(word) if word else None
        except ValueError as error:
            raise row.error("Value", str(error)) from error
        if stated is None:
            self._report.warn(f"line {row.line}: the row has no status: its value gave it")
            stated = value or (first.stated() if first else None)
        if stated is None:
            raise row.error("StepStatus", "the row has neither a status nor a value")
        if value is not None and stated in {Status.PASSED, Status.FAILED} and value is not stated:
            self._report.warn(f"line {row.line}: value {word[:20]!r} against its status, which was kept")
        return stated

    def _limits(self, row: Row) -> Limits:
        low, high = row.number("LowLimit", self._decimal), row.number("HighLimit", self._decimal)
        try:
            limits, notes = numeric_limits(row.text("CompOperator"), low, high)
        except ValueError as error:
            raise row.error("CompOperator", str(error)) from error
        for note in notes:
            self._report.warn(f"line {row.line}: {note}")
        return limits

    def _details(self, step: Step, rows: list[Row]) -> Step:
        first = rows[0]
        seconds = first.number("StepExecutionTime", self._decimal)
        if seconds is not None and not 0 <= seconds < float("inf"):
            self._report.warn(f"line {first.line}: the step's time was taken as 0")
            seconds = 0
        code_text = first.text("StepErrorCode")
        code = int(code_text) if code_text.lstrip("-").isdecimal() and len(code_text) < 10 else None
        step.details(
            total_time=seconds,
            error_code=code,
            error_message=clip(first.text("StepErrorMessage"), _MAX_TEXT) or None,
        )
        if code_text and code is None:
            _append_text(step, f"Error code: {code_text}")
        for row in rows:
            _append_text(step, row.text("StepReportText"))
            for column, text in row.cells.items():
                if text and column and column not in _READ:
                    _append_text(step, f"{column}: {text}")
        if any(_is_true(row.text("CausedSequenceFailure")) for row in rows):
            self._name_culprit(step)
        return step

    def _name_culprit(self, step: Step) -> None:
        step.data["causedSeqFailure"] = True
        failed = self._report.data.get("result") in {None, "F", "E", "T"}
        if failed and not self._culprit and step.step_type != "SequenceCall":
            self._culprit = True
            step.details(caused_failure=True)


def _step_status(statuses: list[Status]) -> Status:
    """The first row's status, unless a measurement is worse."""
    for bad in (Status.TERMINATED, Status.ERROR, Status.FAILED):
        if bad in statuses:
            return bad
    return statuses[0]


def _text_limit(row: Row) -> tuple[str | None, CompOp, str]:
    try:
        return text_limit(row.text("CompOperator"), clip(row.text("LowLimit"), _MAX_TEXT))
    except ValueError as error:
        raise row.error("CompOperator", str(error)) from error


def _renamed(row: Row, name: str) -> Row:
    return Row(row.line, row.cells | {"stepname": name})


def _is_true(text: str) -> bool:
    return text.casefold() in {"true", "1", "yes"}


def _append_text(step: Step, text: str) -> None:
    if text:
        before = step.data.get("reportText")
        step.details(text=clip(f"{before}\n{text}" if before else text, _MAX_TEXT))
