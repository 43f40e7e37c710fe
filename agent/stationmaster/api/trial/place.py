"""Where in a sample something stands: unit, step, and the line where it can be found."""

from __future__ import annotations

from stationmaster.api.trial.case import Case, Taken


def place_of(case: Case, taken: Taken, step_path: str = "", step_name: str = "") -> str:
    """Such as "unit SN-1, step Main/VCC, line 12"; what is not known is left out."""
    unit = f"unit {taken.sn}" if taken.sn else "a unit without serial number"
    parts = [unit]
    if step_path:
        parts.append(f"step {step_path}")
    line = 0 if case.source.is_folder else _line(case.content, taken, step_name)
    if line:
        parts.append(f"line {line}")
    return ", ".join(parts)


def _line(content: bytes, taken: Taken, name: str) -> int:
    """The line of `name` in the unit's own record, else of the record; 0 where neither can be found."""
    begin, end = _extent(content, taken)
    if begin < 0:
        return 0
    if name:
        at = content.find(name.encode(), begin, end)
        if at < 0 or content.find(name.encode(), at + 1, end) >= 0:
            return 0  # not there, or there more than once: no line is better than a wrong one
        return content.count(b"\n", 0, at) + 1
    return content.count(b"\n", 0, begin) + 1


def _extent(content: bytes, taken: Taken) -> tuple[int, int]:
    """Where the unit's record stands; (-1, -1) where that cannot be told."""
    record = taken.record
    if record:
        at = content.find(record)
        if at >= 0:
            return at, at + len(record)
    sn = taken.sn.encode()
    at = content.find(sn) if sn else -1
    if at < 0 or (content.find(sn, at + len(sn)) >= 0 and record is not None):
        return -1, -1
    return (0, len(content)) if record is None else (at, len(content))
