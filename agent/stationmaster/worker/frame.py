"""Messages between agent and child: 4 bytes length (big endian), then a JSON object."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from stationmaster.file_name import shown

FRAME_LIMIT = 16 * 1024 * 1024
"""Bytes of one message at most; what is larger travels as a file."""

_LENGTH = struct.Struct(">I")
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(dict[str, Any])


class FrameError(ValueError):
    """What came is no message of ours."""


def pack(message: Mapping[str, Any]) -> bytes:
    """One message as bytes. Text in it may be a plug-in's, and name a file: it is sent as `shown`.

    Raises:
        FrameError: it is larger than `FRAME_LIMIT`.
    """
    try:
        body = _ENCODER.encode(message)
    except UnicodeEncodeError:
        body = _ENCODER.encode(_shown(message))
    if len(body) > FRAME_LIMIT:
        raise FrameError(f"a message of {len(body)} bytes is larger than {FRAME_LIMIT}")
    return _LENGTH.pack(len(body)) + body


def _shown(value: Any) -> Any:
    """`value` with each text in it as it can be sent."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Mapping):
        return {_shown(key): _shown(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(each) for each in value]
    return value


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
