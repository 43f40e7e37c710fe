"""What a WSJF source may get wrong and we may mend without guessing; each mend is told.

The tester's verdict is never changed: a lone measurement follows its step, not the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from stationmaster.api.limit import CompOp
from stationmaster.api.loop import loops, whole
from stationmaster.api.measurement import number
from stationmaster.api.moment import mend
from stationmaster.api.notes import Notes
from stationmaster.api.report import Report
from stationmaster.api.status import Status
from stationmaster.api.verdict import status_of

_LETTERS = frozenset(status.value for status in Status)
MEASUREMENTS = ("numericMeas", "booleanMeas", "stringMeas")
_COMP_OPS = frozenset(comp.value for comp in CompOp)


def repair(report: Report) -> list[str]:
    """Mend the report in place; returns a sentence for each kind of mend, with the first place.

    Mended are: a status or result as a word, a comparison operator in other case, times with a space
    for the T or an empty fraction, a start that only `startUTC` tells, numbers that are not finite,
    `num` and `endingIndex` of loops, and the status of a lone measurement that contradicts its step.
    """
    mends = Notes()
    data = report.data
    _letter(mends, data, "result", "")
    _times(mends, data, ("start", "startUTC"), "")
    if not data.get("start") and isinstance(data.get("startUTC"), str) and data["startUTC"]:
        data["start"] = data["startUTC"]
        mends.add("start was taken from startUTC", "start")
    if isinstance(data.get("uur"), dict):
        _times(mends, data["uur"], ("confirmDate", "finalizeDate"), "uur.")
    roots = [(data.get("root"), "root")]
    units = data.get("subUnits")
    for at, unit in enumerate(units if isinstance(units, list) else []):
        if isinstance(unit, dict):
            roots.append((unit.get("root"), f"subUnits[{at}].root"))
    for root, place in roots:
        if isinstance(root, dict):
            _steps(mends, root, place)
    if _finite(data):
        mends.add("numbers that are not finite were written as words", "")
    return mends.sentences()


def _steps(mends: Notes, root: dict[str, Any], place: str) -> None:
    waiting = [(root, place)]
    while waiting:
        step, here = waiting.pop()
        _step(mends, step, here)
        below = step.get("steps")
        if isinstance(below, list):
            _loops(mends, below, here)
            named = [(child, f"{here}/{child.get('name')}") for child in below if isinstance(child, dict)]
            waiting.extend(reversed(named))


def _step(mends: Notes, step: dict[str, Any], place: str) -> None:
    _letter(mends, step, "status", place + ".")
    _times(mends, step, ("start",), place + ".")
    for key in MEASUREMENTS:
        rows = step.get(key)
        if not isinstance(rows, list):
            continue
        for at, row in enumerate(rows):
            if isinstance(row, dict):
                where = f"{place}.{key}[{at}]."
                _letter(mends, row, "status", where)
                _comp_op(mends, row, where)
        if len(rows) == 1 and isinstance(rows[0], dict):
            _follow(mends, step, rows[0], f"{place}.{key}[0].status")


def _letter(mends: Notes, part: dict[str, Any], key: str, place: str) -> None:
    word = part.get(key)
    if not isinstance(word, str) or word in _LETTERS:
        return
    try:
        letter = status_of(word).value
    except ValueError:
        return  # validation refuses it and says where
    part[key] = letter
    mends.add(f"{key} {word!r:.40} was written as {letter}", place + key)


def _comp_op(mends: Notes, row: dict[str, Any], place: str) -> None:
    comp = row.get("compOp")
    if isinstance(comp, str) and comp not in _COMP_OPS and comp.strip().upper() in _COMP_OPS:
        row["compOp"] = comp.strip().upper()
        mends.add(f"compOp {comp!r} was written in capitals", place + "compOp")


def _follow(mends: Notes, step: dict[str, Any], row: dict[str, Any], place: str) -> None:
    status = step.get("status")
    if isinstance(status, str) and status in _LETTERS and row.get("status") != status:
        was = row.get("status")
        row["status"] = status
        mends.add(f"the lone measurement said {was!r:.40}, it follows its step to {status}", place)


def _times(mends: Notes, part: dict[str, Any], keys: Iterable[str], place: str) -> None:
    for key in keys:
        text = part.get(key)
        if isinstance(text, str):
            mended = mend(text)
            if mended is not None and mended != text:
                part[key] = mended
                mends.add(f"the time {text!r} was written as {mended!r}", place + key)


def _loops(mends: Notes, siblings: list[Any], place: str) -> None:
    for loop in loops(siblings):
        if loop.summary is None:
            continue
        info = loop.summary["loop"]
        num, ending = info.get("num"), info.get("endingIndex")
        right = loop.highest
        if right is None and whole(num) and num == ending and num > 0:
            right = num - 1
        if right is None or (num == right + 1 and ending == right):
            continue
        info["num"], info["endingIndex"] = right + 1, right
        was = f"loop num {num!r:.20}, endingIndex {ending!r:.20} became {right + 1} and {right}"
        mends.add(was, f"{place}/{loop.summary.get('name')}.loop")


def _finite(value: object) -> bool:
    """Replace NaN and the infinities by their words; True where there were any."""
    found = False
    waiting = [value]
    while waiting:
        part = waiting.pop()
        pairs = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        for key, one in list(pairs):
            if isinstance(one, dict | list):
                waiting.append(one)
            elif isinstance(one, float) and not math.isfinite(one):
                part[key] = number(one)  # type: ignore[index] # part is the dict or list that `key` came from
                found = True
    return found
