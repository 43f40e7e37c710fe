"""Messages between agent and child: 4 bytes length (big endian), then a JSON object."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

FRAME_LIMIT = 16 * 1024 * 1024
"""Bytes of one message at most; what is larger travels as a file."""

_LENGTH = struct.Struct(">I")
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(dict[str, Any])


class FrameError(ValueError):
    """What came is no message of ours."""


def pack(message: Mapping[str, Any]) -> bytes:
    """One message as bytes.

    Raises:
        FrameError: it is larger than `FRAME_LIMIT`.
    """
    body = _ENCODER.encode(message)
    if len(body) > FRAME_LIMIT:
        raise FrameError(f"a message of {len(body)} bytes is larger than {FRAME_LIMIT}")
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Add bytes; yields each message that is complete now.

        Raises:
            FrameError: the stream is not ours, nothing after this can be trusted.
        """
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._buffer)
            if size > FRAME_LIMIT:
                raise FrameError(f"a message claims {size} bytes")
            end = _LENGTH.size + size
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            try:
                message = _DECODER.decode(body)
            except msgspec.DecodeError as error:
                raise FrameError(f"a message is no JSON object: {error}") from error
            yield message
