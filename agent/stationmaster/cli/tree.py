"""A report as a tree for a person: what a dry run shows. The report may be wrong in any way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stationmaster.api.text import clip, one_line
from stationmaster.cli.output import literal

if TYPE_CHECKING:
    from rich.tree import Tree

_LONGEST = 200
"""Characters of one value."""


def report_tree(data: dict[str, Any], *, report_id: str) -> Tree:
    """The tree of a WSJF object."""
    from rich.text import Text  # noqa: PLC0415 - only people need it
    from rich.tree import Tree  # noqa: PLC0415 - only people need it

    unit = f"{_said(data, 'sn')} · {_said(data, 'pn', 'rev')}"
    head = literal(f"{unit} · process {_said(data, 'processCode')} · {_said(data, 'result')}")
    tree = Tree(Text.assemble((head, "bold"), f"  {report_id}"))
    _leaf(tree, ", ".join(_said(data, key) for key in ("machineName", "location", "purpose", "start")))
    for misc in _rows(data, "miscInfos"):
        text = _said(misc, "text") or _said(misc, "numeric")
        _leaf(tree, f"misc {_said(misc, 'description')}: {text}")
    for asset in _rows(data, "assets"):
        _leaf(tree, f"asset {_asset(asset)}")
    for file in _rows(data, "binaryData"):
        _leaf(tree, _file(file))
    for named in _rows(data, "additionalData"):
        _values(tree, named)
    if isinstance(data.get("root"), dict):
        _step(tree, data["root"])
    for part in _rows(data, "subUnits"):
        _unit(tree, part)
    return tree


def _leaf(tree: Tree, text: str) -> Tree:
    return tree.add(literal(text))


def _said(part: dict[str, Any], *keys: str) -> str:
    """What the fields say, cut; those that say nothing are left out."""
    values = (part.get(key) for key in keys)
    return one_line(" ".join(str(value) for value in values if value not in (None, "")), _LONGEST)


def _rows(part: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = part.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _asset(asset: dict[str, Any]) -> str:
    words = {
        "assetType": "type",
        "partNumber": "part",
        "usageCount": "used",
        "calibrationDate": "calibrated",
        "calibrationDue": "due",
    }
    more = [f"{word} {text}" for key, word in words.items() if (text := _said(asset, key))]
    return ", ".join([_said(asset, "sn"), *more])


def _file(file: dict[str, Any]) -> str:
    data = file.get("data")
    size = len(data) * 3 // 4 - data[-2:].count("=") if isinstance(data, str) else 0
    about = _said(file, "contentType") or "no type"
    failure = f", shows failure {_said(file, 'failIdx')}" if file.get("failIdx") is not None else ""
    words = f", {text}" if (text := _said(file, "description")) else ""
    return f"file {_said(file, 'name')}: {about}, {size:,} bytes{failure}{words}"


def _values(tree: Tree, named: dict[str, Any]) -> None:
    branch = _leaf(tree, f"data {_said(named, 'name')}")
    for prop in _rows(named, "props"):
        _value(branch, prop)


def _value(tree: Tree, prop: dict[str, Any]) -> None:
    text, inner = _said(prop, "value"), _rows(prop, "props")
    array = prop.get("array")
    if isinstance(array, dict):
        values = [cell["value"] for cell in _rows(array, "indexes") if isinstance(cell.get("value"), dict)]
        inner += [value for value in values if "value" not in value]
        shown = ", ".join(_said(value, "value") for value in values if "value" in value)
        of = f"{len(values)} of type {_said(array, 'type')}, {_said(array, 'dimension')}-dimensional"
        text = f"{clip(shown, _LONGEST)} ({of})"
    comment = f"  ({note})" if (note := _said(prop, "comment")) else ""
    branch = _leaf(tree, f"{_said(prop, 'name')}: {text.strip()}{comment}".rstrip())
    for one in inner:
        _value(branch, one)


def _unit(tree: Tree, part: dict[str, Any]) -> None:
    branch = _leaf(tree, f"sub-unit {_said(part, 'partType', 'pn', 'rev', 'sn')}")
    for failure in _rows(part, "failures"):
        about = f"{_said(failure, 'category')}: {_said(failure, 'code', 'comRef', 'comment')}"
        _leaf(branch, f"failure {about}")
    if isinstance(part.get("root"), dict):
        _step(branch, part["root"])


def _step(tree: Tree, step: dict[str, Any]) -> None:
    rows = [row for key in ("numericMeas", "booleanMeas", "stringMeas") for row in _rows(step, key)]
    words = f"{_said(step, 'status') or ' '}  {_said(step, 'name')}  [{_said(step, 'stepType')}]"
    branch = _leaf(tree, words + (f"  {_measured(rows[0])}" if len(rows) == 1 else ""))
    for row in rows if len(rows) > 1 else ():
        _leaf(branch, f"{_said(row, 'status') or ' '}  {_said(row, 'name')}  {_measured(row)}")
    if isinstance(step.get("chart"), dict):
        _chart(branch, step["chart"])
    if isinstance(step.get("attachment"), dict):
        _leaf(branch, _file(step["attachment"]))
    for named in _rows(step, "additionalResults"):
        _values(branch, named)
    for child in _rows(step, "steps"):
        _step(branch, child)


def _measured(row: dict[str, Any]) -> str:
    if "value" not in row:
        return ""
    limits = _said(row, "compOp", "lowLimit", "highLimit", "limit")
    return f"{_said(row, 'value')} {_said(row, 'unit')} ({limits})"


def _chart(tree: Tree, chart: dict[str, Any]) -> None:
    axes = ", ".join(f"{axis} {_said(chart, f'{axis}Label')} {_in(chart, axis)}".rstrip() for axis in "xy")
    branch = _leaf(tree, f"chart {_said(chart, 'label')}: {_said(chart, 'chartType') or 'Line'}, {axes}")
    for series in _rows(chart, "series"):
        points = max(_points(series.get(key)) for key in ("xdata", "ydata"))
        _leaf(branch, f"{_said(series, 'name')}: {points:,} points")


def _in(chart: dict[str, Any], axis: str) -> str:
    unit = _said(chart, f"{axis}Unit")
    return f"in {unit}" if unit else ""


def _points(data: object) -> int:
    return data.count(";") + 1 if isinstance(data, str) and data else 0
