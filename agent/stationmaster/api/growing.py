"""Files that grow: a mark behind the last whole unit, and going on from there if it is the same file."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO

from stationmaster.api.converter import Resume

_CHECK_BYTES = 4096


def go_on(file: BinaryIO, size: int, resume: Resume | None) -> tuple[int, dict[str, Any]]:
    """Set `file` to where the last conversion ended; returns the offset and the state that was kept.

    Where there was none, or the file is not the one it speaks of, that is the beginning and no state.
    """
    if resume is not None and 0 < resume.offset <= size:
        state = dict(resume.state)
        if state.pop("check", None) == _check(file, resume.offset):
            file.seek(resume.offset)
            return resume.offset, state
    file.seek(0)
    return 0, {}


def mark(file: BinaryIO, offset: int, **state: Any) -> Resume:
    """The mark that tells the next conversion to go on at `offset`, with `state` (JSON values)."""
    return Resume(offset=offset, state={"check": _check(file, offset), **state})


def _check(file: BinaryIO, offset: int) -> str:
    """Tells whether the file is the same up to `offset`, from what stands before it."""
    begin = max(0, offset - _CHECK_BYTES)
    file.seek(begin)
    return hashlib.sha256(file.read(offset - begin)).hexdigest()
