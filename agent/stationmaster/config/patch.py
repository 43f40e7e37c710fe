"""Edits of TOML text that keep comments, order and layout. Brings tomlkit: import it only to edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Table

from stationmaster.config.field import Key, join_key, split_key
from stationmaster.errors import ConfigError


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
            else:
                _set(document, parts, _without_none(value), where)
        result = tomlkit.dumps(document)
    except TOMLKitError as error:
        raise ConfigError(f"{where}this is no TOML: {error}.", next_step="Correct the file.") from error
    return result if result.endswith("\n") or not result else result + "\n"


def _set(document: Any, parts: Key, value: Any, where: str) -> None:
    place = document
    for depth, part in enumerate(parts[:-1]):
        place = _step_in(place, parts, depth, part, where)
    last = parts[-1]
    if _is_list(place):
        index = _index(place, parts, len(parts) - 1, where)
        if index == len(place):
            place.append(_table(value) if isinstance(place, AoT) else value)
        else:
            place[index] = _table(value) if isinstance(place, AoT) else value
    elif not hasattr(place, "keys"):
        raise _leads_nowhere(parts, where)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        place[last] = _tables(value)
    elif isinstance(value, dict) and not isinstance(place, InlineTable):
        place[last] = _table(value)
    elif last in place and not isinstance(place[last], Table | AoT):
        _set_in_place(place, last, value)
    else:
        place[last] = value


def _set_in_place(place: Any, key: str, value: Any) -> None:
    """Change a value but keep the comment behind it and the indent before it."""
    item = tomlkit.item(value)
    item.trivia.indent = place[key].trivia.indent if hasattr(place[key], "trivia") else ""
    place[key] = item


def _step_in(place: Any, parts: Key, depth: int, part: str, where: str) -> Any:
    if _is_list(place):
        index = _index(place, parts, depth, where)
        if index == len(place):
            place.append(tomlkit.table() if isinstance(place, AoT) else tomlkit.inline_table())
        return place[index]
    if not hasattr(place, "keys"):
        raise _leads_nowhere(parts, where)
    if part not in place:
        # A number behind it makes it a list of tables.
        new_list = parts[depth + 1].isdecimal() and part == "watch"
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
    elif hasattr(place, "keys") and last in place:
        del place[last]


def _index(place: Any, parts: Key, depth: int, where: str) -> int:
    part = parts[depth]
    if not part.isdecimal() or int(part) > len(place):
        key = join_key(parts[:depth])
        raise ConfigError(
            f'{where}"{join_key(parts)}" names no item of {key}.',
            next_step=f"Give a number from 0 to {len(place) - 1}, or {len(place)} to add one."
            if len(place)
            else "Give 0 to add one.",
        )
    return int(part)


def _is_list(place: Any) -> bool:
    return isinstance(place, AoT | Array)


def _leads_nowhere(parts: Key, where: str) -> ConfigError:
    return ConfigError(f'{where}there is no setting "{join_key(parts)}".')


def _tables(values: list[dict[str, Any]]) -> AoT:
    result = tomlkit.aot()
    for value in values:
        result.append(_table(value))
    return result


def _table(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    result = tomlkit.table()
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
