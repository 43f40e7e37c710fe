"""Results of tests become steps of a report."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Sequence as Many
from decimal import Decimal
from typing import Any, Final

from stationmaster.api import Limits, Sequence, Status, Step
from stationmaster.api.text import clip
from stationmaster.converters.stdf_facts import Facts, shortest
from stationmaster.converters.stdf_lot import Lot
from stationmaster.converters.stdf_results import Result
from stationmaster.converters.stdf_stream import FTR, MPR, PTR

_FLAG_NOTES: Final = (
    (0x01, "Alarm"),
    (0x02, "The tester says that the result is not valid"),
    (0x04, "The tester says that the result is not reliable"),
    (0x08, "Timeout"),
)
_MORE_NOTES: Final = (
    (0x01, "Scale error"),
    (0x02, "Drift error"),
    (0x04, "Oscillation"),
    (0x08, "Measured above the high limit"),
    (0x10, "Measured below the low limit"),
    (0x20, "Passed on alternate limits"),
)
_PREFIXES: Final = {15: "f", 12: "p", 9: "n", 6: "u", 3: "m", -3: "k", -6: "M", -9: "G", -12: "T"}
_MAX_TEXT: Final = 5000


def _status(flags: int) -> Status:
    """Not executed, aborted, no verdict, failed: the first that holds."""
    if flags & 0x10:
        return Status.SKIPPED
    if flags & 0x20:
        return Status.TERMINATED
    if flags & 0x40:
        return Status.DONE
    return Status.FAILED if flags & 0x80 else Status.PASSED


_STATUSES: Final = tuple(_status(flags) for flags in range(256))
_TOLD: Final = tuple(tuple(text for bit, text in _FLAG_NOTES if flags & bit) for flags in range(256))
_MORE: Final = tuple(tuple(text for bit, text in _MORE_NOTES if flags & bit) for flags in range(256))


class Steps:
    """Adds the results of parts to their reports."""

    def __init__(self, lot: Lot, *, scaled: bool) -> None:
        """Know the names in the file; `scaled`: show values in the scale that the tester shows."""
        self._lot = lot
        self._scaled = scaled

    def add(self, sequence: Sequence, result: Result) -> None:
        """Add the step of one result."""
        if result.kind == PTR:
            self._single(sequence, result)
        elif result.kind == MPR:
            self._multiple(sequence, result)
        else:
            self._functional(sequence, result)

    def _name(self, test: Facts) -> str:
        return test.text or self._lot.tests.get(test.number) or f"Test {test.number}"

    def _single(self, sequence: Sequence, result: Result) -> None:
        _kind, test, flags, more, value = result
        status = _STATUSES[flags]
        notes = self._notes(result)
        if not isinstance(value, float) or status is Status.SKIPPED:
            step = sequence.passfail(self._name(test), status)
            notes.extend(_limits_text(test, more))
        else:
            step = self._numeric(sequence, result, value, notes)
        step.data["reportText"] = "; ".join(notes)

    def _numeric(self, sequence: Sequence, result: Result, value: float, notes: list[str]) -> Step:
        _kind, test, flags, more, _value = result
        limits: Limits | None = None
        if flags & 0x40:
            notes.extend(_limits_text(test, more))
        else:
            limits = test.limits(more)
        value, limits, unit = self._shown(test, shortest(value), limits)
        return sequence.numeric(self._name(test), value, unit=unit, limits=limits, status=_STATUSES[flags])

    def _multiple(self, sequence: Sequence, result: Result) -> None:
        _kind, test, flags, more, values = result
        status = _STATUSES[flags]
        notes = self._notes(result)
        step: Step
        if not isinstance(values, tuple) or not values or status is Status.SKIPPED:
            step = sequence.passfail(self._name(test), status)
            notes.extend(_limits_text(test, more))
        elif len(values) == 1:
            notes.extend(f"Pin: {self._pin(pin)}" for pin in test.pins[:1])
            step = self._numeric(sequence, result, values[0], notes)
        else:
            step = self._many(sequence, result, values, notes)
        if test.sweep:
            start, width, unit = test.sweep
            notes.append(
                f"Input from {shortest(start):.9g} in steps of {shortest(width):.9g} {unit}".rstrip()
            )
        step.data["reportText"] = "; ".join(notes)

    def _many(self, sequence: Sequence, result: Result, values: Many[float], notes: list[str]) -> Step:
        _kind, test, flags, more, _values = result
        status = _STATUSES[flags]
        step = sequence.multi_numeric(self._name(test), status=status)
        limits = None if flags & 0x40 else test.limits(more)
        if flags & 0x40:
            notes.extend(_limits_text(test, more))
        for at, raw in enumerate(values):
            value, shown, unit = self._shown(test, shortest(raw), limits)
            own = status
            if status is Status.FAILED and shown is not None:
                own = Status.of(shown.passes(value))
            name = self._pin(test.pins[at]) if at < len(test.pins) else str(at + 1)
            step.add(name, value, unit=unit, limits=shown, status=own)
        return step

    def _functional(self, sequence: Sequence, result: Result) -> None:
        _kind, test, flags, options, values = result
        step = sequence.passfail(self._name(test), _STATUSES[flags])
        notes = self._notes(result)
        if isinstance(values, list):
            cycle, address, repeats, failing = values
            told = (("Cycle", cycle), ("Address", address), ("Repeats", repeats), ("Failing pins", failing))
            notes.extend(
                f"{title}: {value}" for bit, (title, value) in enumerate(told) if not options >> bit & 1
            )
        if test.pins:
            notes.append(f"Failed: {', '.join(self._pin(pin) for pin in test.pins[:100])}")
        notes.extend(test.notes)
        step.data["reportText"] = clip("; ".join(notes), _MAX_TEXT)

    def _notes(self, result: Result) -> list[str]:
        """The number of the test, and what the tester says beside the verdict."""
        kind, test, flags, more, _values = result
        notes = [f"Test {test.number}"]
        notes.extend(_TOLD[flags])
        if kind != FTR:
            notes.extend(_MORE[more])
        if test.alarm:
            notes.append(f"Alarm: {test.alarm}")
        if test.spec_low is not None or test.spec_high is not None:
            notes.append(_range("Specification", test.spec_low, test.spec_high, test.unit))
        return notes

    def _pin(self, number: int) -> str:
        return self._lot.pins.get(number) or f"Pin {number}"

    def _shown(self, test: Facts, value: float, limits: Limits | None) -> tuple[float, Limits | None, str]:
        """Value, limits and unit, in the scale that the tester shows them in if that is wanted."""
        scale = test.scale
        if not self._scaled or not scale or scale not in _PREFIXES or not test.unit:
            return value, limits, test.unit
        moved = _mover(scale)
        if limits is not None:
            limits = Limits(
                limits.comp,
                None if limits.low is None else moved(limits.low),
                None if limits.high is None else moved(limits.high),
            )
        return moved(value), limits, _PREFIXES[scale] + test.unit


def _mover(scale: int) -> Callable[[float], float]:
    """A shift of the decimal point, which no binary fraction blurs."""

    def moved(value: float) -> float:
        return float(Decimal(repr(value)).scaleb(scale)) if math.isfinite(value) else value

    return moved


def _limits_text(test: Facts, flags: int) -> list[str]:
    """The limits as a text, for steps that cannot carry them."""
    if test.limits(flags) is None:
        return []
    return [_range("Limits", test.low, test.high, test.unit)]


def _range(title: str, low: Any, high: Any, unit: str) -> str:
    if low is None:
        return f"{title}: at most {high} {unit}".rstrip()
    if high is None:
        return f"{title}: at least {low} {unit}".rstrip()
    return f"{title}: {low} to {high} {unit}".rstrip()
