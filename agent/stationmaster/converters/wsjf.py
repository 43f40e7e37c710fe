"""WSJF, the JSON form of WATS reports: passed on as it is, mended where a server would refuse it.

Unknown keys and step types are kept. What is mended is told as a warning, see `stationmaster.api.repair`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Source,
)
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import local_time
from stationmaster.api.moment import parse
from stationmaster.api.repair import repair
from stationmaster.api.wsjf import records

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:]', re.DOTALL)
_BLANK = b" \t\r\n\0"


class WsjfConverter:
    """One JSON object is one report; a list of objects is as many."""

    name: ClassVar[str] = "wsjf"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = ConverterOptions

    def detect(self, glimpse: Glimpse) -> int:
        """95 for an object, or a list of them, with `type`, `sn`, `pn` and `root` or `uur`."""
        keys, kind = _top_keys(_text(glimpse.head))
        if kind not in ("T", "R") or not {"sn", "pn"} <= keys:
            return 0
        if ("root" if kind == "T" else "uur") in keys:
            return 95
        # A long attachment may stand before the steps: the shape fits, the rest is out of sight.
        return 60 if glimpse.size > len(glimpse.head) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """The object is written at once: the closing brace is the end mark."""
        head = _text(glimpse.head).lstrip("\ufeff \t\r\n")
        return glimpse.tail.rstrip(_BLANK).endswith(b"]" if head.startswith("[") else b"}")

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield each report of the file."""
        del resume  # such a file is written at once
        data = source.read_bytes()
        for count, report in enumerate(records(data), start=1):
            yield _finish(report, source, options, f"report {count}" if count > 1 else "")
            if options.attach_source:
                pass


def _finish(report: Report, source: Source, options: ConverterOptions, place: str) -> Report:
    for text in repair(report):
        report.warn(text)
    return report


def _text(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    return head.decode("utf-8", errors="replace")


def _top_keys(text: str) -> tuple[set[str], str]:
    return set(), ""
