"""The options of converters, gathered from an instance's watch folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stationmaster.config.schema import WatchFolder
from stationmaster.errors import ConfigError
from stationmaster.secrecy import learn
from stationmaster.sentence import closed


def is_elsewhere(value: Any) -> bool:
    """Does the option name where its value is, an environment variable or a file?"""
    return isinstance(value, dict) and value.keys() in ({"env"}, {"file"})


def resolved(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with their values, also those that lie elsewhere; no log line shows these from now on.

    Raises:
        ConfigError: one is not there.
    """
    return {name: _secret(name, value) if is_elsewhere(value) else value for name, value in options.items()}


def _secret(name: str, place: Mapping[str, str]) -> str:
    value = _read(name, place)
    learn(value)
    return value


def _read(name: str, place: Mapping[str, str]) -> str:
    if "env" in place:
        found = os.environ.get(place["env"])
        if found is None:
            raise ConfigError(
                f"The option {name} names the environment variable {place['env']}, which is not set.",
                next_step="Set it for the agent and start the agent again.",
            )
        return found
    try:
        return Path(place["file"]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(
            closed(f"The option {name} names the file {place['file']}, which cannot be read: {reason}"),
            next_step="Let the agent's account read it.",
        ) from None


def options_by_converter(folders: Iterable[WatchFolder]) -> dict[str, dict[str, Any]]:
    """What each converter is told, for files that lie in none of these folders; the last folder counts."""
    known: dict[str, dict[str, Any]] = {}
    for folder in folders:
        for name, values in folder.options.items():
            known.setdefault(name, {}).update(values)
    return known
