"""The trap of mapped drives: Windows connects a drive letter for one log-in, not for a service."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

_NO_ROOT = 1
"""GetDriveTypeW: there is no such drive, for this account at least."""

DRIVE_STEP = (
    "Drives that a person connects are not there for a service. Write the share's own path "
    r"(\\server\share\folder) into the station's settings, or connect the drive."
)


if sys.platform == "win32":

    def _drive_type(root: str) -> int:
        import ctypes  # noqa: PLC0415 - Windows only

        return int(ctypes.windll.kernel32.GetDriveTypeW(root))

else:

    def _drive_type(root: str) -> int:
        del root
        return 0


def missing_drive(path: str, *, drive_type: Callable[[str], int] = _drive_type) -> str:
    """The drive of `path`, "Z:", where this account has no such drive; "" where it has, or there are none."""
    found = re.match(r"[A-Za-z]:", path)
    return found[0] if found and drive_type(found[0] + "\\") == _NO_ROOT else ""
