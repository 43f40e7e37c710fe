"""Bytes to text, and text to what a report can hold, the same way for every converter."""

from __future__ import annotations

import codecs
import re

from stationmaster.errors import ConversionError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# C0 controls but tab and line ends, DEL, lone surrogates (JSON can escape them), the two non-characters.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_TEXT = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
_LINE_BREAKS = re.compile(r"[\t\r\n]+")
# ESC or what XML writers put in its place, then a control sequence: colours, cursor moves.
_ANSI = re.compile(r"(?:\x1b|#x1[bB])\[[0-9;?]*[ -/]*[@-~]")


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


def printable(text: str) -> str:
    """`text` without control characters (tab and line ends stay) and without lone surrogates."""
    if text.isprintable():
        return text
    return _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", _UNPRINTABLE.sub("", text))


def clip(text: str, limit: int) -> str:
    """Printable `text` of at most `limit` characters; a cut shows as "..."."""
    clean = printable(text)
    if len(clean) <= limit:
        return clean
    return clean[: limit - 3] + "..." if limit > 3 else clean[:limit]


def one_line(text: str, limit: int) -> str:
    """Like `clip`, on one line without blanks at the ends: for names."""
    return clip(_LINE_BREAKS.sub(" ", text).strip(), limit)


def strip_ansi(text: str) -> str:
    """`text` without terminal control sequences, raw or as XML writers spell them (`#x1B[31m`)."""
    return _ANSI.sub("", text)


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ConversionError(
            f"byte 0x{data[error.start]:02x} is not {encoding} text",
            place=f"{name} byte {error.start}".strip(),
        ) from error
