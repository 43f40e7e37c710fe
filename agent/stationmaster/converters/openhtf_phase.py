"""Phases and measurements of an OpenHTF record."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import math
import mimetypes
from typing import Any, Final

from stationmaster.api import CompOp, ConversionError, Report, Sequence, Series, Status, Step
from stationmaster.api.json_text import JsonObject
from stationmaster.api.local_time import from_epoch
from stationmaster.api.text import clip, one_line, printable
from stationmaster.converters.openhtf_limits import Judged, read_validators

_OUTCOMES: Final = {
    "PASS": Status.PASSED,
    "FAIL": Status.FAILED,
    "ERROR": Status.ERROR,
    "TIMEOUT": Status.ERROR,
    "ABORTED": Status.TERMINATED,
    "SKIP": Status.SKIPPED,
    "SKIPPED": Status.SKIPPED,
    "UNSET": Status.SKIPPED,
    "PARTIALLY_SET": Status.SKIPPED,
}
_MAX_TEXT: Final = 20_000
_MAX_VALUE: Final = 1000
_QUOTE: Final = '"'
_TYPES: Final = mimetypes.MimeTypes()


def read_outcome(record: JsonObject, key: str) -> Status | None:
    """The verdict in a member; None where it is null or missing.

    Raises:
        ConversionError: a word that OpenHTF does not write.
    """
    word = record.text(key)
    if not word:
        return None
    status = _OUTCOMES.get(word)
    if status is None:
        raise record.error(key, f"{word[:40]!r} is no outcome of OpenHTF")
    return status


def add_phase(report: Report, phase: JsonObject) -> None:
    """Add a phase as a sequence below the root, with a step for each measurement and attachment."""
    status = read_outcome(phase, "outcome")
    sequence = report.root.sequence(one_line(phase.text("name"), 500), status=status)
    if status is None:
        report.warn(f"{phase.place} has no outcome: its status is the worst of its measurements")
    _add_times(sequence, phase)
    _add_notes(sequence, phase)
    for name, measurement in phase.child("measurements").members():
        _add_measurement(report, sequence, name, measurement)
    for name, attachment in phase.child("attachments").members():
        _add_attachment(sequence, name, attachment)


def _add_times(sequence: Sequence, phase: JsonObject) -> None:
    start, end = phase.integer("start_time_millis"), phase.integer("end_time_millis")
    try:
        if start is not None:
            sequence.details(start=from_epoch(start / 1000))
            if end is not None:
                sequence.details(total_time=max(0, end - start) / 1000)
    except (ValueError, OverflowError) as error:
        raise phase.error("start_time_millis", str(error)) from error


def _add_notes(sequence: Sequence, phase: JsonObject) -> None:
    notes = []
    subtest = phase.text("subtest_name")
    if subtest:
        notes.append(f"Subtest: {subtest}")
    if phase.flag("marginal"):
        notes.append("Marginal")
    for key in ("diagnosis_results", "failure_diagnosis_results"):
        found = phase.items(key)
        if found:
            title = "Diagnoses" if key == "diagnosis_results" else "Failures diagnosed"
            notes.append(f"{title}: {', '.join(_json(value).strip(_QUOTE) for value in found)}")
    result = phase.child("result").data.get("phase_result")
    if isinstance(result, dict):
        trouble = JsonObject(result, phase.at("result.phase_result"))
        sequence.details(
            error_message=clip(trouble.text("exc_val") or trouble.text("exc_type"), 1000) or None
        )
        notes.append(trouble.text("exc_tb") or trouble.text("exc_type"))
    elif result not in (None, "CONTINUE"):
        notes.append(f"Phase result: {_json(result).strip(_QUOTE)}")
    _append_text(sequence, "\n".join(filter(None, notes)))


def _add_measurement(report: Report, sequence: Sequence, name: str, measurement: JsonObject) -> None:
    name = one_line(measurement.text("name") or name, 1000)
    status = read_outcome(measurement, "outcome")
    if status is None:
        raise measurement.error("outcome", "the measurement has no outcome")
    judged = read_validators(measurement)
    notes = list(judged.notes)
    docstring = measurement.text("docstring")
    if docstring:
        notes.insert(0, docstring)
    if measurement.flag("marginal"):
        notes.append("Marginal")
    if measurement.data.get("outcome") == "PARTIALLY_SET":
        notes.append("Only some of the values were set")
    value = measurement.data.get("measured_value")
    if measurement.items("dimensions") and value is not None:
        step = _add_table(sequence, name, status, measurement)
    else:
        step = _add_value(sequence, name, status, measurement, judged, notes)
    _append_text(step, "\n".join(notes))
    if status is Status.ERROR:
        report.warn(f"{measurement.place}: the measurement ended in an error")


def _add_value(
    sequence: Sequence,
    name: str,
    status: Status,
    measurement: JsonObject,
    judged: Judged,
    notes: list[str],
) -> Step:
    """A step for a single value. What limits the step cannot carry goes to `notes`."""
    value = measurement.data.get("measured_value")
    if isinstance(value, bool):
        notes.extend((f"Value: {str(value).lower()}", *judged.texts))
        return sequence.passfail(name, status)
    if value is None:
        notes.extend(("No value", *judged.texts))
        return sequence.passfail(name, status)
    if isinstance(value, int | float):
        unit = one_line(measurement.child("units").text("suffix"), 50)
        if judged.text_limit is not None:
            notes.extend(judged.texts)
        number = _number(value, measurement)
        return sequence.numeric(name, number, unit=unit, limits=judged.limits, status=status)
    text = printable(value) if isinstance(value, str) else _json(value)
    if judged.limits is not None:
        notes.extend(judged.texts)
    comp = CompOp.LOG if judged.text_limit is None else CompOp.CASESENSIT
    shown = clip(text, _MAX_VALUE)
    step = sequence.string(name, shown, limit=judged.text_limit, comp=comp, status=status)
    if shown != text:
        step.attach(f"{name[:200]}.txt", text.encode("utf-8"), content_type="text/plain")
    return step


def _add_table(sequence: Sequence, name: str, status: Status, measurement: JsonObject) -> Step:
    """A multi-dimensional measurement: a chart if it has one input and numbers only, else a CSV file."""
    titles = [_dimension(value) for value in measurement.items("dimensions")]
    units = measurement.child("units")
    rows = measurement.items("measured_value")
    width = len(titles)
    output = width and ("value", units.text("suffix"))
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) not in {width, width + 1}:
            place = f"{measurement.at('measured_value')}[{index}]"
            raise ConversionError(f"should be a list of {width + 1} values", place=place)
    columns = [*titles, output] if output and any(len(row) > width for row in rows) else titles
    step = sequence.action(name, status)
    if rows and width == 1 and all(len(row) == 2 and all(_is_plain(cell) for cell in row) for row in rows):
        curve = Series(name[:100], [row[0] for row in rows], [row[1] for row in rows])
        (x_label, x_unit), y_unit = titles[0], units.text("suffix")
        return step.chart(
            name[:100],
            [curve],
            x_label=x_label,
            x_unit=x_unit,
            y_label=name[:100],
            y_unit=one_line(y_unit, 50),
        )
    step.attach(f"{name[:200]}.csv", _csv([_title(one) for one in columns], rows), content_type="text/csv")
    return step


def _dimension(value: object) -> tuple[str, str]:
    """Name and unit of a dimension; older writers have a plain text, or other keys."""
    if isinstance(value, str):
        return one_line(value, 100) or "x", ""
    if not isinstance(value, dict):
        return "x", ""
    keys = ("name", "description", "code", "uom_code")
    texts = [str(value[key]) for key in keys if isinstance(value.get(key), str) and value[key]]
    suffix = value.get("suffix", value.get("uom_suffix"))
    return one_line(texts[0], 100) if texts else "x", one_line(suffix, 50) if isinstance(suffix, str) else ""


def _title(column: tuple[str, str]) -> str:
    name, unit = column
    return f"{name} [{unit}]" if unit and unit != name else name


def _csv(titles: list[str], rows: list[Any]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(titles)
    for row in rows:
        writer.writerow([cell if isinstance(cell, str) else _json(cell) for cell in row])
    return printable(text.getvalue()).encode("utf-8")


def _add_attachment(sequence: Sequence, name: str, attachment: JsonObject) -> None:
    try:
        content = base64.b64decode(attachment.text("data").encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise attachment.error("data", f"is not base64: {error}") from error
    title = one_line(name, 256) or "attachment"
    kind = attachment.text("mimetype") or _TYPES.guess_type(title, strict=False)[0]
    step = sequence.action(title, Status.DONE)
    step.attach(title, content, content_type=one_line(kind or "application/octet-stream", 100))


def _number(value: float, measurement: JsonObject) -> float:
    """A number that a report can hold."""
    try:
        float(value)
    except OverflowError as error:
        raise measurement.error("measured_value", "a number beyond all bounds") from error
    return value


def _is_plain(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _json(value: object) -> str:
    try:
        return printable(json.dumps(value, ensure_ascii=False))
    except ValueError:  # a number of thousands of digits
        return "a very long number"


def _append_text(step: Step, text: str) -> None:
    if text:
        step.details(text=clip(text, _MAX_TEXT))
