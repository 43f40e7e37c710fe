"""What must change in a settings file so that it says what somebody wants of it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from stationmaster.config.field import join_key
from stationmaster.config.schema import WatchFolder


def patch_towards(
    current: msgspec.Struct, wanted: msgspec.Struct, named: Mapping[str, Any], above: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The patch for `ConfigStore.edit` that makes of `current` what is wanted.

    What is not named stays as it is. Watch folders are named all or not at all.

    Args:
        current: the settings of now.
        wanted: those that are wanted.
        named: the settings of `wanted` that somebody named, as they stand in a settings file.
        above: key of the section that the three are of.
    """
    patch: dict[str, Any] = {}
    for key, value in named.items():
        now, then = getattr(current, key), getattr(wanted, key)
        if now == then:
            continue
        if isinstance(now, msgspec.Struct):
            patch |= patch_towards(now, then, value, (*above, key))
        elif key == "watch" and not above:
            patch |= _watch(now, then, value)
        else:
            patch[join_key((*above, key))] = value
    return patch


def flat(named: Mapping[str, Any], above: tuple[str, ...] = ()) -> dict[str, Any]:
    """Settings as they stand in a file, by dotted key; a list of tables is one value."""
    patch: dict[str, Any] = {}
    for key, value in named.items():
        if isinstance(value, dict):
            patch |= flat(value, (*above, key))
        else:
            patch[join_key((*above, key))] = value
    return patch


def _watch(
    current: Sequence[WatchFolder], wanted: Sequence[WatchFolder], named: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Change as few tables as can be: the comments of the others stay."""
    patch: dict[str, Any] = {}
    paths = {folder.path for folder in wanted}
    kept = list(current)
    for number in reversed(range(len(current))):
        if current[number].path not in paths:
            patch[f"watch.{number}"] = None
            del kept[number]
    for number in reversed(range(len(wanted), len(kept))):
        patch[f"watch.{number}"] = None
    for number, (then, values) in enumerate(zip(wanted, named, strict=True)):
        now = kept[number] if number < len(kept) else None
        if now is None or now.path != then.path:
            patch[f"watch.{number}"] = dict(values)
        elif now != then:
            patch |= {
                f"watch.{number}.{key}": values.get(key)
                for key in WatchFolder.__struct_fields__
                if getattr(now, key) != getattr(then, key)
            }
    return patch
