"""Small text files, read and replaced in one step: after a kill there is the old one or the new one."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from stationmaster.errors import ConfigError
from stationmaster.home.file_system import flush_folder

Stamp = tuple[int, int, int]
"""(mtime in ns, size, file number): changes when the file does."""

_ANY: Stamp = (-1, -1, -1)
"""Stands for "whatever its mark is now"."""

_WINDOWS_TRIES = 100


def stamp_of(path: Path) -> Stamp | None:
    """The file's mark; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def read_text(path: Path) -> str | None:
    """The file's text with its line ends as they are; None where there is no file.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    try:
        # -sig: Notepad puts a mark in front, TOML knows none.
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}, line {line}: this is not UTF-8 text.", next_step="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", next_step="Check its rights."
        ) from error


def replace_text(path: Path, text: str | None, *, expect: Stamp | None = _ANY, mode: int = 0o600) -> bool:
    """Write the file's new text, or remove it (None); on disk when this returns.

    Call it under a lock: the temporary file has one name, so a killed process leaves at most one behind.

    Args:
        path: the file; a link is followed.
        text: what it shall hold.
        expect: write only if this is still its mark (None: only if there is no file).
        mode: rights of a new file; an existing one keeps its own.

    Returns:
        False when the mark was another one; nothing is written then.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        if text is None:
            path.unlink(missing_ok=True)
            flush_folder(path.parent)
            return True
        with contextlib.suppress(FileNotFoundError):
            mode = target.stat().st_mode & 0o777
        _write(temporary, text.encode("utf-8"), mode)
        if expect != _ANY and stamp_of(path) != expect:
            temporary.unlink()
            return False
        _replace(temporary, target)
        flush_folder(target.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        # No cause: an error on the way may carry the text of a secret file in a local of its traceback.
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.",
            next_step="Check the disk's space and the folder's rights.",
        ) from None
    return True


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write and flush a file that has its rights before it has content."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()  # left by a killed process, perhaps with other rights
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _replace(temporary: Path, target: Path) -> None:
    if sys.platform == "win32":
        # A reader that has the file open at this moment makes the replacement fail; it is done in an instant.
        for _ in range(_WINDOWS_TRIES):
            try:
                os.replace(temporary, target)  # noqa: PTH105 - the same call as below
            except PermissionError:
                time.sleep(0.02)
            else:
                return
    os.replace(temporary, target)  # noqa: PTH105 - one step on every platform, as its documentation says
