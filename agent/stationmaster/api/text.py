"""Bytes to text, the same way for every converter."""

from __future__ import annotations

import codecs

from stationmaster.errors import ConversionError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(data: bytes, *, fallback: str = "cp1252", name: str = "") -> str:
    """Decode by BOM, then strict UTF-8, then the 8-bit page `fallback`.

    Raises:
        ConversionError: NUL bytes (not text), or a byte the page does not know.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strict(data, encoding, name)
    if b"\0" in data:
        raise ConversionError(
            f"{name or 'the file'} holds NUL bytes: it is not a text file",
            next_step="Check that the right converter watches this folder.",
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strict(data, fallback, name)


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ConversionError(
            f"byte 0x{data[error.start]:02x} is not {encoding} text",
            place=f"{name} byte {error.start}".strip(),
        ) from error
