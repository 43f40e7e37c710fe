"""Steps of WSXF and WRML in WSJF form: measurements, limits, charts, attachments, loops."""

from __future__ import annotations

from typing import Any, Final

from stationmaster.api.limit import CompOp, Limits
from stationmaster.api.measurement import short_name
from stationmaster.api.notes import Notes
from stationmaster.api.status import Status
from stationmaster.api.step import Step
from stationmaster.api.text import one_line
from stationmaster.api.wsxf_chart import attachment, chart
from stationmaster.api.wsxf_part import Part
from stationmaster.api.wsxf_property import additional
from stationmaster.api.wsxf_tree import Node
from stationmaster.api.xml import inner_text

_GROUPS: Final = {"setup": "S", "s": "S", "main": "M", "m": "M", "cleanup": "C", "c": "C"}
_SEQUENCES: Final = frozenset({"SequenceCall", "WATS_SeqCall"})
_SEVERAL: Final = {"ET_MNLT": "ET_MPFT", "MultiNumericLimitTest": "MultiBooleanTest"}
_ONE: Final = {"ET_NLT": "ET_PFT", "NumericLimitTest": "PassFailTest"}
_HIGH: Final = frozenset({CompOp.LT, CompOp.LE})


class Steps:
    """Makes the steps of one report.

    Attributes:
        more_attachments: those that a step cannot hold, for the report as a whole.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.more_attachments: list[dict[str, Any]] = []

    def root(self, tops: list[Node], result: str | None) -> dict[str, Any]:
        """The root of the report; several top steps, or one of another type, get one above them."""
        if len(tops) == 1 and tops[0].part.text("StepType") in _SEQUENCES:
            return self._step(tops[0])
        below = [self._step(top) for top in tops]
        status = result or ("F" if any(step["status"] in "FET" for step in below) else "P")
        return {
            "stepType": "SequenceCall",
            "name": "MainSequence",
            "group": "M",
            "status": status,
            "seqCall": {"path": "MainSequence", "name": "MainSequence", "version": "1.0"},
            "steps": below,
        }

    def _step(self, node: Node) -> dict[str, Any]:
        part = node.part
        kind = part.text("StepType")
        if not kind:
            raise part.error("a step without StepType")
        name = part.text("Name")
        status = part.status(self._notes)
        if status is None:
            self._notes.add("a step without a status became D (done)", part.place)
        step: dict[str, Any] = {"stepType": kind, "name": short_name(name), "status": status or Status.DONE}
        step["status"] = step["status"].value
        step["group"] = _GROUPS.get(part.text("Group").lower(), "M")
        self._fields(step, part)
        if step["name"] != name and name:
            Step(step).additional("Full name", {"name": name})
        self._parts(step, node)
        if node.steps:
            step["steps"] = [self._step(below) for below in node.steps]
        elif kind in _SEQUENCES:
            step["steps"] = []
        return step

    def _fields(self, step: dict[str, Any], part: Part) -> None:
        fields = {
            "id": part.integer("Id", "StepID"),
            "totTime": part.seconds(self._notes, "total_time"),
            "start": part.time("Start"),
            "tsGuid": part.text("TSGuid"),
            "errorCode": part.integer("StepErrorCode"),
            "errorMessage": part.text("StepErrorMessage"),
            "reportText": part.text("ReportText"),
            "causedSeqFailure": part.flag("StepCausedSequenceFailure") or None,
            "causedUUTFailure": part.flag("StepCausedUUTFailure") or None,
        }
        step.update({key: value for key, value in fields.items() if value not in (None, "")})

    def _parts(self, step: dict[str, Any], node: Node) -> None:
        by_tag: dict[str, list[Part]] = {}
        for part in node.parts:
            by_tag.setdefault(part.tag, []).append(part)
        for part in by_tag.get("loop", ()):
            _loop(step, part)
        for part in by_tag.get("sequencecall", ()):
            step["seqCall"] = _call(part, step["name"])
        for part in by_tag.get("reporttext", ()):
            _say(step, inner_text(part.element).strip())
        for part in by_tag.get("callexe", ()):
            step["callExe"] = {"exitCode": part.number("ExitCode")}
        for part in by_tag.get("messagepopup", ()):
            step["messagePopup"] = {"response": part.text("Response"), "button": part.integer("Button") or 0}
        for part in (*by_tag.get("additionalresults", ()), *by_tag.get("additionaldata", ())):
            step.setdefault("additionalResults", []).append(additional(part))
        self._charts(step, by_tag)
        _measure(step, by_tag, self._notes)

    def _charts(self, step: dict[str, Any], by_tag: dict[str, list[Part]]) -> None:
        found, attached = chart(by_tag.get("chart", []), self._notes)
        if found:
            step["chart"] = found
        attached += [one for part in by_tag.get("attachment", ()) if (one := attachment(part, self._notes))]
        for part in by_tag.get("attachment", ()):
            if not inner_text(part.element).strip():
                told = {key: part.text(key) for key in ("Name", "ContentType", "Size") if part.text(key)}
                Step(step).additional("Attachment without content", told)
        if attached:
            step["attachment"] = attached[0]
        for one in attached[1:]:
            self._notes.add("a step holds one attachment: others belong to the report now", step["name"])
            self.more_attachments.append(one)


def _say(step: dict[str, Any], text: str) -> None:
    if text:
        step["reportText"] = f"{step['reportText']}\n{text}" if step.get("reportText") else text


def _call(part: Part, name: str) -> dict[str, str]:
    own = part.text("Name", "Filename") or name
    path = part.text("Filepath", "Filename") or own
    version = one_line(part.text("Version"), 30) or "1.0"
    return {"path": one_line(path, 500), "name": one_line(own, 200), "version": version}


def _loop(step: dict[str, Any], part: Part) -> None:
    """An iteration has an index, a summary has counts; an empty element is neither."""
    index, num, ending = part.integer("index"), part.integer("num"), part.integer("ending_index")
    if index is not None and index >= 0:
        step["loop"] = {"idx": index}
        return
    if num is None and ending is not None and ending >= 0:
        num = ending + 1
    if num is None or num < 1:
        return
    step["loop"] = {
        "idx": None,
        "num": num,
        "endingIndex": num - 1 if ending is None else ending,
        "passed": part.integer("passed"),
        "failed": part.integer("failed"),
    }


# ---------------------------------------------------------------- measurements
def _measure(step: dict[str, Any], by_tag: dict[str, list[Part]], notes: Notes) -> None:
    numbers: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    for part in by_tag.get("numericlimit", ()):
        row = _numeric(part, step, notes)
        (numbers if "value" in row else silent).append(row)
    booleans = [
        _named(part, {"status": _status(part, step, notes, None)}) for part in by_tag.get("passfail", ())
    ]
    if silent:
        booleans = _without_value(step, numbers, silent, notes) + booleans
    strings = [_string(part, step, notes) for part in by_tag.get("stringvalue", ())]
    for key, rows in (("numericMeas", numbers), ("booleanMeas", booleans), ("stringMeas", strings)):
        if rows:
            _unique(rows)
            step[key] = rows


def _without_value(
    step: dict[str, Any], numbers: list[dict[str, Any]], silent: list[dict[str, Any]], notes: Notes
) -> list[dict[str, Any]]:
    """Rows without a number keep their verdict as pass/fail; limits become text.

    A step of several that has some numbers keeps these, and tells of the others in its text.
    """
    notes.add("a measurement has no number: its verdict is kept, its limits are text", step["name"])
    for row in silent:
        bounds = " ".join(
            str(row[key]) for key in ("lowLimit", "highLimit", "unit") if row.get(key) not in {None, ""}
        )
        told = f"{row['compOp']} {bounds}".strip()
        _say(step, f"{row.get('name') or step['name']}: no value, {told}, {row['status']}")
    if numbers:
        return []
    kind = step["stepType"]
    step["stepType"] = _ONE.get(kind) or _SEVERAL.get(kind) or kind
    return [{key: row[key] for key in ("name", "status") if key in row} for row in silent]


def _unique(rows: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    counts: dict[str, int] = {}
    for row in rows:
        name = row.get("name")
        if not name:
            continue
        unique, count = name, counts.get(name, 1)
        while unique in seen:
            count += 1
            unique = f"{name[:90]} #{count}"
        counts[name] = count
        seen.add(unique)
        row["name"] = unique


def _named(part: Part, row: dict[str, Any]) -> dict[str, Any]:
    name = part.text("Name")
    return {"name": short_name(name), **row} if name else row


def _status(part: Part, step: dict[str, Any], notes: Notes, passes: bool | None) -> str:  # noqa: FBT001 - what the limits say
    status = part.status(notes)
    if status is not None:
        return status.value
    if passes is None or step["status"] in {"S", "D", "E", "T"}:
        return str(step["status"])
    notes.add("a measurement without a status: its limits decided", part.place)
    return Status.of(passes).value


def _comp(part: Part, notes: Notes) -> CompOp:
    word = part.text("CompOperator").upper()
    if not word:
        notes.add("a measurement without an operator became LOG (only recorded)", part.place)
        return CompOp.LOG
    try:
        return CompOp(word)
    except ValueError:
        raise part.error(f"CompOperator: {word[:20]!r} is no operator") from None


def _numeric(part: Part, step: dict[str, Any], notes: Notes) -> dict[str, Any]:
    comp = _comp(part, notes)
    low, high = part.number("LowLimit"), part.number("HighLimit")
    if comp.bounds == 1:
        # WSXF has an upper bound in HighLimit; WSJF has every single bound in lowLimit.
        low, high = (high if low is None or (comp in _HIGH and high is not None) else low), None
    if (comp.bounds and low is None) or (comp.bounds == 2 and high is None):
        raise part.error(f"{comp.value} without its limit")
    value = part.number("NumericValue")
    passes = None
    if value is not None:
        bounds = [None if one is None else float(one) for one in (low, high)]
        passes = Limits(comp, bounds[0], bounds[1]).passes(float(value))
    row: dict[str, Any] = {
        "status": _status(part, step, notes, passes),
        "value": value,
        "unit": part.text("Units"),
        "compOp": comp.value,
        "lowLimit": low,
        "highLimit": high,
    }
    return _named(part, {key: one for key, one in row.items() if one is not None})


def _string(part: Part, step: dict[str, Any], notes: Notes) -> dict[str, Any]:
    comp = _comp(part, notes)
    limit, value = part.raw("StringLimit"), part.raw("StringValue")
    comp = CompOp.CASESENSIT if comp is CompOp.EQ else comp
    if comp is CompOp.NE:
        _say(step, f"must not be {limit or ''!r}")
        comp, limit = CompOp.LOG, None
    if comp is not CompOp.LOG and limit is None:
        limit = ""
    passes = value == limit if comp is CompOp.CASESENSIT else None
    row: dict[str, Any] = {
        "status": _status(part, step, notes, passes),
        "value": value or "",
        "compOp": comp.value,
    }
    return _named(part, row if limit is None else {**row, "limit": limit})
