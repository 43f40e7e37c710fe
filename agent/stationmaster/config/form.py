"""The settings as a form needs them: what each holds, in words that a widget can be chosen by.

Made from the same walk over the schema as docs/settings.md.
"""

from __future__ import annotations

import inspect as python_inspect
import tomllib
import types
import typing
from enum import Enum
from typing import Any

import msgspec
from msgspec import inspect

from stationmaster.config.field import INDEX, Key, Setting, join_key, split_key, type_at, walk
from stationmaster.config.schema import AT_ONCE, AgentConfig, InstanceConfig
from stationmaster.control.trial_protocol import SettingForm, SettingSection, SettingsSchema
from stationmaster.errors import ConfigError

ROOTS: dict[str, type[msgspec.Struct]] = {"instance": InstanceConfig, "agent": AgentConfig}

_KINDS = {
    "text": "text",
    "whole number": "whole number",
    "number": "number",
    "true or false": "bool",
    "word": "choice",
    "list of texts": "list",
    "time": "time",
    "UUID": "text",
    "table": "table",
}
"""What `field.kind` says, in the words of a form."""

_UNITS = {"Seconds": "s", "Megabytes": "MB", "Days": "days"}
"""Descriptions of what is measured begin with the unit."""

_FIXED = {"id", "schema"}
"""The program writes these; a form shows them at most."""

_SECRET = {"server.proxy"}
"""May hold a password, and is answered without it."""


def schema_of(kind: str) -> SettingsSchema:
    """All settings of an instance, or of the agent itself.

    Raises:
        ConfigError: there is no such kind.
    """
    root = ROOTS.get(kind)
    if root is None:
        raise ConfigError(f'"{kind}" has no settings.', next_step=f"kind is one of {', '.join(ROOTS)}.")
    sections = (_section(root, *found) for found in walk(root))
    return SettingsSchema(kind=kind, sections=tuple(sections))


def _section(
    root: type[msgspec.Struct], key: Key, owner: type[msgspec.Struct], settings: list[Setting]
) -> SettingSection:
    return SettingSection(
        key=join_key(key),
        doc=python_inspect.cleandoc(owner.__doc__ or ""),
        repeated=key[-1:] == (INDEX,),
        settings=tuple(_form(root, one) for one in settings),
    )


def _form(root: type[msgspec.Struct], setting: Setting) -> SettingForm:
    key = setting.key
    annotation = type_at(tuple("0" if part == INDEX else part for part in split_key(key)), root)
    info = inspect.type_info(annotation)
    bare = info.type if isinstance(info, inspect.Metadata) else info
    unit = _UNITS.get(setting.description.partition(" ")[0], "")
    return SettingForm(
        key=key,
        kind="duration" if unit == "s" else _KINDS[setting.kind],
        unit=unit,
        choices=_choices(annotation),
        required=setting.default is None,
        default=_value(setting.default),
        allowed=setting.allowed,
        least=getattr(bare, "ge", None),
        most=getattr(bare, "le", None),
        length=getattr(bare, "max_length", None),
        doc=setting.description,
        examples=tuple(_value(one) for one in setting.examples),
        restart=root is InstanceConfig and key not in AT_ONCE,
        fixed=key in _FIXED,
        secret=key in _SECRET,
    )


def _choices(annotation: Any) -> tuple[str, ...]:
    """The words that are allowed, of an enumeration or one that may be missing."""
    bare = typing.get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation
    if isinstance(bare, types.UnionType):
        return ()
    return tuple(str(one.value) for one in bare) if isinstance(bare, type) and issubclass(bare, Enum) else ()


def _value(text: str | None) -> Any:
    """A value from the TOML text that the reference shows."""
    return tomllib.loads(f"value = {text}")["value"] if text else None
