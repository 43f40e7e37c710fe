"""Result files of Takaya flying probe testers: ATD with tabs, ATD with quotes, ATDX packed or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from stationmaster.api import ConverterOptions, Glimpse, Report, Resume, Source
from stationmaster.api.compressed import is_packed, peek, read_unpacked
from stationmaster.converters.takaya_atd import read_atd
from stationmaster.converters.takaya_atdx import MAIN, read_atdx
from stationmaster.converters.takaya_unit import TakayaOptions

_BOM: Final = b"\xef\xbb\xbf"
_MAIN: Final = MAIN.encode()
_MAX_BYTES: Final = 128 * 1024 * 1024
_COUNTERS: Final = re.compile(rb"D\.T:.*G\.F:")


class TakayaConverter:
    """Reads ATD and ATDX files of Takaya testers; several groups give several reports."""

    name: ClassVar[str] = "takaya"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = TakayaOptions

    def detect(self, glimpse: Glimpse) -> int:
        """90 for a lone @ with the counters below it, and for a main header of ATDX, packed or not."""
        head = peek(glimpse.head).removeprefix(_BOM)
        if head.lstrip().startswith(_MAIN):
            return 90
        lines = head[:2000].splitlines()
        first = lines[0].strip() if lines else b""
        return 90 if first == b"@" and any(_COUNTERS.match(line) for line in lines[1:6]) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """ATD: the last line is a lone @ behind a group. ATDX has no end mark: whole rows must do."""
        head = peek(glimpse.head).removeprefix(_BOM)
        if is_packed(glimpse.head):
            return bool(head)  # a packed file that ends too early is refused when it is read
        lines = [line.strip() for line in glimpse.tail.splitlines() if line.strip()]
        last = lines[-1] if lines else b""
        if head.lstrip().startswith(_MAIN):
            return last[:1].isdigit() and last.endswith(b";")
        return last == b"@" and b"GROUP No." in head

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a group. `resume` is not used."""
        del resume
        own = TakayaOptions.of(options)
        data = read_unpacked(source, limit=_MAX_BYTES).removeprefix(_BOM)
        atdx = data.lstrip().startswith(_MAIN)
        yield from read_atdx(data, source, own) if atdx else read_atd(data, source, own)
