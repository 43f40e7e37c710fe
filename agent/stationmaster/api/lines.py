"""Lines of a text file of any size, with their places in bytes, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from stationmaster.errors import ConversionError

MAX_LINE_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024


def read_lines(file: BinaryIO, *, name: str = "the file", limit: int = MAX_LINE_BYTES) -> Iterator[bytes]:
    r"""Yield the lines from where `file` stands, each with its line end (LF, CRLF or a lone CR).

    The lengths of the lines add up to the bytes read, so a caller can keep byte offsets.

    Raises:
        ConversionError: a line longer than `limit` bytes: this is no text file.
    """
    rest = b""
    while chunk := file.read(_CHUNK_BYTES):
        pieces = (rest + chunk).splitlines(keepends=True)
        # The last piece may go on in the next chunk; a CR there may be half of a CRLF.
        rest = pieces.pop()
        yield from pieces
        if len(rest) > limit:
            raise ConversionError(
                f"{name} holds a line of more than {limit} bytes: it is not a text file",
                next_step="Check that the right converter watches this folder.",
            )
    if rest:
        yield from rest.splitlines(keepends=True)
