"""Puts a copy of a file into a watch folder, as a test program would. Blocks: call it in a thread."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from stationmaster.errors import StationmasterError
from stationmaster_tray.text import tr

_MOST_NAMES = 1_000
"""Names that are tried where a file of that name lies there already."""


class HandOver:
    """Copies files into a watch folder; each appears there whole, under a name that was free.

    Attributes:
        made: file -> its copy. What is there is not copied again by another `run`: its report would be sent
            twice.
    """

    def __init__(self, files: Sequence[Path], folder: Path) -> None:
        """Nothing is copied yet."""
        self._files, self._folder = files, folder
        self.made: dict[Path, Path] = {}

    def run(self, unwanted: threading.Event | None = None) -> tuple[Path, ...]:
        """Copy what is missing; the copies of all.

        Args:
            unwanted: once it is set, by any thread, no further file is begun.

        Raises:
            StationmasterError: one cannot be copied; those before it are there, and the text says how many.
        """
        for file in self._files:
            if unwanted is not None and unwanted.is_set():
                break
            try:
                if file not in self.made:
                    self.made[file] = _copied(file, self._folder)
            except OSError as error:
                raise _not_copied(file, self._folder, error, len(self.made)) from error
        return tuple(self.made.values())


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
                _moved(temporary, target)  # a file system without second names
            return target
    raise FileExistsError(None, tr("there are too many files of that name"))


def _moved(temporary: Path, target: Path) -> None:
    """Take a name that is free, then put the file there: a rename alone would replace another one.

    Raises:
        FileExistsError: it is not free.
        OSError: the file cannot be put there.
    """
    target.open("xb").close()  # empty for a moment: shorter than any folder's `settle`
    try:
        temporary.replace(target)
    except OSError:
        target.unlink()
        raise


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
