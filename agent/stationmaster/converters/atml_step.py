"""Steps of ATML: TestGroup, Test and SessionAction with TestStand's extension."""

from __future__ import annotations

import re
from typing import Final

from stationmaster.api import CompOp, Group, Series, Station, Status
from stationmaster.api.additional import Property, Value
from stationmaster.api.notes import Notes
from stationmaster.api.number import parse_number
from stationmaster.api.verdict import status_of
from stationmaster.api.xml import Element, child_text, children, local_name, place
from stationmaster.converters.atml_data import (
    attribute,
    below,
    curve_of,
    datum_text,
    events_of,
    first,
    flag,
    items_of,
    kind_of,
    number_of,
    optional_number,
    outcome_of,
    time_of,
    unit_of,
    value_of,
    whole,
)
from stationmaster.converters.atml_limits import limits_of, loose_limits
from stationmaster.converters.teststand_tree import Call, Loop, Node, Row
from stationmaster.converters.teststand_unit import Unit, text_of, whole_of

STEPS: Final = ("TestGroup", "Test", "SessionAction")
_CALLED: Final = re.compile(r"SequenceCallStepName = '(.*)'", re.DOTALL)
_GROUPS: Final = {"setup": Group.SETUP, "cleanup": Group.CLEANUP}
_CURVES: Final = "WATS_XYGMNLT"
_SEVERAL: Final = re.compile(r"Measurement\[[0-9]{1,9}\]")
_TEXT_COMPS: Final = {
    "equal": CompOp.CASESENSIT,
    "eq": CompOp.CASESENSIT,
    "casesensit": CompOp.CASESENSIT,
    "casesensitive": CompOp.CASESENSIT,
    "ignorecase": CompOp.IGNORECASE,
}


class Reader:
    """Reads the steps of one report."""

    def __init__(self, station: Station) -> None:
        """Times without an offset are those of `station`."""
        self._station = station
        self.notes = Notes()

    def node(self, element: Element) -> Node:
        """A step with those inside it. XML of ours is not deep: it may call itself."""
        properties = below(element, "Extension", "TSStepProperties")
        caused = properties is not None and flag(first(properties, "StepCausedSequenceFailure"))
        status, word = outcome_of(element, caused=caused)
        kind = child_text(properties, "StepType").strip() if properties is not None else ""
        node = Node(
            name=_name(element),
            kind=kind or ("SequenceCall" if local_name(element) == "TestGroup" else ""),
            place=place(element),
            status=status,
            number=attribute(element, "ID"),
            start=time_of(element, "startDateTime", self._station),
            caused=caused,
            call=_call(element),
        )
        if word:
            node.texts.append(f"Status: {word}")
            self.notes.add(f"the status {word[:40]!r} became {status}", node.place)
        if properties is not None:
            node.group = _GROUPS.get(child_text(properties, "StepGroup").strip().lower(), Group.MAIN)
            node.total_time = optional_number(first(properties, "TotalTime"))
            node.loop = _loop(properties)
        error_of(element, node)
        self._data(element, node)
        for result in children(element, "TestResult"):
            self._result(result, node)
        self._loose(node)
        if not node.kind and local_name(element) == "Test" and not (node.numbers or node.strings):
            node.kind = "ET_MPFT" if node.verdicts else "ET_PFT"
        node.steps = [self.node(child) for child in children(element, *STEPS)]
        return node

    # ---------------------------------------------------------------- what a step recorded
    def _data(self, element: Element, node: Node) -> None:
        collection = below(element, "Data", "Collection")
        for name, value in items_of(collection).items() if collection is not None else ():
            if name == "ReportText":
                node.texts.append(text_of(value).strip())
            else:
                node.remember(name, value)

    def _result(self, result: Element, node: Node) -> None:
        name = attribute(result, "name") or attribute(result, "ID")
        data = first(result, "TestData")
        if data is None:
            return
        value = value_of(data)
        if name == "ReportText":
            node.texts.append(text_of(value or "").strip())
        elif name == "SeqFileVersion":
            if node.call is not None:
                node.call.version = text_of(value or "")
        elif name == "Measurement" and isinstance(value, dict) and _is_list(value):
            for held in value.values():
                self._member(Unit(held) if isinstance(held, dict) else Unit(), node)
        elif (array := first(data, "IndexedArray")) is not None:
            curve = curve_of(array, name) if node.kind == _CURVES else None
            if isinstance(curve, Series):
                node.curves.append(curve)
            else:
                node.remember(name, value or "")
        elif not self._measured(result, data, name, node):
            node.remember(name, value or "")

    def _measured(self, result: Element, data: Element, name: str, node: Node) -> bool:
        """Take a number or text that is compared, or that the step is about; False: it is something else."""
        datum = first(data, "Datum")
        if datum is None:
            return False
        compared = limits_of(result)
        status, _word = outcome_of(result, caused=False)
        is_text = kind_of(datum) in {"string", ""} and datum.get("value") is None
        if not (compared.stated or status is not None or name in {"Numeric", "String"}):
            return False
        row = Row(name="" if name in {"Numeric", "String"} else name, status=status, note=compared.note)
        if is_text:
            row.value, row.comp, row.limit = datum_text(datum), compared.comp, compared.limit
            node.strings.append(row)
        elif kind_of(datum) == "boolean":
            row.value = datum_text(datum).strip().lower() in {"true", "1"}
            node.verdicts.append(row)
        else:
            row.value = number_of(datum, datum_text(datum))
            if kind_of(datum) == "complex":
                node.texts.append(f"{name}: {attribute(datum, 'real')} {attribute(datum, 'imaginary')} i")
            row.unit, row.limits = unit_of(datum), compared.limits
            node.numbers.append(row)
        return True

    def _member(self, held: Unit, node: Node) -> None:
        """One of the measurements that the WATS step types write as a list of containers."""
        row = Row(name=held.text("MeasName"))
        word = held.text("Status")
        if word:
            try:
                row.status = status_of(word)
            except ValueError:
                row.status = Status.DONE
                row.note = f"Status: {word}"
        if "PassFail" in held.values:
            row.value = held.values["PassFail"] is True
            node.verdicts.append(row)
            return
        row.value = held.text("StringData")
        comp, limit = held.text("Comp"), held.text("StringLimit")
        row.comp = _TEXT_COMPS.get(comp.lower())
        if row.comp is not None:
            row.limit = limit
        elif comp.upper() not in {"", "LOG"}:
            row.note = f"Expected, {comp}: {limit}"
        node.strings.append(row)

    def _loose(self, node: Node) -> None:
        """ATML 2.02 writes the limits of some steps as a container beside the value."""
        held = node.extra.get("Limits")
        if not isinstance(held, dict) or len(node.numbers) != 1 or node.numbers[0].limits is not None:
            return
        low, high = (_number(held.get(key, "")) for key in ("Low", "High"))
        limits, value = loose_limits(low, high), node.numbers[0].value
        if limits is None or not isinstance(value, int | float):
            return
        if limits.passes(value) is (node.status is Status.PASSED):
            node.numbers[0].limits = limits
            self.notes.add("limits without an operator: Low and High were taken as GELE", node.place)
        else:
            node.texts.append(
                f"Limits: {limits.low:.15g} to {limits.high:.15g}; how they compare is not told"
            )


def error_of(element: Element, node: Node) -> None:
    """Take code and message of a run-time error."""
    for name, text in events_of(element):
        if name == "Error Message":
            node.error_message = text
        elif name == "Error Code":
            node.error_code = whole_of(text)
        elif text:
            node.texts.append(f"{name}: {text}")


def sequence_of(name: str) -> Call:
    """Path and name of a sequence, which stand in one attribute: `path#sequence`."""
    path, mark, sequence = name.rpartition("#")
    return Call(path=path, name=sequence) if mark else Call(path=name)


def _name(element: Element) -> str:
    name = attribute(element, "name")
    if local_name(element) != "TestGroup":
        return name
    called = _CALLED.search(attribute(element, "userDefinedType"))
    given = called[1] if called else attribute(element, "callerName")
    return given or name.rpartition("#")[2]


def _call(element: Element) -> Call | None:
    name = attribute(element, "name")
    if local_name(element) != "TestGroup" or "#" not in name:
        return None
    return sequence_of(name)


def _loop(properties: Element) -> Loop | None:
    looping = first(properties, "LoopingProperties")
    if looping is None:
        return None
    return Loop(
        index=whole(first(looping, "LoopIndex")),
        count=whole(first(looping, "NumLoops")),
        passed=whole(first(looping, "NumPassed")),
        failed=whole(first(looping, "NumFailed")),
    )


def _is_list(value: dict[str, Value]) -> bool:
    return bool(value) and all(_SEVERAL.match(name) for name in value)


def _number(value: Value) -> float | None:
    text = text_of(value) if isinstance(value, Property) else ""
    try:
        return parse_number(text)
    except ValueError:
        return None
