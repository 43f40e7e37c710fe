"""Whether there is a desktop to show an icon on. Qt does not ask: without one it aborts the process."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Mapping

_LOCAL = re.compile(r"(?:unix)?:(?P<number>\d+)(?:\.\d+)?")
"""An X display of this computer, see X(7), "Display names"."""

_LIMIT = 5.0
"""Seconds for an X server to take a connection."""


def missing_desktop(env: Mapping[str, str] | None = None, platform: str = sys.platform) -> str:
    """Why no window can be shown here, in words and with the next step; "" where one can, or nobody knows.

    Args:
        env: the environment; None: ours.
        platform: as `sys.platform`.
    """
    env = os.environ if env is None else env
    chosen = env.get("QT_QPA_PLATFORM", "xcb").partition(":")[0]
    if not platform.startswith("linux") or chosen != "xcb" or env.get("WAYLAND_DISPLAY"):
        return ""
    display = env.get("DISPLAY", "")
    if not display:
        return (
            "There is no desktop here to show an icon on: DISPLAY and WAYLAND_DISPLAY are not set. "
            "Start stationmaster-tray from a desktop session; without one, the command `stationmaster` "
            "does the same."
        )
    local = _LOCAL.fullmatch(display)
    if local is None or _answers(int(local["number"])):
        return ""
    return (
        f"The desktop {display} cannot be reached: nothing listens there. "
        "Start stationmaster-tray from a desktop session, or correct the environment variable DISPLAY."
    )


def _answers(number: int) -> bool:
    """An X server takes connections, on the socket without a file or on the other."""
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where every X server has it
    for address in (f"\0{path}", path):
        with socket.socket(socket.AF_UNIX) as tried:
            tried.settimeout(_LIMIT)
            try:
                tried.connect(address)
            except OSError:
                continue
            return True
    return False
