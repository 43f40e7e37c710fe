"""An instance's settings as a provisioning file of their own, to take to another PC."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import tomlkit

from stationmaster.config import migration
from stationmaster.config.schema import InstanceConfig

_HEAD = """\
# Settings of the Stationmaster station "{name}", without its token.
# `stationmaster instance import FILE` makes such a station on another PC.
{left_out}
schema = {schema}

"""
_LEFT_OUT = "# server.proxy is left out: it holds a password. Set it after the import.\n"


def exported(text: str, name: str, *, file: str, with_id: bool = False) -> tuple[str, bool]:
    """A provisioning file with one instance, as its settings file says.

    Args:
        text: of its settings file; it is right.
        name: the instance.
        file: the settings file's name, for errors.
        with_id: its id, too: only for an instance that moves with its data.

    Returns:
        The text, and whether the proxy was left out because its address holds a password.
    """
    newest = migration.up_to_date(text, InstanceConfig, file=file)
    settings: dict[str, Any] = migration.toml(newest, file=file)
    settings.pop("schema", None)
    if not with_id:
        settings.pop("id", None)
        # It is this station's: another one that took it would use up its passcode.
        settings.get("station", {}).pop("client_id", None)
    server = settings.get("server", {})
    secret = urlsplit(server.get("proxy", "")).password is not None
    if secret:
        del server["proxy"]
    head = _HEAD.format(name=name, schema=migration.version(), left_out=_LEFT_OUT if secret else "")
    filled = {key: value for key, value in settings.items() if value not in ({}, [])}
    return head + tomlkit.dumps({"instances": {name: filled}}), secret
