"""How a child is called, and what of the agent's environment it gets: no secrets."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from stationmaster.home.frozen import own

_SECRET_PREFIX = "STATIONMASTER_TOKEN"  # noqa: S105 - the start of a variable's name, not a token
_WITHHELD = ("CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET")


def child_environment(
    parent: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> dict[str, str]:
    """The environment of a child.

    Args:
        parent: what to start from; None: this process's own.
        folder: where the child may leave temporary files.
    """
    source = os.environ if parent is None else parent
    kept = {
        name: value
        for name, value in source.items()
        if not name.upper().startswith(_SECRET_PREFIX) and name.upper() not in _WITHHELD
    }
    kept["PYTHONUNBUFFERED"] = "1"
    if folder is not None:
        kept |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    return kept


def child_command(module: str) -> list[str]:
    """The command line that runs `module` as a child, in a frozen program too.

    Raises:
        OSError: the program that runs was replaced or damaged; a child would be made of something else.
    """
    if getattr(sys, "frozen", False):
        program = own()
        trouble = program.trouble() if program is not None else ""
        if trouble:
            raise OSError(trouble)
        return [sys.executable, "worker", module]
    # -P: the working folder is full of other people's files, nothing may be imported from it
    return [sys.executable, "-P", "-m", module]
