"""The records of an STDF file one by one, out of gzip and bzip2 too, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct
from typing import Any, BinaryIO, Final, cast

from stationmaster.api import ConversionError, Source

FAR, ATR, MIR, MRR, PCR, HBR, SBR = 0x000A, 0x0014, 0x010A, 0x0114, 0x011E, 0x0128, 0x0132
PMR, SDR, WIR, WRR, PIR, PRR, TSR = 0x013C, 0x0150, 0x020A, 0x0214, 0x050A, 0x0514, 0x0A1E
PTR, MPR, FTR, BPS, EPS, GDR, DTR = 0x0F0A, 0x0F0F, 0x0F14, 0x140A, 0x1414, 0x320A, 0x321E
"""Kinds of records: record type and sub-type."""

NAMES: Final = {
    value: name for name, value in list(globals().items()) if isinstance(value, int) and len(name) == 3
}

_MARKS: Final = {b"\x02\x00\x00\x0a": "<", b"\x00\x02\x00\x0a": ">"}
_CHUNK_BYTES: Final = 1024 * 1024
_MAX_BYTES: Final = 4 * 1024 * 1024 * 1024
_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
PACKED: Final = (_GZIP, _BZIP2)
"""How packed files begin."""


def byte_order(head: bytes) -> str:
    """`<` or `>` by the first record, "" if this is no STDF."""
    return _MARKS.get(head[:4], "") if len(head) >= 6 else ""


def unpacked(head: bytes, limit: int, *, whole: bool = False) -> bytes:
    """The beginning of what a packed file holds, as far as `head` tells; other bytes as they are.

    Args:
        head: the beginning of the file, or all of it.
        limit: of the bytes to give.
        whole: give nothing if the packed data does not end in `head`.
    """
    packer: Any
    if head.startswith(_GZIP):
        packer = zlib.decompressobj(31)
    elif head.startswith(_BZIP2):
        packer = bz2.BZ2Decompressor()
    else:
        return head
    try:
        found: bytes = packer.decompress(head, limit)
    except (zlib.error, OSError, EOFError, ValueError):
        return b""
    return found if packer.eof or not whole else b""


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where it is packed."""
    with source.open() as raw:
        head = raw.read(3)
        raw.seek(0)
        if head.startswith(_GZIP):
            with gzip.GzipFile(fileobj=raw) as file:
                yield cast("BinaryIO", file)
        elif head.startswith(_BZIP2):
            with bz2.BZ2File(raw) as file:
                yield cast("BinaryIO", file)
        else:
            yield raw


class Records:
    """The records of an open file: iterate to get kind and bytes of each, its header included.

    Attributes:
        order: byte order, as `struct` writes it.
        at: where the record at hand begins.
        cut: the file ended inside of a record.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read the first record, FAR.

        Raises:
            ConversionError: this is no STDF, or none of version 4.
        """
        self._file = file
        self._name = name
        self.at = 0
        self.cut = False
        self._head = self._read()
        self.order = byte_order(self._head)
        if not self.order:
            raise ConversionError(
                f"{name} is no STDF file: it does not begin with a FAR record",
                place="byte 0",
                next_step="Check that the right converter watches this folder.",
            )
        computer, version = self._head[4], self._head[5]
        if version != 4 or computer == 0:
            what = f"of version {version}" if version != 4 else "with the numbers of a VAX"
            raise ConversionError(
                f"{name} is an STDF file {what}, which is not read",
                place="FAR at byte 0",
                next_step="Have the tester write STDF version 4.",
            )

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield kind and bytes of each record; a last one that is not whole is left out, see `cut`."""
        header = Struct(self.order + "HBB").unpack_from
        buffer, base = self._head, 0
        while True:
            position, end = 0, len(buffer)
            while position + 4 <= end:
                length, kind, sub = header(buffer, position)
                stop = position + 4 + length
                if stop > end:
                    break
                self.at = base + position
                yield kind << 8 | sub, buffer[position:stop]
                position = stop
            base += position
            rest = buffer[position:]
            chunk = self._read()
            if not chunk:
                self.at = base
                self.cut = self.cut or bool(rest)
                return
            buffer = rest + chunk
            if base > _MAX_BYTES:
                raise ConversionError(f"{self._name} holds more than {_MAX_BYTES} bytes")

    def error(self, kind: int, text: str, next_step: str = "") -> ConversionError:
        """What to raise for the record at hand."""
        return ConversionError(
            text, place=f"{NAMES.get(kind, 'record')} at byte {self.at}", next_step=next_step
        )

    def _read(self) -> bytes:
        try:
            return self._file.read(_CHUNK_BYTES)
        except EOFError:  # a packed file that is cut
            self.cut = True
            return b""
        except (OSError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise ConversionError(
                f"{self._name} cannot be unpacked: {error}",
                next_step="The file is damaged: have the tester write it again.",
            ) from error
