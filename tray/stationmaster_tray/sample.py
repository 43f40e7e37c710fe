"""Reads a file that a person chose to be tried. It may lie anywhere, and be anything."""

from __future__ import annotations

import stat
from pathlib import Path

from stationmaster.control.protocol import MAX_BODY, too_large
from stationmaster.errors import StationmasterError
from stationmaster_tray.text import tr


def read_sample(file: Path) -> bytes:
    """The file's content. Blocks: call it in a thread.

    Raises:
        StationmasterError: it is no regular file, too large, or cannot be read.
    """
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise StationmasterError(
                tr("{name} is a folder; here single files are tested.", name=file.name),
                next_step=tr("Test it by command: stationmaster converter test FOLDER"),
            )
        if not stat.S_ISREG(mode):  # a device or a pipe has no end
            raise StationmasterError(
                tr("{name} is no file that could be read to its end.", name=file.name),
                next_step=tr("Choose another file."),
            )
        with file.open("rb") as opened:
            content = opened.read(MAX_BODY + 1)  # not as its size says: it may grow while it is read
    except OSError as error:
        raise StationmasterError(
            tr("{file} cannot be read: {reason}.", file=file, reason=error.strerror or str(error)),
            next_step=tr("Choose another file, or check that you may read this one."),
        ) from error
    if len(content) > MAX_BODY:
        raise too_large()
    return content
