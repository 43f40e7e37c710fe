"""Read a mapping file, and say which line or key of it is wrong."""

from __future__ import annotations

import csv
import re
import tomllib
from difflib import get_close_matches
from typing import Any, Final

import msgspec

from stationmaster.api import ConversionError
from stationmaster.converters.mapping.schema import (
    BESIDE,
    HEADER_KEYS,
    Companion,
    Detect,
    Example,
    Given,
    LimitText,
    Mapping,
    Record,
    StepRule,
    SubUnit,
    Table,
    Text,
    Tree,
    Value,
    Wide,
)
from stationmaster.converters.mapping.spot import NOWHERE, Spot, spot_of, spot_of_name

_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`")
_AT: Final = re.compile(r" - at `(.+)`$")
_TOML_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class MappingError(ConversionError):
    """A mapping is no TOML, or breaks a rule.

    Attributes:
        what: what is wrong, without the place.
        line, column: where, from 1; 0 where that is not known.
    """

    def __init__(
        self, what: str, name: str, *, spot: Spot = NOWHERE, key: str = "", next_step: str = ""
    ) -> None:
        """Say where: name of the file, line, column and key."""
        self.what = f"{key}: {what}" if key else what
        self.line, self.column = spot
        where = [name] if name else []
        where += [f"line {self.line}, column {self.column}"] if self.line else []
        super().__init__(what, place=", ".join([*where, *([key] if key else [])]), next_step=next_step)


def read_mapping(text: str, name: str) -> Mapping:
    """Read a mapping.

    Args:
        text: the TOML.
        name: of the file, for error texts.

    Raises:
        MappingError: it is no TOML, or breaks the rules above; names the line and the key.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(str(error), text, name) from error
    except ValueError as error:  # a number of thousands of digits
        raise MappingError(f"it is no TOML: {error}", name) from error
    except RecursionError as error:
        raise MappingError("it is nested too deeply", name) from error
    try:
        mapping = msgspec.convert(_with_common(document), Mapping)
    except msgspec.ValidationError as error:
        raise _explained(str(error), text, name) from error
    _check(mapping, text, name)
    _check_signs(mapping.table, text, name)
    _check_beside(mapping, text, name)
    _check_groups(mapping, text, name)
    return mapping


def _no_toml(said: str, text: str, name: str) -> MappingError:
    at = _TOML_AT.search(said)
    if at is None:
        return MappingError(f"it is no TOML: {said}", name)
    lines = text.splitlines() or [""]
    spot = (int(at[1]), int(at[2])) if at[1] else (len(lines), len(lines[-1]) + 1)
    return MappingError(f"it is no TOML: {said[: at.start()]}", name, spot=spot)


def _with_common(document: dict[str, Any]) -> dict[str, Any]:
    """Each step with what `rows` says of all; what it says itself wins."""
    common, steps = document.get("rows"), document.get("step")
    if isinstance(common, dict) and isinstance(steps, list):
        steps = [common | step if isinstance(step, dict) else step for step in steps]
        return document | {"step": steps}
    return document


def _explained(said: str, text: str, name: str) -> MappingError:
    """Msgspec's sentence, with the line and what was probably meant."""
    at = _AT.search(said)
    path = at[1].removeprefix("$").removeprefix(".") if at else ""
    unknown = _UNKNOWN.search(said)
    if unknown is None:
        return MappingError(_AT.sub("", said), name, spot=spot_of(text, path) if path else NOWHERE, key=path)
    key = unknown[1]
    close = get_close_matches(key, sorted(_all_keys()), n=1)
    return MappingError(
        f"there is no key {key!r}",
        name,
        spot=spot_of_name(text, key),
        next_step=f'Did you mean "{close[0]}"?' if close else "See the page of mappings for the keys.",
    )


def _all_keys() -> set[str]:
    kinds = (
        Mapping,
        Value,
        Detect,
        Table,
        Text,
        Tree,
        Record,
        LimitText,
        Wide,
        StepRule,
        SubUnit,
        Example,
        Companion,
    )
    return {name for kind in kinds for name in kind.__struct_encode_fields__}


def _check(mapping: Mapping, text: str, name: str) -> None:
    """What types do not say."""
    for key in mapping.header:
        if key not in HEADER_KEYS:
            close = get_close_matches(key, HEADER_KEYS, n=1)
            raise MappingError(
                f"header has no field {key!r}",
                name,
                spot=spot_of(text, f"header.{key}"),
                next_step=f'Did you mean "{close[0]}"?' if close else f"There are: {', '.join(HEADER_KEYS)}.",
            )
    if mapping.thousands in {".", ","} and mapping.decimal in {mapping.thousands, "auto"}:
        raise MappingError(
            f"with thousands = {mapping.thousands!r} the decimal mark must be the other one",
            name,
            spot=spot_of(text, "thousands"),
            next_step='Say both, such as decimal = "," and thousands = ".": else 1,234 could be either.',
        )
    if mapping.companion is not None and mapping.kind not in {"table", "text"}:
        spot = spot_of(text, "companion")
        raise MappingError(f"companion does not go together with {mapping.kind}", name, spot=spot)
    if not mapping.step:
        raise MappingError("no [[step]] says which rows become steps", name)
    for number, rule in enumerate(mapping.step):
        missing, next_step = _missing(mapping, rule)
        if missing:
            spot = spot_of(text, f"step[{number}]")
            raise MappingError(missing, name, spot=spot, key=f"step {number + 1}", next_step=next_step)
    for where, pattern in _patterns(mapping):
        try:
            re.compile(pattern)
        except re.error as error:
            raise MappingError(
                f"{pattern!r} is no regular expression: {error}",
                name,
                spot=spot_of(text, _path(where, mapping)),
                key=where,
            ) from error


def _missing(mapping: Mapping, rule: StepRule) -> tuple[str, str]:
    """What a rule lacks or says too much of, and the next step; "" for nothing."""
    if mapping.kind in {"xml", "json"} and not rule.each:
        return "`each` is missing: the path of its rows", ""
    if rule.kind in {"curve", "axis"}:
        if rule.points and mapping.kind not in {"table", "text"}:
            return (
                f"`points` names columns, and {mapping.kind} has none",
                "Let `value` name the list of its points, and `x` that of their places.",
            )
        if not rule.points and rule.value == "":
            return "neither `points` nor `value` says what the points are", ""
    if not rule.skip and rule.kind != "axis" and rule.wide is None and rule.name == "":
        return "`name` is missing: where the step's name comes from", ""
    return "", ""


def _check_signs(table: Table, text: str, name: str) -> None:
    """What stands between cells and around them."""
    if not table.delimiter:
        spot = spot_of(text, "table.delimiter")
        raise MappingError("`delimiter` is empty", name, spot=spot, key="table")
    if table.widths or not table.quote:
        return
    try:
        csv.reader([], delimiter=table.delimiter, quotechar=table.quote, skipinitialspace=True)
    except (TypeError, ValueError) as error:
        raise MappingError(
            f"`delimiter` {table.delimiter[:20]!r} and `quote` {table.quote[:20]!r} cannot be used: {error}",
            name,
            spot=spot_of(text, "table"),
            key="table",
            next_step='Each is one character. Of more, a delimiter needs quote = "".',
        ) from error


def _check_beside(mapping: Mapping, text: str, name: str) -> None:
    """Lines that tell of columns are of no use where a row is one step."""
    table = mapping.table
    beside = next((key for key in BESIDE if getattr(table, key)), "")
    if beside and not any(rule.wide for rule in mapping.step):
        raise MappingError(
            f"`{beside}` needs a step that is `wide`",
            name,
            spot=spot_of(text, f"table.{beside}"),
            next_step="Where a row is a step, its limits and unit stand in columns: low, high, unit.",
        )


def _check_groups(mapping: Mapping, text: str, name: str) -> None:
    """What patterns must capture."""
    keys = mapping.table.keys
    if keys and not {"key", "value"} <= re.compile(keys).groupindex.keys():
        raise MappingError(
            f"{keys!r} lacks the groups `key` and `value`",
            name,
            spot=spot_of(text, "table.keys"),
            key="table.keys",
        )


def _path(where: str, mapping: Mapping) -> str:
    """A place as it is told, as a path: `step 2.when` is `step[1].when`."""
    if numbered := re.match(r"step (\d+)", where):
        return f"step[{int(numbered[1]) - 1}]{where[numbered.end() :]}"
    if where in mapping.header:
        return f"header.{where}"
    return f"misc.{where}" if where in mapping.misc else where


def _patterns(mapping: Mapping) -> list[tuple[str, str]]:
    """Every regular expression, with its key."""
    table, text = mapping.table, mapping.text
    found = [("detect.head", one) for one in mapping.detect.head]
    found += [("table.keys", table.keys), ("table.skip", table.skip), ("table.end", table.end)]
    found += [("table.header", table.header)] if isinstance(table.header, str) else []
    found += [(f"table.{key}", getattr(table, key)) for key in BESIDE]
    found += [("text.keys", one) for one in text.keys] + [("text.rows", one) for one in text.rows]
    found += [("text.section", text.section), ("text.start", text.start), ("text.end", text.end)]
    if mapping.companion is not None:
        found.append(("companion.main", mapping.companion.main))
        found += [("companion.keys", one) for one in mapping.companion.keys]
    for number, rule in enumerate(mapping.step, 1):
        found += [(f"step {number}.when.{key}", one) for key, one in rule.when.items()]
        found.append((f"step {number}.points", rule.points))
        if rule.limits is not None:
            found.append((f"step {number}.limits.pattern", rule.limits.pattern))
        for one in rule.group if isinstance(rule.group, list) else [rule.group]:
            found += _of_value(f"step {number}.group", one)
        if rule.wide is not None:
            wide = rule.wide
            found += [(f"step {number}.wide", one) for one in (wide.verdict, wide.limit, wide.skip)]
        for key in ("name", "value", "x", "low", "high", "limit", "unit", "status", "text", "measurement"):
            found += _of_value(f"step {number}.{key}", getattr(rule, key))
    for key, given in {**mapping.header, **mapping.misc}.items():
        found += _of_value(key, given)
    return found


def _of_value(key: str, given: Given) -> list[tuple[str, str]]:
    if not isinstance(given, Value):
        return []
    patterns = [given.file, given.folder, given.pattern, *(old for old, _ in given.replace)]
    return [(key, one) for one in patterns if one]
