"""Paths that were typed, as they are handed on."""

from __future__ import annotations

from pathlib import Path


def full_path(path: Path) -> Path:
    """From the root and without "..": the name of a file's folder goes into reports, and must be one.

    Links stay as they are where there is no "..".
    """
    path = path.absolute()
    return path.resolve() if ".." in path.parts else path
