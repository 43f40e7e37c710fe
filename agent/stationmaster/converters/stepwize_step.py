"""Records of a StepWize file: those of one step result, and what they measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from stationmaster.api import CompOp, ConversionError, Limits, Report, Sequence, Status, Step, log_only
from stationmaster.api.number import parse_number
from stationmaster.api.reading import add_line, add_reading, unread_status
from stationmaster.api.text import one_line
from stationmaster.api.verdict import status_of
from stationmaster.api.xml import Element, children, inner_text, local_name, place

_NUMBER, _TEXT = "0", "2"
_RECORD_ONLY: Final = "performed"
_VERDICT, _LOOP = "overall outcome", "iteration"
_MODES: Final = {
    "ll<=value<=ul": CompOp.GELE,
    "ll<value<ul": CompOp.GTLT,
    "ll<=value<ul": CompOp.GELT,
    "ll<value<=ul": CompOp.GTLE,
    "value<=ul": CompOp.LE,
    "value<ul": CompOp.LT,
    "value>=ll": CompOp.GE,
    "ll<=value": CompOp.GE,
    "value>ll": CompOp.GT,
    "ll<value": CompOp.GT,
    "value=ll": CompOp.EQ,
    "value==ll": CompOp.EQ,
}
_UPPER: Final = {CompOp.LE, CompOp.LT}
_TOLD: Final = (
    ("testCondition", "Condition"),
    ("cause", "Cause"),
    ("causeText", "Cause"),
    ("stepNotes", "Notes"),
)
_USUAL_PREFIX: Final = "unity"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its texts by name, and where it stands."""

    cells: dict[str, str]
    at: str

    @classmethod
    def read(cls, element: Element) -> Self:
        """Read the element of a record."""
        return cls({local_name(one): inner_text(one).strip() for one in children(element)}, place(element))

    def text(self, name: str) -> str:
        """The text of this name, "" where it is missing."""
        return self.cells.get(name, "")

    def place(self, name: str) -> str:
        """Where a text stands."""
        return f"{self.at} {name}"

    @property
    def item(self) -> str:
        """Name of what it is about within its step, in lower case."""
        return self.text("subItemName").casefold()

    @property
    def record_only(self) -> bool:
        """Was it recorded, and not judged?"""
        return self.text("measurementOutcome").casefold().startswith(_RECORD_ONLY)

    def number(self, name: str) -> float | None:
        """The number of this name; None where there is none."""
        try:
            return parse_number(self.text(name), decimal="auto")
        except ValueError as error:
            raise ConversionError(str(error), place=self.place(name)) from error

    def status(self, name: str) -> Status | None:
        """The status of this name; None where it is missing."""
        word = self.text(name)
        if not word:
            return None
        if word.casefold().startswith(_RECORD_ONLY):
            return Status.DONE
        if word.casefold().startswith("not performed"):
            return Status.SKIPPED
        try:
            return status_of(word)
        except ValueError as error:
            raise ConversionError(str(error), place=self.place(name)) from error


def add_steps(report: Report, records: list[Record]) -> None:
    """Add a step for each step result.

    Raises:
        ConversionError: a value cannot be read; names the line.
    """
    results: dict[str, list[Record]] = {}
    for number, record in enumerate(records):
        results.setdefault(record.text("stepResultID") or f"record {number}", []).append(record)
    for group in results.values():
        _StepResult(report, group).add()


class _StepResult:
    """The records of one step result."""

    def __init__(self, report: Report, records: list[Record]) -> None:
        self._report = report
        self._first = records[0]
        self._records = records
        self._measured = [one for one in records if one.item not in {_VERDICT, _LOOP}]
        self._name = one_line(self._first.text("stepName"), 500) or "-"

    def add(self) -> None:
        root, status = self._report.root, self._status()
        if not self._measured:
            step: Step = root.passfail(self._name, status or Status.DONE)
        elif len(self._measured) == 1 and self._agrees(status):
            step = self._add_one(root, self._name, self._measured[0], status)
        elif all(self._is_number(one) for one in self._measured):
            step = self._add_many(status)
        else:
            step = sequence = root.sequence(self._name, status=status)
            for record in self._measured:
                self._add_one(sequence, self._item_name(record), record)
        self._describe(step)

    def _status(self) -> Status | None:
        """The outcome of the step, else that of its record "Overall Outcome"; None: its values decide."""
        stated = self._first.status("stepOutcome")
        overall = next((one for one in self._records if one.item == _VERDICT), None)
        return overall.status("stringValue") if stated is None and overall is not None else stated

    def _agrees(self, status: Status | None) -> bool:
        """Can one status say what the step and its only measurement say?"""
        own = _judged(self._measured[0])
        return own is None or status in {None, own} or (status is Status.DONE and own is Status.PASSED)

    def _is_number(self, record: Record) -> bool:
        return record.text("dataType") in {_NUMBER, ""} and record.number("stepValue") is not None

    def _item_name(self, record: Record) -> str:
        return one_line(record.text("subItemName") or record.text("genus"), 500) or self._name

    def _add_many(self, status: Status | None) -> Step:
        step = self._report.root.multi_numeric(self._name, status=status)
        for record in self._measured:
            step.add(
                self._item_name(record),
                record.number("stepValue") or 0,
                unit=self._unit(record),
                limits=self._limits(record),
                status=_judged(record),
            )
        return step

    def _add_one(
        self, sequence: Sequence, name: str, record: Record, otherwise: Status | None = None
    ) -> Step:
        """Add the step of one measurement; `otherwise` is its status where the record tells none."""
        status = _judged(record) or otherwise
        if record.text("dataType") in {_NUMBER, ""}:
            value, limits = record.number("stepValue"), self._limits(record)
            if status is None and value is not None:
                self._report.warn(f"{record.at} has no measurementOutcome: its limits gave it")
                status = Status.of(limits.passes(value))
            step = add_reading(
                sequence,
                name,
                value,
                status=status or unread_status(record.text("stepValue"), limits),
                unit=self._unit(record),
                limits=limits,
            )
        elif record.text("dataType") == _TEXT:
            expected = "" if record.record_only else record.text("Expected_String")
            case = record.text("Case_Sensitive").upper() == "T"
            step = sequence.string(
                name,
                record.text("stringValue"),
                limit=expected or None,
                comp=(CompOp.CASESENSIT if case else CompOp.IGNORECASE) if expected else None,
                status=status,
            )
        else:
            truth = record.text("boolValue").upper()
            step = sequence.passfail(name, status or Status.of(truth == "T"))
            add_line(step, f"Value: {truth}")
        if step.name != self._item_name(record):
            add_line(step, f"Item: {self._item_name(record)}")
        return step

    def _unit(self, record: Record) -> str:
        return one_line(record.text("units"), 50)

    def _limits(self, record: Record) -> Limits:
        """The limits of a number; what was only recorded has none.

        Both 0 means none, too, unless a single 0 is what the value was judged by.
        """
        low, high = record.number("lowerLimit"), record.number("upperLimit")
        if record.record_only:
            return log_only()
        if not (low or high):
            return _judged_by_zero(record)
        comp = _mode(record)
        bounds = (low, high) if comp is not None and comp.bounds == 2 else (high if comp in _UPPER else low,)
        if comp is None or None in bounds:
            self._report.warn(f"{record.at}: limits {record.text('limitMode')[:40]!r} were left out: unknown")
            return log_only()
        if len(bounds) == 2 and (low or 0) > (high or 0):
            self._report.warn(f"{record.at}: lowerLimit is above upperLimit, both were kept")
        return Limits(comp, *bounds)

    def _describe(self, step: Step) -> None:
        first = self._first
        seconds = first.number("totalTime")
        if seconds is not None and not 0 <= seconds < 1e9:
            raise ConversionError(f"{seconds} s is no time that a step takes", place=first.place("totalTime"))
        step.details(total_time=seconds)
        loop = next((one.text("stringValue") for one in self._records if one.item == _LOOP), "")
        if loop not in {"", "0"}:
            add_line(step, f"Iteration: {loop}")
        said = [f"{label}: {one.text(key)}" for one in self._records for key, label in _TOLD if one.text(key)]
        for record in self._records:
            if record.text("redline").upper() == "T":
                said.append("Redline")
            prefix = record.text("SI_Prefix")
            if prefix and not record.record_only and not prefix.casefold().startswith(_USUAL_PREFIX):
                said.append(f"SI prefix: {prefix}")
        for line in dict.fromkeys(said):
            add_line(step, line)


def _mode(record: Record) -> CompOp | None:
    return _MODES.get("".join(record.text("limitMode").split()).casefold())


def _judged_by_zero(record: Record) -> Limits:
    """The limit 0 of a number where the mode has one limit and the outcome is what it gives; else none."""
    comp, value, status = _mode(record), record.number("stepValue"), _judged(record)
    if comp is None or comp.bounds != 1 or value is None or record.number("upperLimit") is None:
        return log_only()
    limits = Limits(comp, 0)
    return limits if status is Status.of(limits.passes(value)) else log_only()


def _judged(record: Record) -> Status | None:
    """The status of a measurement; one that was only recorded passes."""
    status = record.status("measurementOutcome")
    return Status.PASSED if status is Status.DONE else status
