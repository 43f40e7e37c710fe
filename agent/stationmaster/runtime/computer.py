"""What a registered client tells of its computer. Everything here blocks; nothing raises."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from stationmaster.wats.registration import Computer, Disk

_AWAY = ("nfs", "cifs", "smb", "9p", "fuse", "ceph", "gluster", "afs", "ncp", "autofs", "lustre")
"""Beginnings of names of file systems that may lie on a network: asking them can hang."""

_MOST_DISKS = 32


def computer() -> Computer:
    """The facts; what cannot be learnt is left empty."""
    host = socket.gethostname()
    return Computer(
        os_version=_os_version(),
        python_version=platform.python_version(),
        os_architecture=platform.machine(),
        computer_name=host.partition(".")[0],
        domain=_domain(host),
        total_physical_memory=_memory(),
        disks=_disks(),
    )


def _os_version() -> str:
    if sys.platform == "win32":
        found = sys.getwindowsversion()
        return f"Windows {found.major}.{found.minor}.{found.build}"
    with contextlib.suppress(OSError):
        return platform.freedesktop_os_release().get("PRETTY_NAME", "") or platform.release()
    return f"{platform.system()} {platform.release()}"


def _domain(host: str) -> str:
    """Out of what the system has at hand: asking the network for it can take long."""
    named = os.environ.get("USERDNSDOMAIN", "") or host.partition(".")[2]
    if not named and sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            named = Path("/proc/sys/kernel/domainname").read_text(encoding="utf-8").strip()
    return "" if named == "(none)" else named


def _memory() -> int:
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - Windows only

        class Status(ctypes.Structure):
            """MEMORYSTATUSEX, see learn.microsoft.com/windows/win32/api/sysinfoapi."""

            _fields_ = (
                ("length", ctypes.c_uint32),
                ("load", ctypes.c_uint32),
                ("total", ctypes.c_uint64),
                ("rest", ctypes.c_uint64 * 6),
            )

        status = Status(length=ctypes.sizeof(Status))
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.total)
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 0


def _disks() -> tuple[Disk, ...]:
    found: list[Disk] = []
    with contextlib.suppress(OSError, ValueError):
        for name, kind, system in _mounted():
            with contextlib.suppress(OSError):
                found.append(_disk(name, kind, system=system))
            if len(found) == _MOST_DISKS:
                break
    return tuple(found)


def _disk(name: str, kind: str, *, system: bool) -> Disk:
    usage = shutil.disk_usage(name)
    free = usage.free
    if sys.platform != "win32":
        whole = os.statvfs(name)
        free = whole.f_bfree * whole.f_frsize
    return Disk(
        name=name,
        system_drive=system,
        drive_format=kind,
        total_size=usage.total,
        available_free_space=usage.free,
        total_free_space=free,
    )


def _mounted() -> Iterator[tuple[str, str, bool]]:
    """Place and file system of each local disk, and whether the system is on it."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - Windows only

        fixed = 3  # DRIVE_FIXED
        letters = ctypes.windll.kernel32.GetLogicalDrives()
        system = os.environ.get("SYSTEMDRIVE", "C:").upper()
        for at in range(26):
            root = f"{chr(ord('A') + at)}:\\"
            if letters >> at & 1 and ctypes.windll.kernel32.GetDriveTypeW(root) == fixed:
                yield root, "", root.startswith(system)
    elif sys.platform == "linux":
        yield from local_mounts(Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace"))
    else:
        yield "/", "", True


def local_mounts(table: str) -> Iterator[tuple[str, str, bool]]:
    """The local disks in a table of mounts, see fstab(5): each device once, and the root."""
    seen: set[str] = set()
    for line in table.splitlines():
        device, _, rest = line.partition(" ")
        place, kind = (*rest.split(" "), "", "")[:2]
        for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\134", "\\")):
            place = place.replace(code, letter)
        # A loop device is a file that is mounted: a package or a CD image, no disk.
        disk = device.startswith("/dev/") and not device.startswith("/dev/loop")
        if kind.startswith(_AWAY) or not (place == "/" or disk) or device in seen:
            continue
        seen.add(device)
        yield place, kind, place == "/"
