"""IPC-CFX: the messages UnitsTested and UnitsInspected as JSON, with or without their envelope.

One report for each unit of the message. Verdicts are the tester's throughout.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, Literal

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Result,
    Resume,
    Source,
    Status,
)
from stationmaster.api.header import Found, is_placeholder, resolve
from stationmaster.api.json_text import MAX_BYTES, JsonObject, as_object, is_closed, is_object, parse_json
from stationmaster.api.local_time import read_time
from stationmaster.api.text import one_line
from stationmaster.converters.ipc_cfx_step import Steps, read_result

_NAMES: Final = tuple(f"CFX.Production.TestAndInspection.Units{done}" for done in ("Tested", "Inspected"))
_NAME: Final = re.compile(rb'"MessageName"\s*:\s*"([\w.]{0,200})"')
_TESTED: Final = (rb'"TestedUnits"\s*:\s*\[', rb'"(?:TestMethod|Tester)"\s*:')
_INSPECTED: Final = (rb'"Inspected(?:Units|Panel)"\s*:\s*[\[{]', rb'"(?:InspectionMethod|Inspector)"\s*:')
_MAX_MISC: Final = 100


class IpcCfxOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the IPC-CFX converter.

    Attributes:
        panel_serial_number: serial number of a unit that the message names by its panel and a position.
        unit_identifier: whose `UnitIdentifier` is: the "unit"'s own, or the "panel"'s where there is a
            position, too; "auto": see `_is_place_on_panel`.
        recipe_as_part_number: take the recipe's name where `part_numbers` does not know it.
        operator_name: take the operator's name, not the number of the badge.
    """

    panel_serial_number: str = "{id}-{pos}"
    unit_identifier: Literal["auto", "unit", "panel"] = "auto"
    recipe_as_part_number: bool = True
    operator_name: bool = False


@dataclass(slots=True)
class _Message:
    """What is said of all units.

    Attributes:
        envelope: what is around the message; empty where there is none.
        body: the message.
        kind: `Test` or `Inspection`.
        units: what becomes one report each.
        panels: identifiers that several units have: they are those of panels.
        told_apart: no two units have the same identifier, nor the same position: each has its own.
        notes: what every report warns of.
    """

    envelope: JsonObject
    body: JsonObject
    kind: str
    units: list[JsonObject] = field(default_factory=list)
    panels: set[str] = field(default_factory=set)
    told_apart: bool = False
    notes: list[str] = field(default_factory=list)


class IpcCfxConverter:
    """Reads the IPC-CFX messages UnitsTested and UnitsInspected."""

    name: ClassVar[str] = "ipc-cfx"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = IpcCfxOptions

    def detect(self, glimpse: Glimpse) -> int:
        """85 by the message's name, or by the members of a message without envelope."""
        head = glimpse.head
        if not is_object(head):
            return 0
        named = _NAME.search(head)
        if named is not None:
            return 85 if named[1].decode("ascii", "replace") in _NAMES else 0
        return 85 if any(all(re.search(key, head) for key in keys) for keys in (_TESTED, _INSPECTED)) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if it is whole JSON; of a long file the last character must be the closing brace."""
        return is_closed(glimpse)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report for each unit. Such files do not grow: `resume` is not used."""
        del resume
        own = IpcCfxOptions.of(options)
        if source.size > MAX_BYTES:
            raise ConversionError(f"{source.name} is larger than {MAX_BYTES} bytes, the bound for JSON")
        data = source.read_bytes()
        message = _read(as_object(parse_json(data, name=source.name), ""), source)
        for unit in message.units:
            report = _report(message, unit, source, own)
            if own.attach_source:
                report.attach(source.name, data, content_type="application/json")
            yield report


def _read(document: JsonObject, source: Source) -> _Message:
    """The message and its units.

    Raises:
        ConversionError: it is another message, or says nothing of any unit.
    """
    name = document.text("MessageName")
    enveloped = "MessageBody" in document.data
    body = document.child("MessageBody") if enveloped else document
    kind = "Test" if "TestedUnits" in body.data else "Inspection"
    bare = any(key in body.data for key in ("TestMethod", "Tester", "InspectionMethod", "Inspector"))
    inside = any(key in body.data for key in ("TestedUnits", "InspectedUnits", "InspectedPanel"))
    if (name and name not in _NAMES) or not inside or not (name or bare):
        told = f"the message {name[:100]!r}" if name else "no message UnitsTested or UnitsInspected"
        raise ConversionError(
            f"{source.name} is {told}; only UnitsTested and UnitsInspected have results",
            next_step="Check that the right converter watches this folder.",
        )
    message = _Message(document if enveloped else JsonObject({}), body, kind)
    found = list(body.objects("TestedUnits" if kind == "Test" else "InspectedUnits"))
    repeated = Counter(unit.text("UnitIdentifier").strip() for unit in found)
    message.panels = {identifier for identifier, count in repeated.items() if identifier and count > 1}
    positions = {unit.integer("UnitPositionNumber") for unit in found}
    message.told_apart = len(found) > 1 and len(repeated) == len(positions) == len(found)
    panel = body.child("InspectedPanel")
    if panel.items("Inspections") or (panel.data and not found):
        found.append(panel)
    for unit in found:
        if read_result(unit, "OverallResult") is Status.SKIPPED:
            message.notes.append(f"{unit.place} was skipped: there is no report of it")
        else:
            message.units.append(unit)
    if not message.units:
        raise ConversionError(f"{source.name} has the result of no unit", place=body.place)
    return message


def _report(message: _Message, unit: JsonObject, source: Source, options: IpcCfxOptions) -> Report:
    body = message.body
    operator = body.child("Tester" if message.kind == "Test" else "Inspector")
    recipe = body.text("RecipeName").strip()
    known = recipe.casefold() in {name.strip().casefold() for name in options.part_numbers}
    header = resolve(
        Found(
            sn=_serial_number(message, unit, options),
            pn=recipe if options.recipe_as_part_number and not known else "",
            rev=body.text("RecipeRevision"),
            process=body.text(f"{message.kind}Method"),
            program=recipe,
            place=body.place,
            sn_place=unit.at("UnitIdentifier"),
        ),
        source,
        options,
    )
    status = read_result(unit, "OverallResult")
    notes: list[str] = [*message.notes]
    start, seconds = _times(message, unit, source, notes)
    report = header.report(
        start=start,
        result=Result(status.value) if status else None,
        user=_operator(operator, options),
        execution_time=seconds,
        sequence=recipe,
        sequence_version=body.text("RecipeRevision"),
    )
    if status is None:
        notes.append(f"{unit.place} has no OverallResult: the result is the worst of its steps")
    report.station(one_line(message.envelope.text("Source"), 100))
    report.record = _record(message, unit)
    identifier = unit.text("UnitIdentifier").strip()
    on_panel = _is_place_on_panel(message, unit, options)
    if on_panel and options.unit_identifier == "auto" and identifier not in message.panels:
        notes.append(
            f"{unit.at('UnitIdentifier')}: {identifier[:60]!r} has a position beside it: it was taken for a "
            "panel's. If it is the unit's own, set the converter's option unit_identifier"
        )
    _add_misc(report, message, unit, panel=identifier if on_panel else "")
    steps = Steps(report, source.station, message.kind)
    for index, test in enumerate(unit.objects(f"{message.kind}s")):
        steps.add(test, index)
    steps.end()
    if not report.root.steps:
        notes.append(f"{unit.place} has no {message.kind}s")
    for note in dict.fromkeys(notes):
        report.warn(note)
    return report


def _serial_number(message: _Message, unit: JsonObject, options: IpcCfxOptions) -> str:
    """The unit's identifier; where that is its panel's, with the position."""
    identifier = unit.text("UnitIdentifier").strip()
    if is_placeholder(identifier, options) or not _is_place_on_panel(message, unit, options):
        return identifier
    position = unit.integer("UnitPositionNumber")
    if position is None and "{pos}" in options.panel_serial_number:
        raise unit.error(
            "UnitPositionNumber", f"several units are called {identifier[:60]!r}, and this has no position"
        )
    text = options.panel_serial_number.replace("{pos}", str(position))
    return text.replace("{id}", identifier)


def _is_place_on_panel(message: _Message, unit: JsonObject, options: IpcCfxOptions) -> bool:
    """Is a unit named by its panel?

    IPC-2591 names a unit by its own identifier, or by that of its panel or carrier and a position on it. So
    an identifier with a position is a panel's, but not where the message has several units that differ in
    both. Position 0 is none: it is what libraries write that were given no position.
    """
    if unit.place == message.body.at("InspectedPanel") or options.unit_identifier == "unit":
        return False
    if unit.text("UnitIdentifier").strip() in message.panels:
        return True
    if not unit.integer("UnitPositionNumber"):
        return False
    return options.unit_identifier == "panel" or not message.told_apart


def _times(
    message: _Message, unit: JsonObject, source: Source, notes: list[str]
) -> tuple[datetime | None, float | None]:
    """Start and duration: by the tests, else the start by the envelope."""
    moments: dict[str, list[datetime]] = {"Start": [], "End": []}
    for test in unit.objects(f"{message.kind}s"):
        for which, found in moments.items():
            key = f"{message.kind}{which}Time"
            if moment := _time(test, key, source, notes):
                found.append(moment)
    starts, ends = moments["Start"], moments["End"]
    if not starts:
        return _time(message.envelope, "TimeStamp", source, notes), None
    start = min(starts)
    if not ends:
        return start, None
    seconds = (max(ends) - start).total_seconds()
    if seconds < 0:
        notes.append(f"{unit.place} ends {-seconds:g} s before it begins; 0 s was taken")
    return start, max(0.0, seconds)


def _time(holder: JsonObject, key: str, source: Source, notes: list[str]) -> datetime | None:
    text = holder.text(key).strip()
    if not text or text.startswith("0001-01-01"):  # how .NET writes a time that nobody set
        return None
    try:
        moment = read_time(text, source.station)
    except ValueError as error:
        raise holder.error(key, str(error)) from error
    if moment.warning:
        notes.append(moment.warning)
    return moment.at


def _operator(operator: JsonObject, options: IpcCfxOptions) -> str:
    badge = operator.text("OperatorIdentifier").strip()
    if not options.operator_name:
        return badge
    names = (operator.text(key).strip() for key in ("FirstName", "LastName"))
    return " ".join(filter(None, names)) or operator.text("LoginName").strip() or badge


def _record(message: _Message, unit: JsonObject) -> bytes:
    """What makes this unit of this message one of a kind; tests without times may well repeat."""
    whole = [
        message.envelope.data.get("UniqueID"),
        message.envelope.data.get("TimeStamp"),
        message.body.data.get("TransactionId"),
        unit.data,
    ]
    return json.dumps(whole).encode("ascii")


def _add_misc(report: Report, message: _Message, unit: JsonObject, *, panel: str) -> None:
    position = unit.integer("UnitPositionNumber")
    sampling = message.body.child("SamplingInformation")
    method = sampling.text("SamplingMethod")
    told = {
        "Panel": panel,
        "Position": "" if position is None else str(position),
        "Transaction": message.body.text("TransactionId"),
        "PCB variant": unit.text("PCBVariant"),
        "Sampling": "" if method == "NoSampling" else method,
        "Lot size": sampling.text("LotSize"),
        "Sample size": sampling.text("SampleSize"),
    }
    for name, text in told.items():
        if text.strip():
            report.misc(name, one_line(text, 1000))
    left = 0
    for test in unit.objects("Tests"):
        for condition in test.objects("TestConditions"):
            if len(report.data.get("miscInfos", ())) >= _MAX_MISC:
                left += 1
            else:
                report.misc(*_condition(test, condition))
    if left:
        report.warn(f"there are more than {_MAX_MISC} misc infos: {left} conditions were left out")


def _condition(test: JsonObject, condition: JsonObject) -> tuple[str, str]:
    """An environmental condition, such as the temperature while it was tested."""
    kind = condition.text("$type").partition(",")[0].rpartition(".")[2] or "Condition"
    values = [
        f"{word} {condition.text(key)}"
        for word, key in (("mean", "MeanValue"), ("min", "MinValue"), ("max", "MaxValue"))
        if condition.data.get(key) is not None
    ]
    return one_line(f"{kind} in {test.text('TestName')}", 100), ", ".join(values) or "-"
