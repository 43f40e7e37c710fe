"""The options of converters, gathered from an instance's watch folders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stationmaster.config.schema import WatchFolder


def options_by_converter(folders: Iterable[WatchFolder]) -> dict[str, dict[str, Any]]:
    """What each converter is told, for files that lie in none of these folders; the last folder counts."""
    known: dict[str, dict[str, Any]] = {}
    for folder in folders:
        for name, values in folder.options.items():
            known.setdefault(name, {}).update(values)
    return known
