"""PURE: tables of settings as lines of TOML that a person edits: `wstf.process_code = 10`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def table_text(table: Mapping[str, Any]) -> str:
    """One line for each value, its place in the table dotted before it."""
    return "\n".join(f"{key} = {value}" for key, value in _lines(table))


def table_of(text: str) -> dict[str, Any]:
    """What the lines say.

    Raises:
        ValueError: they are no TOML; the message says where.
    """
    return tomllib.loads(text)


def value_text(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {value_text(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(value_text(one) for one in value)}]"
    # A JSON text, number or truth is one of TOML too.
    return json.dumps(value, ensure_ascii=False)


def _lines(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        place = f"{above}{_key(key)}"
        if isinstance(value, Mapping) and value:
            yield from _lines(value, f"{place}.")
        else:
            yield place, value_text(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
