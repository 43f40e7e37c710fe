"""Puts a copy of a file into a watch folder, as a test program would. Blocks: call it in a thread."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from stationmaster.errors import StationmasterError
from stationmaster_tray.text import tr

_MOST_NAMES = 1_000
"""Names that are tried where a file of that name lies there already."""


def hand_over(files: Sequence[Path], folder: Path) -> tuple[Path, ...]:
    """Copy files into a watch folder; each appears there whole, under a name that was free.

    Raises:
        StationmasterError: one cannot be copied; those before it are there, and the text says how many.
    """
    done: list[Path] = []
    for file in files:
        try:
            done.append(_copied(file, folder))
        except OSError as error:
            raise _not_copied(file, folder, error, len(done)) from error
    return tuple(done)


def _copied(file: Path, folder: Path) -> Path:
    if not file.is_file():
        raise FileNotFoundError(None, tr("it is no file"))
    # The agent leaves alone what begins with a dot, so it never sees half a file.
    temporary = folder / f".{uuid.uuid4().hex}.part"
    try:
        with file.open("rb") as source, temporary.open("xb") as sink:
            shutil.copyfileobj(source, sink)
            sink.flush()
            os.fsync(sink.fileno())
        _keep_time(file, temporary)
        return _named(temporary, folder, file.name)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _keep_time(file: Path, copy: Path) -> None:
    """A converter may take the moment of a test from its file's time."""
    seen = file.stat()
    with contextlib.suppress(OSError):  # a share that keeps times of its own: the content counts
        os.utime(copy, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _named(temporary: Path, folder: Path, name: str) -> Path:
    for candidate in _names(name):
        target = folder / candidate
        with contextlib.suppress(FileExistsError):
            try:
                os.link(temporary, target)  # unlike a rename it never replaces a file
            except (OSError, NotImplementedError) as error:
                if isinstance(error, FileExistsError):
                    raise
                if target.exists():  # a file system without second names
                    continue
                temporary.rename(target)
            return target
    raise FileExistsError(None, tr("there are too many files of that name"))


def _names(name: str) -> Iterator[str]:
    yield name
    stem, dot, ending = name.partition(".")
    for number in range(2, _MOST_NAMES):
        yield f"{stem}-{number}{dot}{ending}"


def _not_copied(file: Path, folder: Path, error: OSError, done: int) -> StationmasterError:
    before = tr(" {count} before it are there.", count=done) if done else ""
    return StationmasterError(
        tr(
            "{file} could not be copied into {folder}: {reason}.",
            file=file.name,
            folder=folder,
            reason=error.strerror or str(error),
        )
        + before,
        next_step=tr("Check that you may write there and that the disk has room, then try again."),
    )
