"""Which file system a path lies on, whether a home may lie there, and how names in it are made durable."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

NETWORK_TYPES = frozenset(
    {
        "9p", "afpfs", "afs", "autofs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs",
        "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb2", "smb3", "smbfs", "webdav",
    }
)  # fmt: skip
"""Mount types whose data lie on another machine."""

# FUSE file systems that only add a layer to a local disk; every other one is taken for a network.
_LOCAL_FUSE = frozenset({"fuse-overlayfs", "gocryptfs", "encfs", "cryfs", "bindfs", "mergerfs", "lxcfs"})
_MOUNTINFO = Path("/proc/self/mountinfo")
_LARGEST = 2**63 - 1


def flush_folder(folder: Path) -> None:
    """Make new, renamed and removed names in `folder` survive a power cut; Windows does it by itself.

    Raises:
        OSError: the folder is not there, or does not take it.
    """
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def mtime_ns(status: os.stat_result) -> int:
    """When a file was written, in ns since 1970, as a database can hold it.

    A file may claim any year; what lies before 1678 or after 2261 counts as those ends.
    """
    return max(-_LARGEST, min(status.st_mtime_ns, _LARGEST))


def read_mounts() -> str:
    """The text of /proc/self/mountinfo, what is mounted where; "" where the system has none.

    Never blocks on a network.
    """
    try:
        return _MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""  # macOS, Windows, or a container without /proc


def is_network_type(kind: str) -> bool:
    """True for mount types whose data lie, or may lie, on another machine."""
    if kind.startswith("fuse."):
        return kind.removeprefix("fuse.") not in _LOCAL_FUSE
    return kind in NETWORK_TYPES


def mount_type(path: Path, mountinfo: str) -> str:
    """Type of the mount that `path` lies on, by the text of /proc/self/mountinfo (see proc(5)); "" if none.

    `path` must be absolute and free of links. A later mount on the same point hides the earlier one.
    """
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        fields, separator, rest = line.partition(" - ")
        parts = fields.split(" ")
        if not separator or len(parts) < 5:
            continue
        point = Path(_unescape(parts[4]))
        depth = len(point.parts)
        if depth >= best and (point == path or point in path.parents):
            best, kind = depth, rest.split(" ", 1)[0]
    return kind


def unsafe_home_reason(path: str | os.PathLike[str], *, mountinfo: str | None = None) -> str | None:
    """Why a home may not lie at `path`, as a sentence for the user; None where it may.

    The spool needs a disk of this machine: locks and flushes are not to be trusted on network file systems,
    and a roaming profile is copied while the agent writes. On macOS no check is made.

    Args:
        path: the folder, whether it exists yet or not.
        mountinfo: text to read instead of /proc/self/mountinfo.
    """
    text = os.fspath(path)
    if re.match(r"[\\/]{2}(?![.?][\\/])[^\\/]", text) and (
        sys.platform == "win32" or text.startswith("\\\\")
    ):
        return _sentence(text, "is a network share")
    if re.match(r"(?i)\\\\\?\\UNC\\", text):
        return _sentence(text, "is a network share")
    if sys.platform == "win32":
        return _unsafe_on_windows(text)
    if mountinfo is None:
        mountinfo = read_mounts()  # nothing is known: nothing is refused
    kind = mount_type(Path(os.path.realpath(text)), mountinfo)
    if is_network_type(kind):
        return _sentence(text, f"lies on a network file system ({kind})")
    return None


def _sentence(path: str, cause: str) -> str:
    return f"{path} {cause}: Stationmaster keeps its files on a disk of this machine only."


def _unescape(point: str) -> str:
    """Undo the kernel's octal escapes of space, tab, newline and backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)


if sys.platform == "win32":
    import ctypes

    _DRIVE_REMOTE = 4  # GetDriveTypeW

    def _unsafe_on_windows(text: str) -> str | None:
        full = os.path.realpath(text)
        if full.startswith("\\\\") and not full.startswith("\\\\?\\"):
            return _sentence(text, "is a network share")
        drive = os.path.splitdrive(full)[0]
        if drive and ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == _DRIVE_REMOTE:
            return _sentence(text, f"lies on the network drive {drive}")
        roaming = os.environ.get("APPDATA", "")
        if roaming and os.path.normcase(full).startswith(
            os.path.normcase(os.path.realpath(roaming)) + os.sep
        ):
            return _sentence(text, "lies in a roaming profile")
        return None
