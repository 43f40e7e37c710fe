"""`--set KEY=VALUE` and `--unset KEY`, for whichever settings file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer

from stationmaster.config.field import parse_value
from stationmaster.config.schema import InstanceConfig
from stationmaster.errors import ConfigError

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting by dotted key; see docs/settings.md."),
]
Unsets = Annotated[
    list[str] | None, typer.Option("--unset", metavar="KEY", help="Go back to a setting's default.")
]


def patch_of(
    settings: Sequence[str] | None,
    unset: Sequence[str] | None = None,
    root: type[msgspec.Struct] = InstanceConfig,
) -> dict[str, Any]:
    """The patch that these options ask for.

    Raises:
        ConfigError: an option is malformed, or there is no such setting, or it cannot be that.
    """
    patch: dict[str, Any] = {}
    for setting in settings or []:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting}: write KEY=VALUE.")
        patch[key.strip()] = msgspec.to_builtins(parse_value(key.strip(), text, root))
    return patch | dict.fromkeys(unset or [])
