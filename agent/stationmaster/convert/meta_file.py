"""The metas of many reports, on disk: a sequence in bounded memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import msgspec

from stationmaster.model import ReportMeta

INLINE = 200
"""Up to so many metas travel in the answer itself."""

_DECODER = msgspec.json.Decoder(ReportMeta)


class MetaFile(Sequence[ReportMeta]):
    """One JSON line for each report. Iterating reads the file once, from the start."""

    def __init__(self, path: Path, count: int) -> None:
        """Read nothing yet.

        Args:
            count: number of lines, as the worker counted them.
        """
        self._path = path
        self._count = count
        self._offsets: array[int] | None = None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ReportMeta]:
        with self._path.open("rb") as file:
            for line in file:
                yield _DECODER.decode(line)

    @overload
    def __getitem__(self, index: int) -> ReportMeta: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ReportMeta]: ...
    def __getitem__(self, index: int | slice) -> ReportMeta | Sequence[ReportMeta]:
        if isinstance(index, slice):
            return [self._at(number) for number in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._at(index % self._count)

    def _at(self, number: int) -> ReportMeta:
        if self._offsets is None:
            self._offsets = array("Q")
            with self._path.open("rb") as file:
                offset = 0
                for line in file:
                    self._offsets.append(offset)
                    offset += len(line)
        with self._path.open("rb") as file:
            file.seek(self._offsets[number])
            return _DECODER.decode(file.readline())
