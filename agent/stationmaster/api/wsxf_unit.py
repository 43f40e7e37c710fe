"""What WSXF and WRML say of a unit beside its steps: parts, failures, misc infos, assets, files."""

from __future__ import annotations

from typing import Any, Final

from stationmaster.api.failure import Failure
from stationmaster.api.notes import Notes
from stationmaster.api.text import one_line
from stationmaster.api.wsxf_chart import attachment
from stationmaster.api.wsxf_part import Part
from stationmaster.api.wsxf_property import additional
from stationmaster.api.xml import child_text, inner_text

_UNITS: Final = ("reportunithierarchy", "partinfo")
_UNNAMED: Final = "-"


def built_in(parts: list[Part], notes: Notes) -> list[dict[str, Any]]:
    """The parts that are built in."""
    return [_unit(part, notes, needed=("sn", "pn")) for part in parts if part.tag in _UNITS]


def repair_units(
    data: dict[str, Any], parts: list[Part], notes: Notes
) -> tuple[list[dict[str, Any]], dict[int, int]]:
    """The units of a repair report with their failures.

    Returns:
        The units, and for each failure's own number in the file its number over all units.

    Raises:
        ConversionError: two units with one number, or a failure of a unit that is not there.
    """
    units: dict[int, dict[str, Any]] = {}
    for part in parts:
        if part.tag not in _UNITS:
            continue
        index = part.integer("Idx")
        index = len(units) if index is None else index
        if index in units:
            raise part.error(f"Idx {index} stands twice")
        unit: dict[str, Any] = _unit(part, notes, needed=("pn",))
        unit |= {"idx": index, "failures": []}
        parent, replaced = part.integer("ParentIDX"), part.integer("ReplacedIDX")
        for key, number in (("parentIdx", parent), ("replacedIdx", replaced)):
            if number is not None:
                unit[key] = number
        units[index] = unit
    if 0 not in units:
        main: dict[str, Any] = {"partType": "Main", "idx": 0, "failures": []}
        main |= {key: value for key, value in data.items() if key in {"pn", "rev", "sn"}}
        units = {0: main, **units}
    numbered: list[tuple[int, int | None, dict[str, Any]]] = []
    for part in parts:
        if part.tag == "failures":
            at = part.integer("PartIdx") or 0
            if at not in units:
                raise part.error(f"PartIdx {at}: there is no such unit")
            failure = _failure(part)
            units[at]["failures"].append(failure)
            numbered.append((at, part.integer("Idx"), failure))
    everything = [failure for unit in units.values() for failure in unit["failures"]]
    places = {id(failure): number for number, failure in enumerate(everything)}
    order = {own: places[id(failure)] for _, own, failure in numbered if own is not None}
    return list(units.values()), order


def add_attachments(data: dict[str, Any], parts: list[Part], notes: Notes, order: dict[int, int]) -> None:
    """Files of the report as a whole; in a repair report one may show a failure."""
    for part in parts:
        if part.tag not in {"binary", "attachment"}:
            continue
        found = attachment(part, notes)
        if found is None:
            continue
        failure = part.integer("FailIdx")
        if failure in order:
            found["failIdx"] = order[failure]
        elif failure is not None and data["type"] == "R":
            notes.add("an attachment shows a failure that is not there", part.place)
        data.setdefault("binaryData", []).append(found)


def add_extras(data: dict[str, Any], parts: list[Part], notes: Notes) -> None:
    """Misc infos, assets and additional data."""
    for part in parts:
        if part.tag == "miscinfo":
            data.setdefault("miscInfos", []).append(_misc(data, part, notes))
        elif part.tag == "asset":
            fields = {
                "sn": one_line(part.text("AssetSN"), 100) or _UNNAMED,
                "assetType": one_line(part.text("AssetType"), 100),
                "partNumber": one_line(part.text("PartNumber"), 100),
                "usageCount": part.integer("UsageCount"),
            }
            kept = {key: value for key, value in fields.items() if value not in (None, "")}
            data.setdefault("assets", []).append(kept)
        elif part.tag == "additionaldata":
            data.setdefault("additionalData", []).append(additional(part))


def _misc(data: dict[str, Any], part: Part, notes: Notes) -> dict[str, Any]:
    text, number = inner_text(part.element).strip(), part.number("Numeric")
    name = one_line(part.text("Description"), 100) or _UNNAMED
    row: dict[str, Any] = {"description": name}
    if len(text) > 100:
        notes.add("a misc info was cut to 100 characters, its whole text is additional data", part.place)
        whole = {"name": name, "type": "String", "value": text}
        data.setdefault("additionalData", []).append({"name": "Misc info", "props": [whole]})
    row["text"] = one_line(text, 100) or part.text("Numeric")
    if number is not None:
        row["numeric"] = number
    return row


def _unit(part: Part, notes: Notes, *, needed: tuple[str, ...]) -> dict[str, Any]:
    fields = {
        "partType": one_line(part.text("PartType"), 50),
        "pn": one_line(part.text("PN"), 100),
        "rev": one_line(part.text("Rev"), 100),
        "sn": one_line(part.text("SN"), 100),
        "position": part.integer("Position"),
    }
    for key in needed:
        if not fields[key]:
            notes.add(f"a part without {key} has - there", part.place)
            fields[key] = _UNNAMED
    return {key: value for key, value in fields.items() if value not in (None, "")}


def _failure(part: Part) -> dict[str, Any]:
    for name in ("Category", "Code"):
        if not part.text(name):
            raise part.error(f"a failure without {name}")
    return Failure(
        part.text("Category"),
        part.text("Code"),
        comment=child_text(part.element, "Comment").strip() or None,
        component=part.text("CompRef") or None,
        function_block=part.text("FuncBlock", "FunctionBlock") or None,
        step_id=part.integer("StepID"),
        step_name=part.text("StepName") or None,
        article_number=part.text("ArticleNumber", "ArtNumber") or None,
        article_revision=part.text("ArticleRev", "ArtRev") or None,
        article_vendor=part.text("ArticleVendor", "ArtVendor") or None,
        article_description=part.text("ArticleDescription", "ArtDescription") or None,
    ).wire()
