"""From a WSJF object to the row of its header. Tolerant: what does not fit a column becomes null."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stationmaster.embedded_server.attachment import list_attachments
from stationmaster.embedded_server.sql import Parameter, microseconds

RESULTS = {"P": "Passed", "F": "Failed", "D": "Done", "E": "Error", "T": "Terminated"}
_BAD = {"F", "E", "T"}
PATH_SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """A report as the tables hold it.

    Attributes:
        columns: of table `report`, without what the store itself counts.
        misc: description and value of each misc info.
    """

    columns: dict[str, Parameter]
    misc: tuple[tuple[str | None, str | None], ...]


def header_row(data: dict[str, Any], *, process_name: str | None) -> HeaderRow:
    """Take the header out of a WSJF object; `process_name` is used where the report names none."""
    repair = data.get("type") == "R"
    info = mapping(data.get("uur" if repair else "uut"))
    call = mapping(mapping(data.get("root")).get("seqCall"))
    culprit = _culprit(data)
    misc = tuple((_text(one.get("description")), misc_value(one)) for one in mappings(data.get("miscInfos")))
    columns: dict[str, Parameter] = {
        "id": str(data["id"]),
        "type": "R" if repair else "T",
        "serial_number": _text(data.get("sn")),
        "part_number": _text(data.get("pn")),
        "revision": _text(data.get("rev")),
        "result": RESULTS.get(str(data.get("result", "P")), _text(data.get("result"))),
        "start": _text(data.get("start")),
        "started_us": _moment(data.get("start")),
        "process_code": _integer(data.get("processCode")),
        "process_name": _text(data.get("processName")) or process_name,
        "station_name": _text(data.get("machineName")),
        "location": _text(data.get("location")),
        "purpose": _text(data.get("purpose")),
        "user_name": _text(info.get("user")),
        "batch_number": _text(info.get("batchSN")),
        "comment": _text(info.get("comment")),
        "execution_time": _number(info.get("execTime")),
        "sw_filename": _text(call.get("name")),
        "sw_version": _text(call.get("version")),
        "test_socket_index": _integer(info.get("testSocketIndex")),
        "fixture_id": _text(info.get("fixtureId")),
        "error_code": _integer(info.get("errorCode")),
        "error_message": _text(info.get("errorMessage")),
        "caused_uut_failure": culprit[-1] if culprit else None,
        "caused_uut_failure_path": PATH_SEPARATOR.join(culprit) if culprit else None,
        "referenced_uut": _id(info.get("refUUT")),
        "parts": json.dumps(_parts(data, repair=repair)),
    }
    return HeaderRow(columns, misc)


def _parts(data: dict[str, Any], *, repair: bool) -> dict[str, list[dict[str, Any]]]:
    units = [
        {
            "partType": _text(unit.get("partType")),
            "serialNumber": _text(unit.get("sn")),
            "partNumber": _text(unit.get("pn")),
            "revision": _text(unit.get("rev")),
        }
        for unit in mappings(data.get("subUnits"))
    ]
    misc = [
        {"description": _text(one.get("description")), "value": misc_value(one)}
        for one in mappings(data.get("miscInfos"))
    ]
    files = list_attachments(data)
    assets = [
        {"serialNumber": _text(one.get("sn")), "runningCount": _integer(one.get("usageCount"))}
        for one in mappings(data.get("assets"))
    ]
    if repair:
        for unit in units:
            del unit["partType"]
        named = [{"id": one.id, "filename": _clean(one.name)} for one in files]
        return {"uurSubUnits": units, "uurMiscInfo": misc, "uurAttachments": named, "assets": assets}
    stepped = [{"stepId": one.step_id, "filename": _clean(one.name)} for one in files]
    return {"subUnits": units, "miscInfo": misc, "attachments": stepped, "assets": assets}


def misc_value(entry: dict[str, Any]) -> str | None:
    """The value of a misc info: its text, else its (deprecated) number."""
    value = entry.get("text")
    return _text(entry.get("numeric") if value is None else value)


def _culprit(data: dict[str, Any]) -> list[str]:
    """Names from the root to the step that caused the failure; the deepest one where several claim it."""
    best: list[str] = []
    if data.get("result") not in _BAD:
        return best
    for names, step in walk(data):
        if step.get("causedUUTFailure") is True and len(names) > len(best):
            best = names
    return best


def walk(data: dict[str, Any]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Each step with the names on its way, in file order; without recursion, however deep it goes."""
    root = data.get("root")
    waiting: list[tuple[list[str], dict[str, Any]]] = [([], root)] if isinstance(root, dict) else []
    while waiting:
        above, step = waiting.pop()
        names = [*above, _text(step.get("name")) or ""]
        yield names, step
        waiting.extend((names, child) for child in reversed(mappings(step.get("steps"))))


# ---------------------------------------------------------------- values of unknown type
def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, or of nothing."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _clean(text: str) -> str:
    # SQLite's text functions stop at a NUL, and lone surrogates have no UTF-8
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, dict | list):
        return None
    return _clean(str(value))


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else None


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def _id(value: Any) -> str | None:
    return _clean(value).lower() if isinstance(value, str) and value else None


def _moment(value: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(str(value))
        return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
