"""Files that are packed with gzip or bzip2, told by their first bytes; others as they are."""

from __future__ import annotations

import bz2
import zlib

from stationmaster.api.converter import Source
from stationmaster.errors import ConversionError

_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
_CHUNK = 256 * 1024


def is_packed(head: bytes) -> bool:
    """Does a file that begins so look packed?"""
    return head.startswith((_GZIP, _BZIP2))


def peek(head: bytes, size: int = 64 * 1024) -> bytes:
    """What the first bytes of a file unpack to, up to `size`; b"" where that cannot be said."""
    if not is_packed(head):
        return head[:size]
    try:
        return _opener(head).decompress(head, size)
    except (zlib.error, OSError, EOFError, ValueError):
        return b""


def read_unpacked(source: Source, *, limit: int) -> bytes:
    """The whole content of a file, unpacked if need be.

    Raises:
        ConversionError: it is larger than `limit` bytes, damaged, or ends too early.
    """
    with source.open() as file:
        first = file.read(_CHUNK)
        packed = is_packed(first)
        opener = _opener(first) if packed else None
        parts: list[bytes] = []
        size = 0
        while first:
            part = _unpacked(opener, first, limit, source.name) if opener else first
            size += len(part)
            if size > limit:
                raise ConversionError(f"{source.name} is larger than the bound, {limit} bytes")
            parts.append(part)
            first = b"" if opener is not None and opener.eof else file.read(_CHUNK)
        if opener is not None and not opener.eof:
            raise ConversionError(
                f"{source.name} is packed and ends too early",
                next_step="It may be copied in part only: have it written again.",
            )
    return b"".join(parts)


def _opener(head: bytes) -> zlib._Decompress | bz2.BZ2Decompressor:
    return zlib.decompressobj(16 + zlib.MAX_WBITS) if head.startswith(_GZIP) else bz2.BZ2Decompressor()


def _unpacked(opener: zlib._Decompress | bz2.BZ2Decompressor, data: bytes, limit: int, name: str) -> bytes:
    """At most one byte more than `limit`: a small file may unpack to a very large one."""
    try:
        return opener.decompress(data, limit + 1)
    except (zlib.error, OSError, EOFError, ValueError) as error:
        raise ConversionError(f"{name} is packed and damaged: {error}") from error
