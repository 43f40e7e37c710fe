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

_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`")
_AT: Final = re.compile(r" - at `(.+)`$")


def read_mapping(text: str, name: str) -> Mapping:
    """Read a mapping.

    Args:
        text: the TOML.
        name: of the file, for error texts.

    Raises:
        ConversionError: it is no TOML, or breaks the rules above; names the line or the key.
    """
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise ConversionError(f"it is no TOML: {error}", place=name) from error
    try:
        mapping = msgspec.convert(_with_common(document), Mapping)
    except msgspec.ValidationError as error:
        raise _explained(str(error), text, name) from error
    _check(mapping, name)
    _check_signs(mapping.table, name)
    _check_groups(mapping, name)
    return mapping


def _with_common(document: dict[str, Any]) -> dict[str, Any]:
    """Each step with what `rows` says of all; what it says itself wins."""
    common, steps = document.get("rows"), document.get("step")
    if isinstance(common, dict) and isinstance(steps, list):
        steps = [common | step if isinstance(step, dict) else step for step in steps]
        return document | {"step": steps}
    return document


def _explained(said: str, text: str, name: str) -> ConversionError:
    """Msgspec's sentence, with the line and what was probably meant."""
    unknown = _UNKNOWN.search(said)
    if unknown is None:
        at = _AT.search(said)
        where = f"{name}, {at[1].removeprefix('$.')}" if at else name
        return ConversionError(_AT.sub("", said), place=where)
    key = unknown[1]
    line = _line_of(key, text)
    close = get_close_matches(key, sorted(_all_keys()), n=1)
    return ConversionError(
        f"there is no key {key!r}",
        place=f"{name}, line {line}" if line else name,
        next_step=f'Did you mean "{close[0]}"?' if close else "See the page of mappings for the keys.",
    )


def _line_of(key: str, text: str) -> int:
    wanted = re.compile(rf"(?:^|[\s.{{,\[]){re.escape(key)}\s*[=\].]")
    return next((number for number, line in enumerate(text.splitlines(), 1) if wanted.search(line)), 0)


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


def _check(mapping: Mapping, name: str) -> None:
    """What types do not say."""
    for key in mapping.header:
        if key not in HEADER_KEYS:
            close = get_close_matches(key, HEADER_KEYS, n=1)
            raise ConversionError(
                f"header has no field {key!r}",
                place=name,
                next_step=f'Did you mean "{close[0]}"?' if close else f"There are: {', '.join(HEADER_KEYS)}.",
            )
    if mapping.thousands in {".", ","} and mapping.decimal in {mapping.thousands, "auto"}:
        raise ConversionError(
            f"with thousands = {mapping.thousands!r} the decimal mark must be the other one",
            place=name,
            next_step='Say both, such as decimal = "," and thousands = ".": else 1,234 could be either.',
        )
    if mapping.companion is not None and mapping.kind not in {"table", "text"}:
        raise ConversionError(f"companion does not go together with {mapping.kind}", place=name)
    if not mapping.step:
        raise ConversionError("no [[step]] says which rows become steps", place=name)
    for number, rule in enumerate(mapping.step, 1):
        _check_step(mapping, rule, f"{name}, step {number}")
    for where, pattern in _patterns(mapping):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConversionError(
                f"{pattern!r} is no regular expression: {error}", place=f"{name}, {where}"
            ) from error


def _check_step(mapping: Mapping, rule: StepRule, where: str) -> None:
    if mapping.kind in {"xml", "json"} and not rule.each:
        raise ConversionError("`each` is missing: the path of its rows", place=where)
    if rule.kind in {"curve", "axis"}:
        _check_curve(mapping, rule, where)
    if not rule.skip and rule.kind != "axis" and rule.wide is None and rule.name == "":
        raise ConversionError("`name` is missing: where the step's name comes from", place=where)


def _check_curve(mapping: Mapping, rule: StepRule, where: str) -> None:
    if rule.points and mapping.kind not in {"table", "text"}:
        raise ConversionError(
            f"`points` names columns, and {mapping.kind} has none",
            place=where,
            next_step="Let `value` name the list of its points, and `x` that of their places.",
        )
    if not rule.points and rule.value == "":
        raise ConversionError("neither `points` nor `value` says what the points are", place=where)


def _check_signs(table: Table, name: str) -> None:
    """What stands between cells and around them."""
    where = f"{name}, table"
    if not table.delimiter:
        raise ConversionError("`delimiter` is empty", place=where)
    if table.widths or not table.quote:
        return
    try:
        csv.reader([], delimiter=table.delimiter, quotechar=table.quote, skipinitialspace=True)
    except (TypeError, ValueError) as error:
        raise ConversionError(
            f"`delimiter` {table.delimiter[:20]!r} and `quote` {table.quote[:20]!r} cannot be used: {error}",
            place=where,
            next_step='Each is one character. Of more, a delimiter needs quote = "".',
        ) from error


def _check_groups(mapping: Mapping, name: str) -> None:
    """What patterns must capture."""
    keys = mapping.table.keys
    if keys and not {"key", "value"} <= re.compile(keys).groupindex.keys():
        raise ConversionError(f"{keys!r} lacks the groups `key` and `value`", place=f"{name}, table.keys")


def _patterns(mapping: Mapping) -> list[tuple[str, str]]:
    """Every regular expression, with its key."""
    table, text = mapping.table, mapping.text
    found = [("detect.head", one) for one in mapping.detect.head]
    found += [("table.keys", table.keys), ("table.skip", table.skip), ("table.end", table.end)]
    found += [("table.header", table.header)] if isinstance(table.header, str) else []
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
