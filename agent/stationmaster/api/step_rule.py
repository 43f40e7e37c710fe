"""The rules of steps: measurements, limits, charts, attachments, additional results, loops."""

from __future__ import annotations

from collections import Counter
from typing import Any

from stationmaster.api.extra_rule import additional, attachment
from stationmaster.api.issue import Issues, shown
from stationmaster.api.limit import CompOp
from stationmaster.api.loop import Loop, difference, loops, whole

MAX_LEVELS = 100
"""Levels of steps inside each other."""

_SEQUENCES = ("SequenceCall", "WATS_SeqCall")
_KINDS = {
    "ET_NLT": ("numericMeas", False),
    "NumericLimitTest": ("numericMeas", False),
    "ET_MNLT": ("numericMeas", True),
    "MultiNumericLimitTest": ("numericMeas", True),
    "ET_PFT": ("booleanMeas", False),
    "PassFailTest": ("booleanMeas", False),
    "ET_MPFT": ("booleanMeas", True),
    "MultiBooleanTest": ("booleanMeas", True),
    "ET_SVT": ("stringMeas", False),
    "StringValueTest": ("stringMeas", False),
    "ET_MSVT": ("stringMeas", True),
    "MultiStringTest": ("stringMeas", True),
}
_CHARTS = frozenset({"Line", "LineLogXY", "LineLogX", "LineLogY"})
_TEXT_OPS = frozenset({CompOp.LOG, CompOp.CASESENSIT, CompOp.IGNORECASE})
_COMP_OPS = {comp.value: comp for comp in CompOp}


def check_steps(issues: Issues, root: dict[str, Any], place: str) -> None:
    """Check a root and all steps below it, of known types and unknown."""
    if root.get("stepType") is not None and root.get("stepType") not in _SEQUENCES:
        issues.error(f"{place}.stepType", f"is {shown(root['stepType'])}, a root is a SequenceCall")
    ids: set[object] = set()
    waiting = [(root, place, 1)]
    while waiting:
        step, here, level = waiting.pop()
        _step(issues, step, here + ".")
        number = step.get("id")
        if isinstance(number, str | int):
            if number in ids:
                issues.house(f"{here}.id", f"{shown(number)} stands twice in this report")
            ids.add(number)
        if level == MAX_LEVELS and step.get("steps"):
            issues.error(f"{here}.steps", f"more than {MAX_LEVELS} levels of steps")
            continue
        waiting.extend((child, at, level + 1) for child, at in reversed(_below(issues, step, here)))


def _below(issues: Issues, step: dict[str, Any], here: str) -> list[tuple[dict[str, Any], str]]:
    rows = issues.rows(step, "steps", here + ".")
    if not rows:
        return []
    names: Counter[str] = Counter()
    found = []
    for at, child in rows:
        name = child.get("name")
        if isinstance(name, str) and name:
            names[name] += 1
            found.append((child, f"{here}/{name}#{names[name]}" if names[name] > 1 else f"{here}/{name}"))
        else:
            found.append((child, at.rstrip(".")))
    if len(rows) == len(step["steps"]):
        for loop in loops(step["steps"]):
            _loop(issues, loop, [place for _, place in found])
    return found


def _step(issues: Issues, step: dict[str, Any], at: str) -> None:
    issues.text(step, "stepType", at, least=1)
    issues.text(step, "name", at, least=1, most=100)
    issues.letter(step, "status", at, "PFSDET")
    if step.get("group") is not None:
        issues.letter(step, "group", at, "SMC")
    for key in ("id", "errorCode"):
        number = step.get(key)
        if number is not None and not isinstance(number, str) and not whole(number):
            issues.error(at + key, f"must be a whole number or a text, not {shown(number)}")
    for key in ("errorMessage", "reportText", "tsGuid", "caller", "module"):
        issues.text(step, key, at)
    issues.duration(step, "totTime", at)
    issues.time(step, "start", at)
    for key in ("causedSeqFailure", "causedUUTFailure"):
        issues.flag(step, key, at)
    _parts(issues, step, at)
    _measurements(issues, step, at)


def _parts(issues: Issues, step: dict[str, Any], at: str) -> None:
    call = issues.table(step, "seqCall", at)
    if call is not None:
        for key, most in (("path", 500), ("name", 200), ("version", 30)):
            issues.text(call, key, at + "seqCall.", most=most)
    for place, row in issues.rows(step, "additionalResults", at):
        additional(issues, row, place)
    chart = issues.table(step, "chart", at)
    if chart is not None:
        _chart(issues, chart, at + "chart.")
    held = issues.table(step, "attachment", at)
    if held is not None:
        attachment(issues, held, at + "attachment.")
    issues.table(step, "loop", at)


def _measurements(issues: Issues, step: dict[str, Any], at: str) -> None:
    step_type = step.get("stepType")
    wanted, several = _KINDS.get(step_type, ("", True)) if isinstance(step_type, str) else ("", True)
    for key in ("numericMeas", "booleanMeas", "stringMeas"):
        rows = issues.rows(step, key, at)
        if key == wanted:
            _amount(issues, step, len(rows), at + key, several=several)
        elif rows and wanted:
            issues.house(at + key, f"a step of type {step_type} has {wanted}")
        if len(rows) == 1 and not several:
            _agree(issues, step, rows[0][1], rows[0][0])
        names: set[object] = set()
        for place, row in rows:
            issues.letter(row, "status", place, "PFSDET")
            issues.text(row, "name", place, least=1 if several and wanted else 0, most=100)
            name = row.get("name")
            if isinstance(name, str) and name in names:
                issues.house(place + "name", f"{shown(name)} stands twice in this step")
            names.add(name if isinstance(name, str) else None)
            if key == "numericMeas":
                _numeric(issues, row, place, skipped=row.get("status") == "S")
            elif key == "stringMeas":
                _string(issues, row, place)


def _amount(issues: Issues, step: dict[str, Any], amount: int, at: str, *, several: bool) -> None:
    summary = isinstance(step.get("loop"), dict) and not whole(step["loop"].get("idx"))
    if amount == 0 and step.get("status") != "S" and not summary:
        issues.house(at, "is missing: nothing was measured")
    if amount > 1 and not several:
        issues.house(at, f"holds {amount} measurements, a step of type {step['stepType']} has one")


def _agree(issues: Issues, step: dict[str, Any], row: dict[str, Any], at: str) -> None:
    status, own = step.get("status"), row.get("status")
    if isinstance(status, str) and isinstance(own, str) and status != own:
        issues.error(
            at + "status",
            f"is {shown(own)}, the step says {shown(status)}: a lone measurement agrees with its step",
        )


def _numeric(issues: Issues, row: dict[str, Any], at: str, *, skipped: bool) -> None:
    for key in ("value", "lowLimit", "highLimit"):
        issues.number(row, key, at)
    issues.text(row, "unit", at)
    if row.get("value") is None and not skipped:
        issues.house(at + "value", "is missing")
    comp = _comp_op(issues, row, at)
    if comp is not None:
        _limits(issues, comp, row, at)


def _limits(issues: Issues, comp: CompOp, row: dict[str, Any], at: str) -> None:
    low, high = row.get("lowLimit"), row.get("highLimit")
    if comp in (CompOp.CASESENSIT, CompOp.IGNORECASE):
        issues.error(at + "compOp", f"{comp.value} compares texts, not numbers")
    elif comp.bounds == 0:
        if low is not None or high is not None:
            issues.warning(at + "compOp", "is LOG, which has no limits, and there are some")
    elif comp.bounds == 1:
        if low is None:
            issues.error(
                at + "lowLimit", f"is missing: {comp.value} has its limit there, whatever its direction"
            )
        if high is not None:
            issues.warning(at + "highLimit", f"{comp.value} has one limit, in lowLimit")
    else:
        _pair(issues, comp, row, at)


def _pair(issues: Issues, comp: CompOp, row: dict[str, Any], at: str) -> None:
    low, high = row.get("lowLimit"), row.get("highLimit")
    for key, bound in (("lowLimit", low), ("highLimit", high)):
        if bound is None:
            issues.error(at + key, f"is missing: {comp.value} has two limits")
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        issues.warning(at + "lowLimit", f"{low} is above highLimit {high}")


def _string(issues: Issues, row: dict[str, Any], at: str) -> None:
    issues.text(row, "value", at)
    issues.text(row, "limit", at)
    comp = _comp_op(issues, row, at)
    if comp is None:
        return
    if comp not in _TEXT_OPS:
        issues.error(at + "compOp", f"{comp.value} compares numbers; for texts: LOG, CASESENSIT, IGNORECASE")
    elif comp is CompOp.LOG:
        if row.get("limit") is not None:
            issues.warning(at + "compOp", "is LOG, which has no limit, and there is one")
    elif row.get("limit") is None:
        issues.error(at + "limit", f"is missing: {comp.value} compares with it")


def _comp_op(issues: Issues, row: dict[str, Any], at: str) -> CompOp | None:
    """The operator; LOG where none is named."""
    value = row.get("compOp")
    if value is None:
        return CompOp.LOG
    comp = _COMP_OPS.get(value) if isinstance(value, str) else None
    if comp is None:
        issues.error(at + "compOp", f"is {shown(value)}, not one of {', '.join(_COMP_OPS)}")
    return comp


def _loop(issues: Issues, loop: Loop, places: list[str]) -> None:
    if loop.summary is None:
        issues.house(f"{places[loop.iterations[0][0]]}.loop", "an iteration without a summary step before it")
        return
    info, at = loop.summary["loop"], f"{places[loop.at]}.loop."
    for key in ("num", "endingIndex"):
        issues.integer(info, key, at, needed=True)
    for key in ("passed", "failed"):
        issues.integer(info, key, at)
    num, ending = info.get("num"), info.get("endingIndex")
    if whole(num) and whole(ending) and num != ending + 1:
        issues.error(at + "num", f"is {num}, it must be one more than endingIndex {ending}")
    if loop.highest is None:
        issues.warning(at + "endingIndex", "the summary's iterations are not in this report")
    elif whole(ending) and ending != loop.highest:
        issues.error(
            at + "endingIndex", f"is {ending}, the highest index of the iterations is {loop.highest}"
        )
    indexes: set[int] = set()
    for number, step in loop.iterations:
        index = step["loop"]["idx"]
        if index in indexes or index < 0:
            issues.house(f"{places[number]}.loop.idx", f"{index} is negative or stands twice in this loop")
        indexes.add(index)
        differs = difference(loop.summary, step)
        if differs:
            # The server's own exports hold iterations of other limits; other names it never takes.
            tell = issues.house if loop.summary.get("name") == step.get("name") else issues.error
            tell(places[number], f"iteration {index} does not match its summary: {differs}")


def _chart(issues: Issues, chart: dict[str, Any], at: str) -> None:
    kind = chart.get("chartType")
    if kind is not None and (not isinstance(kind, str) or kind not in _CHARTS):
        issues.error(at + "chartType", f"is {shown(kind)}, not one of {', '.join(sorted(_CHARTS))}")
    for key, most in (("label", 100), ("xLabel", 100), ("yLabel", 100), ("xUnit", 50), ("yUnit", 50)):
        issues.text(chart, key, at, most=most)
    for place, series in issues.rows(chart, "series", at):
        issues.text(series, "name", place, least=1, most=100)
        issues.text(series, "dataType", place, least=1)
        points = {key: _points(issues, series, key, place) for key in ("xdata", "ydata")}
        x, y = points["xdata"], points["ydata"]
        if x and y and x != y:
            issues.error(place + "ydata", f"has {y} numbers, xdata has {x}")


def _points(issues: Issues, series: dict[str, Any], key: str, at: str) -> int | None:
    """How many numbers the list holds; None where there is none to count."""
    value = series.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        issues.error(at + key, f"must be a text of numbers with ; between them, not {shown(value)}")
        return None
    if not value:
        issues.house(at + key, "is empty: a curve has points")
        return 0
    parts = value.split(";")
    wrong = next((part for part in parts if not _is_number(part)), None)
    if wrong is not None:
        issues.error(at + key, f"holds {shown(wrong)}, which is not a number")
        return None
    return len(parts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
