"""OpenHTF: the JSON record that OpenHTF's `OutputToJSON` writes, one test a file.

A phase becomes a sequence, each of its measurements a step. Verdicts are OpenHTF's own throughout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Result,
    Resume,
    Source,
)
from stationmaster.api.header import Found, resolve
from stationmaster.api.json_text import MAX_BYTES, JsonObject, as_object, is_closed, is_object, parse_json
from stationmaster.api.local_time import from_epoch
from stationmaster.api.text import clip, one_line
from stationmaster.converters.openhtf_phase import add_phase, read_outcome

_KEYS: Final = (rb'"dut_id"\s*:', rb'"phases"\s*:\s*\[', rb'"start_time_millis"\s*:', rb'"outcome"\s*:')
_MAX_MISC: Final = 100
_MAX_TEXT: Final = 5000


class OpenHtfOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the OpenHTF converter.

    Attributes:
        part_number_keys: keys of `metadata` that may hold the part number; the first that is there wins.
        revision_keys: the same for the revision.
        process_keys: the same for the operation's code or name.
        user_keys: the same for the operator.
        batch_keys: the same for the batch.
        test_name_as_part_number: take `metadata.test_name` where no key gives a part number.
        omit_trigger_phase: leave out a first phase named trigger_phase that passed and measured nothing.
        attach_log: attach OpenHTF's log records as a text file.
    """

    part_number_keys: tuple[str, ...] = ("part_number", "pn")
    revision_keys: tuple[str, ...] = ("revision", "rev", "part_revision")
    process_keys: tuple[str, ...] = ("process_code", "operation")
    user_keys: tuple[str, ...] = ("operator", "user")
    batch_keys: tuple[str, ...] = ("batch", "lot")
    test_name_as_part_number: bool = False
    omit_trigger_phase: bool = False
    attach_log: bool = False


class OpenHtfConverter:
    """Reads OpenHTF test records."""

    name: ClassVar[str] = "openhtf"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = OpenHtfOptions

    def detect(self, glimpse: Glimpse) -> int:
        """90 if the four telling keys are there; 60 if a long record hides two of them further down."""
        head = glimpse.head
        if not is_object(head):
            return 0
        found = [re.search(key, head) is not None for key in _KEYS]
        if all(found):
            return 90
        cut = glimpse.size > len(glimpse.head)
        return 60 if cut and found[0] and found[2] else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if it is whole JSON; of a long file the last character must be the closing brace."""
        return is_closed(glimpse)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the one report of the record. Such files do not grow: `resume` is not used."""
        del resume
        own = OpenHtfOptions.of(options)
        if source.size > MAX_BYTES:
            raise ConversionError(f"{source.name} is larger than {MAX_BYTES} bytes, the bound for JSON")
        data = source.read_bytes()
        record = as_object(parse_json(data, name=source.name), "")
        for key in ("dut_id", "phases", "outcome"):
            if key not in record.data:
                raise ConversionError(f"{source.name} is no OpenHTF record: it has no {key!r}")
        report = _begin(record, source, own)
        _add_metadata(report, record.child("metadata"), own)
        _add_phases(report, record, own)
        _add_details(report, record)
        if own.attach_log:
            _attach_log(report, record)
        if own.attach_source:
            report.attach(source.name, data, content_type="application/json")
        yield report


def _begin(record: JsonObject, source: Source, options: OpenHtfOptions) -> Report:
    metadata = record.child("metadata")
    test_name = _scalar(metadata, "test_name")
    pn = _first(metadata, options.part_number_keys)
    header = resolve(
        Found(
            sn=record.text("dut_id"),
            pn=pn or (test_name if options.test_name_as_part_number else ""),
            rev=_first(metadata, options.revision_keys),
            process=_first(metadata, options.process_keys),
            program=test_name,
            place="metadata",
            sn_place="dut_id",
        ),
        source,
        options,
    )
    report = header.report(
        result=_result(record),
        user=_first(metadata, options.user_keys),
        sequence=test_name,
        sequence_version=_scalar(metadata, "test_version"),
    )
    _set_times(report, record)
    return report.station(one_line(record.text("station_id"), 100))


def _set_times(report: Report, record: JsonObject) -> None:
    start, end = record.integer("start_time_millis"), record.integer("end_time_millis")
    if start is None:
        return
    try:
        report.data["start"] = from_epoch(start / 1000).isoformat()
    except (ValueError, OverflowError) as error:
        raise record.error("start_time_millis", str(error)) from error
    report.timed = True
    if end is not None:
        if end < start:
            report.warn("end_time_millis is before start_time_millis: the execution time was taken as 0")
        report.info(execTime=_seconds(max(0, end - start), record))


def _seconds(millis: int, record: JsonObject) -> float:
    try:
        return millis / 1000
    except OverflowError as error:
        raise record.error("end_time_millis", "is no time") from error


def _result(record: JsonObject) -> Result | None:
    status = read_outcome(record, "outcome")
    if status is None:
        return None
    try:
        return Result(status.value)
    except ValueError:
        raise record.error("outcome", "a whole test cannot be skipped") from None


def _add_metadata(report: Report, metadata: JsonObject, options: OpenHtfOptions) -> None:
    """What the author put in the record: misc infos, but for what went to the header."""
    report.info(
        comment=clip(_scalar(metadata, "test_description"), _MAX_TEXT) or None,
        batchSN=one_line(_first(metadata, options.batch_keys), 100) or None,
    )
    groups = (
        options.part_number_keys,
        options.revision_keys,
        options.process_keys,
        options.user_keys,
        options.batch_keys,
    )
    used = {next((key for key in group if _scalar(metadata, key)), "") for group in groups}
    used |= {"test_name", "test_version", "test_description", "config"}
    left = 0
    for key, value in metadata.data.items():
        if key in used or value is None:
            continue
        if len(report.data.get("miscInfos", ())) >= _MAX_MISC:
            left += 1
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        report.misc(one_line(key, 1000) or "-", one_line(text, _MAX_TEXT))
    if left:
        report.warn(f"metadata holds more than {_MAX_MISC} values: {left} were left out")


def _add_phases(report: Report, record: JsonObject, options: OpenHtfOptions) -> None:
    if record.data.get("outcome") is None:
        report.warn("the record has no outcome: its result is the worst status of its phases")
    for index, phase in enumerate(record.objects("phases")):
        if index == 0 and options.omit_trigger_phase and _is_empty_trigger(phase):
            continue
        add_phase(report, phase)
    if not report.root.steps:
        report.warn("the record has no phases")


def _is_empty_trigger(phase: JsonObject) -> bool:
    return (
        phase.data.get("name") == "trigger_phase"
        and phase.data.get("outcome") == "PASS"
        and not phase.data.get("measurements")
        and not phase.data.get("attachments")
    )


def _add_details(report: Report, record: JsonObject) -> None:
    """`outcome_details`: why the test ended as it did."""
    texts = []
    for detail in record.objects("outcome_details"):
        code, description = detail.text("code"), detail.text("description")
        texts.append(": ".join(filter(None, (code, description))))
    if any(texts):
        report.info(errorMessage=clip("\n".join(filter(None, texts)), _MAX_TEXT))
    if record.flag("marginal"):
        report.misc("Marginal", "true")


def _attach_log(report: Report, record: JsonObject) -> None:
    lines = []
    for entry in record.objects("log_records"):
        millis = entry.integer("timestamp_millis")
        try:
            stamp = from_epoch(millis / 1000).isoformat() if millis is not None else ""
        except (ValueError, OverflowError) as error:
            raise entry.error("timestamp_millis", str(error)) from error
        lines.append(f"{stamp} {entry.text('level')} {entry.text('logger_name')} {entry.text('message')}")
    if lines:
        report.attach("openhtf.log", "\n".join(lines).encode("utf-8"), content_type="text/plain")


def _scalar(metadata: JsonObject, key: str) -> str:
    """A text or number of the author's; "" for anything else."""
    value: Any = metadata.data.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return metadata.text(key).strip()


def _first(metadata: JsonObject, keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _scalar(metadata, key))), "")
