"""The two programs that `make bundle` made, and what they leave behind on a machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
_END = ".exe" if sys.platform == "win32" else ""
CONSOLE = DIST / f"stationmaster{_END}"
TRAY = DIST / f"stationmaster-tray{_END}"


def not_built(*programs: Path) -> str:
    """Why frozen programs cannot be tried here; "" where they can."""
    absent = [program.name for program in programs if not program.is_file()]
    return f"not built: {', '.join(absent)} (make bundle)" if absent else ""


def environment(folder: Path) -> dict[str, str]:
    """Variables for frozen programs: they unpack below `folder`, and none knows the source or its Python."""
    unpack = folder / "unpack"
    unpack.mkdir(exist_ok=True)
    withheld = ("PYTHON", "COVERAGE", "VIRTUAL_ENV", "_PYI", "PYINSTALLER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(withheld)}
    return {**kept, "TMPDIR": str(unpack), "PATH": "/usr/bin:/bin"}


def unpacked(folder: Path) -> list[Path]:
    """Folders that frozen programs unpacked below `folder` and did not remove."""
    return sorted((folder / "unpack").rglob("_MEI*"))


def processes(folder: Path) -> list[tuple[int, str]]:
    """Programs that run with `environment(folder)`: process id and command line. On Linux."""
    return list(_processes(f"{folder}/unpack".encode()))


def _processes(mark: bytes) -> Iterator[tuple[int, str]]:
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        try:
            variables = (place / "environ").read_bytes().split(b"\0")
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # gone, or not ours
            continue
        # A worker's temporary files lie elsewhere; it unpacks nothing, and knows where its parent did.
        if command and any(mark in value for value in variables):
            yield int(place.name), command
