"""What the text of a settings file says, and the text after an edit. Of any version that we know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.config import migration, rule
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.errors import ConfigError
from stationmaster.home.name import check_name


def parse_instance(text: str, path: Path, name: str, *, lines: bool = True) -> InstanceConfig:
    """The settings of an instance.

    Args:
        text: of its settings file.
        path: the file, for errors.
        name: the instance.
        lines: whether errors name lines: those of a text that was not written yet would mislead.

    Raises:
        ConfigError: names file, line, key, value, what is allowed, and "did you mean".
    """
    raw, lines = _values(text, InstanceConfig, path, lines=lines)
    if "name" in raw:
        raise ConfigError(
            f"{path}: there is no setting \"name\": the file's own name is the station's.",
            next_step='For the station\'s name set "station.name".',
            key="name",
        )
    return rule.parse(
        {**raw, "name": check_name(name)}, InstanceConfig, file=str(path), text=text if lines else ""
    )


def parse_agent(text: str, path: Path, *, lines: bool = True) -> AgentConfig:
    """The agent's own settings, as `parse_instance` does."""
    raw, lines = _values(text, AgentConfig, path, lines=lines)
    return rule.parse(raw, AgentConfig, file=str(path), text=text if lines else "")


def patched(text: str, patch: Mapping[str, Any], path: Path, root: type[msgspec.Struct]) -> str:
    """The text after an edit, in the newest version; comments stay.

    Raises:
        ConfigError: the text is no TOML, or a key leads nowhere. The values are not checked.
    """
    from stationmaster.config.field import split_key, type_at  # noqa: PLC0415 - as below
    from stationmaster.config.patch import apply  # noqa: PLC0415 - brings tomlkit, which only edits need

    for key in (key for key, value in patch.items() if value is None):
        try:
            type_at(split_key(key), root)
        except ConfigError:
            # A setting that is none may go, should somebody have written it; else the key is a slip.
            if apply(text, {key: None}, file=str(path)) == apply(text, {}, file=str(path)):
                raise
    return apply(text, {key: _plain(value) for key, value in patch.items()}, file=str(path))


def _values(text: str, kind: type[msgspec.Struct], path: Path, *, lines: bool) -> tuple[dict[str, Any], bool]:
    """The values in the newest version, and whether the lines of `text` are still theirs."""
    raw = migration.toml(text, file=str(path))
    if not migration.is_older(raw):
        return raw, lines
    newest = migration.up_to_date(text, kind, file=str(path))
    return migration.toml(newest, file=str(path)), False


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=(datetime,), enc_hook=_plain_other)


def _plain_other(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise ConfigError(f"A value of type {type(value).__name__} cannot stand in a settings file.")
