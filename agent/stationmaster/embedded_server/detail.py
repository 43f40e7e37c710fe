"""How much of a report `GET /api/Report/Wsjf/{id}` answers with.

The WATS server says only that level 0 is identifying data and 7 the full report; the steps between are ours:

====  =====================================================
0     identifying data: type, id, pn, sn, rev, process, result, station, start
1     and `uut` or `uur`
2     and sub-units, misc infos, assets, additional data
3     and the tree of steps, without measurements
4     and attachments
5     and measurements
6     and charts
7     everything
====  =====================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FULL = 7
_HEAD = frozenset(
    {
        "type",
        "id",
        "pn",
        "sn",
        "rev",
        "processCode",
        "processName",
        "processCodeFormat",
        "productName",
        "result",
        "machineName",
        "location",
        "purpose",
        "start",
        "startUTC",
        "origin",
    }
)
_LISTS = frozenset({"subUnits", "miscInfos", "assets", "assetStats", "additionalData"})
_BARE_STEP = frozenset(
    {
        "stepType",
        "name",
        "group",
        "status",
        "id",
        "errorCode",
        "errorMessage",
        "start",
        "totTime",
        "causedSeqFailure",
        "causedUUTFailure",
        "loop",
        "seqCall",
        "caller",
        "module",
        "steps",
    }
)
_MEASUREMENTS = frozenset({"numericMeas", "booleanMeas", "stringMeas"})


@dataclass(frozen=True, slots=True)
class Detail:
    """What to leave in.

    Attributes:
        level: 0 to 7, see above.
        charts: False leaves the points of charts out.
        attachments: False leaves the content of attachments out; their names stay.
    """

    level: int = FULL
    charts: bool = True
    attachments: bool = True

    @property
    def full(self) -> bool:
        """Is nothing left out?"""
        return self.level >= FULL and self.charts and self.attachments


def pruned(data: dict[str, Any], detail: Detail) -> dict[str, Any]:
    """A copy of a WSJF object with no more than `detail`."""
    kept = {key: value for key, value in data.items() if _keep_top(key, detail.level)}
    if isinstance(kept.get("binaryData"), list) and not detail.attachments:
        kept["binaryData"] = [_without(one, "data") for one in kept["binaryData"]]
    if isinstance(kept.get("root"), dict):
        kept["root"] = _copy_tree(kept["root"], lambda step: _step(step, detail))
    return kept


def _keep_top(key: str, level: int) -> bool:
    if key in _HEAD:
        return True
    if key in {"uut", "uur"}:
        return level >= 1
    if key in _LISTS:
        return level >= 2
    if key == "root":
        return level >= 3
    if key == "binaryData":
        return level >= 4
    return level >= FULL


def _copy_tree(root: dict[str, Any], copy: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Copy a tree of steps with a copy function for each; without recursion, however deep it goes."""
    result = copy(root)
    waiting = [result]
    while waiting:
        step = waiting.pop()
        children = step.get("steps")
        if isinstance(children, list):
            step["steps"] = [copy(child) if isinstance(child, dict) else child for child in children]
            waiting.extend(child for child in step["steps"] if isinstance(child, dict))
    return result


def _step(step: dict[str, Any], detail: Detail) -> dict[str, Any]:
    kept = {key: value for key, value in step.items() if _keep_of_step(key, detail.level)}
    if "attachment" in kept and not detail.attachments:
        kept["attachment"] = _without(kept["attachment"], "data")
    if isinstance(kept.get("chart"), dict) and not detail.charts:
        series = kept["chart"].get("series")
        lean = [_without(one, "xdata", "ydata") for one in series] if isinstance(series, list) else series
        kept["chart"] = {**kept["chart"], "series": lean}
    return kept


def _keep_of_step(key: str, level: int) -> bool:
    if key in _BARE_STEP:
        return True
    if key == "attachment":
        return level >= 4
    if key in _MEASUREMENTS:
        return level >= 5
    return level >= 6 if key == "chart" else level >= FULL


def _without(value: Any, *keys: str) -> Any:
    return {key: one for key, one in value.items() if key not in keys} if isinstance(value, dict) else value
