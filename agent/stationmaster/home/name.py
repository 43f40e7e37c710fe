"""Names of instances: they become file names, folder names and environment variables on every platform."""

from __future__ import annotations

import re

from stationmaster.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9_-])?")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: devices, whatever extension follows
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))]
)


def check_name(name: str) -> str:
    """Return `name`, or raise `ConfigError` where it cannot name an instance."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f'"{_shown(name)}" cannot name a station.',
            next_step="Use 1 to 40 letters (a-z), digits, - _ or . ; the first may not be - or . , "
            "the last may not be a dot.",
        )
    if name.split(".", 1)[0].upper() in _DEVICES:
        raise ConfigError(
            f'"{name}" cannot name a station: Windows keeps this name for a device.',
            next_step="Choose another name.",
        )
    return name


def same_place(name: str, other: str) -> bool:
    """True when two names would share a file on Windows or macOS, or an environment variable."""
    return variable_part(name) == variable_part(other)


def variable_part(name: str) -> str:
    """The name as it stands in `STATIONMASTER_TOKEN_<NAME>`."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _shown(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return printable if len(printable) <= 60 else printable[:57] + "..."
