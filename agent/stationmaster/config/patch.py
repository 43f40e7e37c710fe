"""Edits of TOML text that keep comments, order and layout. Brings tomlkit: import it only to edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Table, Whitespace

from stationmaster.config.field import Key, join_key, split_key
from stationmaster.errors import ConfigError
from stationmaster.sentence import closed


def apply(text: str, patch: Mapping[str, Any], *, file: str = "") -> str:
    """Return `text` with the dotted keys of `patch` set, or removed where the value is None.

    Args:
        text: TOML.
        patch: plain values: str, int, float, bool, datetime, lists and dicts of them.
        file: its name, for errors.

    Raises:
        ConfigError: the text is no TOML, or a key leads nowhere.
    """
    where = f"{file}: " if file else ""
    try:
        document = tomlkit.parse(text)
        for key, value in patch.items():
            parts = split_key(key)
            if value is None:
                _remove(document, parts)
            elif len(parts) == 1 and key not in document and not _is_tables(value):
                document = tomlkit.parse(
                    _with_root_key(tomlkit.dumps(document), parts[0], _without_none(value))
                )
            else:
                _set(document, parts, _without_none(value), where)
        result = tomlkit.dumps(document)
    except TOMLKitError as error:
        raise ConfigError(
            closed(f"{where}this is no TOML: {error}"), next_step="Correct the file."
        ) from error
    return result if result.endswith("\n") or not result else result + "\n"


def _set(document: Any, parts: Key, value: Any, where: str) -> None:
    place = document
    for depth, part in enumerate(parts[:-1]):
        place = _step_in(place, parts, depth, part, where)
    last = parts[-1]
    if _is_list(place):
        index = _index(place, parts, len(parts) - 1, where)
        if index == len(place):
            place.append(_table(value, gap=True) if isinstance(place, AoT) else value)
        else:
            place[index] = _table(value) if isinstance(place, AoT) else value
    elif not hasattr(place, "keys"):
        raise _leads_nowhere(parts, where)
    elif isinstance(value, list) and _is_tables(value):
        place[last] = _tables(value)
    elif isinstance(value, dict) and not isinstance(place, InlineTable):
        place[last] = _table(value)
    elif last not in place:
        _add(place, last, value)
    elif isinstance(place[last], Table | AoT):
        place[last] = value
    else:
        _set_in_place(place, last, value)


def _add(place: Any, key: str, value: Any) -> None:
    """Add a key behind the last one: comments behind a blank line belong to the table that follows."""
    body = place.value.body if isinstance(place, Table) else getattr(place, "body", [])
    behind = len(body)
    while behind and body[behind - 1][0] is None:
        behind -= 1
    blank = next((at for at in range(behind, len(body)) if isinstance(body[at][1], Whitespace)), len(body))
    tail = body[blank:]
    del body[blank:]
    place[key] = value
    body.extend(tail)


def _with_root_key(text: str, key: str, value: Any) -> str:
    """Add a key before the first table, behind the other keys there."""
    head, rest = _split_at_first_table(text)
    document = tomlkit.parse(head)
    _add(document, key, value)
    head = tomlkit.dumps(document)
    return (head if head.endswith("\n") else head + "\n") + rest


def _split_at_first_table(text: str) -> tuple[str, str]:
    offset = 0
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            try:
                tomlkit.parse(text[:offset])
            except TOMLKitError:
                pass  # a line inside a list or text of several lines
            else:
                return text[:offset], text[offset:]
        offset += len(line)
    return text, ""


def _is_tables(value: Any) -> bool:
    """True for a table, and for a list of tables."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


def _set_in_place(place: Any, key: str, value: Any) -> None:
    """Change a value but keep the comment behind it and the indent before it."""
    item = tomlkit.item(value)
    item.trivia.indent = place[key].trivia.indent if hasattr(place[key], "trivia") else ""
    place[key] = item


def _step_in(place: Any, parts: Key, depth: int, part: str, where: str) -> Any:
    if _is_list(place):
        index = _index(place, parts, depth, where)
        if index == len(place):
            place.append(_table({}, gap=True) if isinstance(place, AoT) else tomlkit.inline_table())
        return place[index]
    if not hasattr(place, "keys"):
        raise _leads_nowhere(parts, where)
    if part not in place:
        # A number behind it makes it a list of tables.
        new_list = parts[depth + 1].isdecimal() and part in {"watch", "fetch"}
        if isinstance(place, InlineTable):
            place[part] = tomlkit.inline_table()
        else:
            place[part] = tomlkit.aot() if new_list else tomlkit.table()
    return place[part]


def _remove(document: Any, parts: Key) -> None:
    """Remove what is there; what is not there is no error."""
    place = document
    for part in parts[:-1]:
        try:
            place = place[int(part)] if _is_list(place) else place[part]
        except (LookupError, TypeError, ValueError):
            return
    last = parts[-1]
    if _is_list(place):
        if last.isdecimal() and int(last) < len(place):
            del place[int(last)]
            if isinstance(place, AoT) and not place:
                _remove(document, parts[:-1])  # an empty list would stand where its tables stood
    elif hasattr(place, "keys") and last in place:
        del place[last]


def _index(place: Any, parts: Key, depth: int, where: str) -> int:
    part = parts[depth]
    if not part.isdecimal() or int(part) > len(place):
        key = join_key(parts[:depth])
        raise ConfigError(
            f'{where}"{join_key(parts)}" names no item of {key}.',
            key=join_key(parts),
            next_step=f"Give a number from 0 to {len(place) - 1}, or {len(place)} to add one."
            if len(place)
            else "Give 0 to add one.",
        )
    return int(part)


def _is_list(place: Any) -> bool:
    return isinstance(place, AoT | Array)


def _leads_nowhere(parts: Key, where: str) -> ConfigError:
    key = join_key(parts)
    return ConfigError(f'{where}there is no setting "{key}".', key=key)


def _tables(values: list[dict[str, Any]]) -> AoT:
    result = tomlkit.aot()
    for value in values:
        result.append(_table(value))
    return result


def _table(value: Any, *, gap: bool = False) -> Any:
    """A table from plain values, after a blank line if `gap`; anything else stays as it is."""
    if not isinstance(value, dict):
        return value
    result = tomlkit.table()
    if gap:
        result.trivia.indent = "\n"
    for key, item in value.items():
        result[key] = _table(item)
    return result


def _without_none(value: Any) -> Any:
    """TOML has no null: a setting that is None is not written."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
