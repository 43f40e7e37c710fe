"""Where a worker puts converted reports: payloads one after the other, metas beside them when many."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from stationmaster.convert.job import discard
from stationmaster.convert.meta_file import INLINE
from stationmaster.convert.order import Order
from stationmaster.errors import ConversionError, StationmasterError
from stationmaster.model import ReportMeta

LIMIT = 4 * 1024**3
"""Bytes of payloads that one source may give."""


class UnstoredError(StationmasterError):
    """The disk takes no results: neither the file nor its converter is to blame.

    Attributes:
        full: there is no room left.
    """

    def __init__(self, text: str, *, full: bool) -> None:
        """Keep the cause."""
        super().__init__(text)
        self.full = full


class ResultFiles:
    """Writes the results of one order; removes them again when the conversion fails.

    The files are not synced: until the spool has committed them, the source itself is the safe copy.
    """

    def __init__(self, order: Order, *, limit: int = LIMIT) -> None:
        """Write nothing yet."""
        self._order = order
        self._limit = limit
        self._process = os.getpid()
        self._payloads: BinaryIO | None = None
        self._metas: BinaryIO | None = None
        self._offset = 0
        self.count = 0
        self.inline: list[ReportMeta] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_fork()
        if kind is not None:
            self._discard()
            return
        try:
            self._close()
        except OSError as closing:
            self._discard()
            raise _unstored(self._order, closing) from closing

    def _end_fork(self) -> None:
        """End a process that the converter forked and let go on: the results are its parent's."""
        if os.getpid() != self._process:
            os._exit(1)

    def _close(self) -> None:
        for file in (self._payloads, self._metas):
            if file is not None:
                file.close()

    def _discard(self) -> None:
        with contextlib.suppress(OSError):  # what is still to be written goes with the files
            self._close()
        discard((self._order.payload_file, self._order.meta_file))

    def add(self, payload: bytes, meta: ReportMeta) -> None:
        """Append one report; offset, size and digest of `meta` are filled in here.

        Raises:
            ConversionError: the source gives more than `LIMIT` bytes.
            UnstoredError: the disk does not take it.
        """
        self._end_fork()
        try:
            self._append(payload, meta)
        except OSError as error:
            raise _unstored(self._order, error) from error

    def _append(self, payload: bytes, meta: ReportMeta) -> None:
        if self._payloads is None:
            self._payloads = self._order.payload_file.open("xb")
        if self._offset + len(payload) > self._limit:
            raise ConversionError(
                f"its reports are larger than {self._limit >> 20} MB in all",
                place=f"report {self.count + 1}",
            )
        self._payloads.write(payload)
        self._note(
            msgspec.structs.replace(
                meta,
                offset=self._offset,
                size=len(payload),
                digest=hashlib.sha256(payload).hexdigest(),
            )
        )
        self._offset += len(payload)
        self.count += 1

    def _note(self, meta: ReportMeta) -> None:
        if self._metas is None:
            self.inline.append(meta)
            if len(self.inline) > INLINE:
                self._metas = self._order.meta_file.open("xb")
                for early in self.inline:
                    self._write(self._metas, early)
                self.inline.clear()
        else:
            self._write(self._metas, meta)

    def _write(self, file: BinaryIO, meta: ReportMeta) -> None:
        file.write(msgspec.json.encode(meta) + b"\n")


def _unstored(order: Order, error: OSError) -> UnstoredError:
    place = order.payload_file.parent
    return UnstoredError(
        f"The reports of {order.file} cannot be written to {place}: {error.strerror or error}.",
        full=error.errno in {errno.ENOSPC, errno.EDQUOT},
    )
