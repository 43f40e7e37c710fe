"""Does a folder lie on a network, where a look at it may hang? Found out without touching the network."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

from stationmaster.home.file_system import is_network_type, mount_type

_LINKS = 40
"""As many links in a row as Linux follows (path_resolution(7))."""

_DRIVE_REMOTE = 4


def is_network(path: Path, *, mounts: str) -> bool:
    """True where the system says so; on macOS every mounted volume counts.

    Args:
        path: absolute.
        mounts: what `file_system.read_mounts` gave.
    """
    if sys.platform == "win32":
        return _is_network_windows(path)
    if sys.platform == "darwin":
        return path.parts[1:2] in (("Volumes",), ("Network",))
    return _any_network(mounts) and _walk(path, mounts)


@lru_cache(maxsize=4)
def _any_network(mounts: str) -> bool:
    """Is anything of a network mounted at all? Mostly not, and then no path has to be walked."""
    return any(
        is_network_type(line.partition(" - ")[2].split(" ", 1)[0])  # see proc(5)
        for line in mounts.splitlines()
    )


def _walk(path: Path, mounts: str) -> bool:
    """Follow the path's links one by one, and stop at the first step that lies on a network."""
    left = list(reversed(path.parts[1:]))
    here = Path(path.anchor)
    links = 0
    while left:
        part = left.pop()
        if part == "..":
            here = here.parent
            continue
        step = here / part
        if is_network_type(mount_type(step, mounts)):
            return True
        try:
            target = step.readlink()
        except OSError:
            here = step  # no link, or not there: what comes below is looked at by its mount alone
            continue
        links += 1
        if links > _LINKS:
            return False
        new = target
        left.extend(reversed(new.parts[1:] if new.is_absolute() else new.parts))
        here = Path(new.anchor) if new.is_absolute() else here
    return False


if sys.platform == "win32":

    def _is_network_windows(path: Path) -> bool:
        import ctypes  # noqa: PLC0415 - Windows only

        drive = path.drive
        if drive.startswith("\\\\") and not drive.startswith(("\\\\?\\", "\\\\.\\")):
            return True
        return bool(ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == _DRIVE_REMOTE)
