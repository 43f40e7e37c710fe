"""Tests, inspections and measurements of an IPC-CFX message as steps."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from stationmaster.api import (
    CompOp,
    Limits,
    Report,
    Sequence,
    Station,
    Status,
    Step,
    at_least,
    at_most,
    between,
)
from stationmaster.api.json_text import JsonObject
from stationmaster.api.local_time import read_time
from stationmaster.api.number import parse_number
from stationmaster.api.reading import unread_status
from stationmaster.api.text import one_line, printable
from stationmaster.converters.ipc_cfx_text import LongTexts, file_name

_RESULTS: Final = {
    "Passed": Status.PASSED,
    "Failed": Status.FAILED,
    "Error": Status.ERROR,
    "Aborted": Status.TERMINATED,
    "Skipped": Status.SKIPPED,
}
_COMMON: Final = {
    *("$type", "UniqueIdentifier", "MeasurementName", "TimeRecorded", "Sequence", "Result", "CRDs"),
    *("MeasuredValue", "Value", "ExpectedValue"),
}
_PREFIXES: Final = {
    "": 0,
    "p": -12,
    "n": -9,
    "u": -6,
    "\N{MICRO SIGN}": -6,
    "\N{GREEK SMALL LETTER MU}": -6,
} | {
    "m": -3,
    "k": 3,
    "K": 3,
    "M": 6,
    "G": 9,
}
_OHM: Final = re.compile("(?:ohms?|\u03a9|\u2126)$", re.IGNORECASE)
_MAX_TEXT: Final = 20_000
_MAX_VALUE: Final = 1000
"""Characters that WATS shows of a value, a limit or an error's message."""


def read_result(holder: JsonObject, key: str) -> Status | None:
    """A verdict of IPC-CFX; None where it is null or missing.

    Raises:
        ConversionError: a word that IPC-CFX does not have.
    """
    word = holder.text(key)
    if not word:
        return None
    status = _RESULTS.get(word)
    if status is None:
        raise holder.error(key, f"{word[:40]!r} is no result of IPC-CFX")
    return status


class Steps:
    """Adds the tests of one unit to its report."""

    def __init__(self, report: Report, station: Station, kind: str) -> None:
        """Begin.

        Args:
            report: to add to.
            station: whose clock times without a zone are of.
            kind: `Test` or `Inspection`.
        """
        self._report = report
        self._station = station
        self._kind = kind
        self._silent = 0
        self._long = LongTexts(report)

    def add(self, test: JsonObject, index: int) -> None:
        """Add one test: with measurements a sequence, else a pass/fail test."""
        name = one_line(test.text(f"{self._kind}Name"), _MAX_TEXT) or f"{self._kind} {index + 1}"
        status = read_result(test, "Result")
        measurements = list(_measurements(test))
        step: Step
        if measurements:
            sequence = self._report.root.sequence(name, status=status)
            for number, measurement in enumerate(measurements, 1):
                self._measurement(sequence, measurement, number)
            step = sequence
        elif status is None:
            raise test.error("Result", "it has neither a result nor measurements")
        else:
            step = self._report.root.passfail(name, status)
        self._times(step, test)
        error = test.data.get("Error")
        if error:
            step.details(error_message=self._long.fit(_plain(error), _MAX_VALUE, step=name, what="error"))
        self._append(step, "\n".join(_notes(test)))
        self._images(step, name, test)

    def end(self) -> None:
        """Say what concerns several steps."""
        if self._silent:
            self._report.warn(f"{self._silent} measurements have no result: limits decided")

    def _times(self, step: Step, test: JsonObject) -> None:
        moments = []
        for key in (f"{self._kind}StartTime", f"{self._kind}EndTime"):
            text = test.text(key).strip()
            if not text or text.startswith("0001-01-01"):
                continue
            try:
                moments.append(read_time(text, self._station).at)
            except ValueError as error:
                raise test.error(key, str(error)) from error
        if test.text(f"{self._kind}StartTime") and moments:
            step.details(start=moments[0])
        if len(moments) == 2:
            step.details(total_time=max(0.0, (moments[1] - moments[0]).total_seconds()))

    def _measurement(self, sequence: Sequence, measurement: JsonObject, number: int) -> None:
        name = next(
            filter(None, (one_line(measurement.text(key), _MAX_TEXT) for key in ("MeasurementName", "CRDs"))),
            f"Measurement {number}",
        )
        status = read_result(measurement, "Result")
        self._silent += status is None
        part = measurement.text("CRDs").strip()
        notes = [f"Component: {part}"] if part and part != name else []
        holder = _holder(measurement)
        if "Value" in holder.data or not _members(measurement):
            step = self._single(sequence, name, status, holder, notes)
        else:
            step = self._several(sequence, name, status, measurement, notes)
        self._append(step, "\n".join(notes))

    def _single(
        self, sequence: Sequence, name: str, status: Status | None, holder: JsonObject, notes: list[str]
    ) -> Step:
        """A measurement of one value. What the step cannot carry goes to `notes`."""
        value, expected = _number(holder, "Value"), holder.data.get("ExpectedValue")
        if value is None:
            written = holder.text("Value")
            notes.append(f"No value: {written}" if written else "No value")
            limits = self._limits(holder, notes)
            if limits is not None:
                notes.append(_told(limits))
            found = unread_status(written, limits)
            return sequence.passfail(name, status or (found if found is Status.ERROR else Status.DONE))
        if isinstance(value, bool):
            notes.append(f"Value: {str(value).lower()}")
            if isinstance(expected, bool):
                notes.append(f"Expected: {str(expected).lower()}")
            decided = Status.of(value is expected) if isinstance(expected, bool) else Status.DONE
            return sequence.passfail(name, status or decided)
        if isinstance(value, int | float):
            unit = one_line(holder.text("ValueUnits"), 50)
            return sequence.numeric(name, value, unit=unit, limits=self._limits(holder, notes), status=status)
        limits = self._limits(holder, notes)
        if limits is not None:  # a word such as OVERLOAD where a number was to be compared
            notes.append(_told(limits))
            status = status or Status.ERROR
        return self._text(
            sequence, name, status, _plain(value), expected if isinstance(expected, str) else ""
        )

    def _text(self, sequence: Sequence, name: str, status: Status | None, value: str, expected: str) -> Step:
        """A measurement of a text; what it should be decides where the tester says nothing."""
        expected = printable(expected)
        if not expected:
            text = self._long.fit(value, _MAX_VALUE, step=name, what="value")
            return sequence.string(name, text, comp=CompOp.LOG, status=status)
        status = status or Status.of(value == expected)  # as a whole, not what fits
        text, limit = (
            self._long.fit(one, _MAX_VALUE, step=name, what=what)
            for one, what in ((value, "value"), (expected, "expected value"))
        )
        return sequence.string(name, text, limit=limit, comp=CompOp.CASESENSIT, status=status)

    def _several(
        self, sequence: Sequence, name: str, status: Status | None, measurement: JsonObject, notes: list[str]
    ) -> Step:
        """A measurement of several numbers, such as the offsets of a component."""
        step = sequence.multi_numeric(name, status=status)
        for key in _members(measurement):
            value = measurement.data[key]
            if not isinstance(value, dict):
                step.add(key, _float(measurement, key))
                continue
            holder = measurement.child(key)
            unit = one_line(holder.text("ValueUnits"), 50)
            step.add(key, _float(holder, "Value"), unit=unit, limits=self._limits(holder, notes))
        for key, text in _unread(measurement):
            limits = self._limits(measurement.child(key), notes)
            notes.append(f"{key}: no value: {text}{f'; {_told(limits)}' if limits else ''}")
            if status is None and unread_status(text, limits) is Status.ERROR:
                step.data["status"] = Status.ERROR.value
        return step

    def _limits(self, holder: JsonObject, notes: list[str]) -> Limits | None:
        """The limits in the unit of the value."""
        unit, limit_unit = holder.text("ValueUnits").strip(), holder.text("ExpectedValueUnits").strip()
        expected = _number(holder, "ExpectedValue")
        if isinstance(expected, int | float) and not isinstance(expected, bool):
            notes.append(f"Nominal: {expected:.12g} {limit_unit or unit}".rstrip())
        low, high = (_number(holder, key) for key in ("MinimumAcceptableValue", "MaximumAcceptableValue"))
        low, high = (one if isinstance(one, int | float) else None for one in (low, high))
        limits = _pair(low, high)
        if limits is None:
            return None
        power = _power(limit_unit, unit) if unit and limit_unit else 0
        if power is None:
            notes.append(f"{_told(limits)} {limit_unit}")
            self._report.warn(
                f"{holder.place}: the value is in {unit[:20]!r}, the limits are in {limit_unit[:20]!r}; they "
                "were not compared"
            )
            return None
        limits = _pair(_scaled(low, power), _scaled(high, power))
        if low is not None and high is not None and low > high:
            self._report.warn(f"{holder.place}: the lower limit is above the upper one")
        return limits

    def _images(self, step: Step, name: str, test: JsonObject) -> None:
        """Pictures of defects: a step holds one, the others go to the report."""
        count = 0
        for defect in test.objects("DefectsFound"):
            for image in defect.objects("DefectImages"):
                content = _image(image)
                if not content:
                    continue
                count += 1
                kind = one_line(image.text("MimeType"), 100) or "application/octet-stream"
                title = file_name(f"{name[:100]} {defect.text('DefectCode')[:60]} {count}")
                ending = kind.rpartition("/")[2].partition("+")[0].lower()
                title = f"{title}.{ending[:10]}" if ending.isalnum() and "image/" in kind else title
                target = step if count == 1 else self._report
                about = one_line(f"{name}: {defect.text('Description')}", 200)
                target.attach(title, content, content_type=kind, description=about)

    def _append(self, step: Step, text: str) -> None:
        if text:
            step.details(text=self._long.fit(text, _MAX_TEXT, step=step.name, what="text"))


def _measurements(test: JsonObject) -> Iterator[JsonObject]:
    """The test's measurements, then those that only its symptoms and defects name."""
    seen: set[str] = set()
    symptoms = [*test.objects("SymptomsFound"), *test.objects("Symptoms")]
    lists = [(test, "Measurements")]
    lists += [(holder, "RelatedMeasurements") for holder in (*symptoms, *test.objects("DefectsFound"))]
    for holder, key in lists:
        for measurement in holder.objects(key):
            identity = measurement.text("UniqueIdentifier")
            if identity and identity in seen:
                continue
            seen.add(identity)
            yield measurement


def _holder(measurement: JsonObject) -> JsonObject:
    """What holds `Value`: a number has an object for it, other kinds hold it themselves."""
    value = measurement.data.get("MeasuredValue")
    if isinstance(value, dict):
        return measurement.child("MeasuredValue")
    if "MeasuredValue" in measurement.data:
        return JsonObject({**measurement.data, "Value": value}, measurement.place)
    return measurement


def _members(measurement: JsonObject) -> list[str]:
    """Names of the numbers that a measurement of a kind of its own has."""
    found = []
    for key, value in measurement.data.items():
        number = value.get("Value") if isinstance(value, dict) else value
        if key not in _COMMON and isinstance(number, int | float) and not isinstance(number, bool):
            found.append(key)
    return found


def _unread(measurement: JsonObject) -> Iterator[tuple[str, str]]:
    """Names of what should be numbers of that kind and is none, and what stands there."""
    for key, value in measurement.data.items():
        if key not in _COMMON and isinstance(value, dict) and isinstance(value.get("Value"), str):
            yield key, str(value["Value"])


def _number(holder: JsonObject, key: str) -> Any:
    """A member's number where it is one or a text of one; else the member as it is."""
    value = holder.data.get(key)
    if isinstance(value, str):
        try:
            return parse_number(value)
        except ValueError:
            return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _float(holder, key)
    return value


def _float(holder: JsonObject, key: str) -> float:
    value: float = holder.data[key]
    try:
        float(value)
    except OverflowError as error:
        raise holder.error(key, "a number beyond all bounds") from error
    return value


def _pair(low: float | None, high: float | None) -> Limits | None:
    if low is None:
        return None if high is None else at_most(high)
    return at_least(low) if high is None else between(low, high)


def _scaled(bound: float | None, power: int) -> float | None:
    """A bound times ten to the power, without the noise of binary fractions."""
    return bound if bound is None or power == 0 else float(f"{bound * 10.0**power:.12g}")


def _power(given: str, wanted: str) -> int | None:
    """Ten to which power turns the unit `given` into `wanted`; None where they measure different things."""
    given, wanted = (_OHM.sub("Ohm", unit) for unit in (given, wanted))
    bases = {wanted[len(prefix) :]: power for prefix, power in _split(wanted)}
    for prefix, power in _split(given):
        if given[len(prefix) :] in bases:
            return power - bases[given[len(prefix) :]]
    return None


def _split(unit: str) -> Iterator[tuple[str, int]]:
    """Ways to read a unit as prefix and base; the whole unit as a base comes first."""
    for prefix, power in _PREFIXES.items():
        if unit.startswith(prefix) and len(unit) > len(prefix):
            yield prefix, power


def _told(limits: Limits) -> str:
    bounds = " ".join(f"{bound:.12g}" for bound in (limits.low, limits.high) if bound is not None)
    return f"Limits: {limits.comp.value} {bounds}"


def _notes(test: JsonObject) -> Iterator[str]:
    for title, key in (("Procedure", "TestProcedure"), ("", "Comments")):
        value = test.data.get(key)
        if value:
            yield f"{title}: {_plain(value)}" if title else _plain(value)
    verification = test.text("Verification")
    if verification not in {"", "NotVerifiedYet"}:
        yield " ".join(filter(None, (f"Verification: {verification}", test.text("VerificationDetail"))))
    for title, key, code in (
        ("Symptom", "SymptomsFound", "Symptom"),
        ("Symptom", "Symptoms", "Symptom"),
        ("Defect", "DefectsFound", "Defect"),
    ):
        for found in test.objects(key):
            yield f"{title} {_defect(found, code)}"


def _defect(found: JsonObject, kind: str) -> str:
    """A defect or symptom in a line: code, category, description, components, comments."""
    category = found.text(f"{kind}Category")
    first = f"{found.text(f'{kind}Code')} ({category})" if category else found.text(f"{kind}Code")
    parts = [found.child("ComponentOfInterest"), *found.objects("ComponentsOfInterest")]
    places = [
        " ".join(filter(None, (part.text("ReferenceDesignator"), part.text("PartNumber")))) for part in parts
    ]
    texts = (found.text("Description"), ", ".join(filter(None, places)), found.text("Comments"))
    return "; ".join(filter(None, (f"{first}: {texts[0]}" if texts[0] else first, *texts[1:])))


def _image(image: JsonObject) -> bytes:
    text = image.text("ImageData")
    try:
        return base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise image.error("ImageData", f"is not base64: {error}") from error


def _plain(value: object) -> str:
    """A text as it is; anything else as JSON."""
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
