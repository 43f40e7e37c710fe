"""WSJF, the JSON form of WATS reports: passed on as it is, mended where a server would refuse it.

Unknown keys and step types are kept. What is mended is told as a warning, see `stationmaster.api.repair`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Source
from stationmaster.api.json_text import is_closed
from stationmaster.api.repair import repair
from stationmaster.api.wsjf import records
from stationmaster.converters.wsjf_header import fill_header, fill_start

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:]', re.DOTALL)


class WsjfConverter:
    """Reads WSJF, the JSON form of WATS reports; a list holds as many reports."""

    name: ClassVar[str] = "wsjf"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = ConverterOptions

    def detect(self, glimpse: Glimpse) -> int:
        """95 for an object, or a list of them, with `type`, `sn`, `pn` and `root` or `uur`."""
        keys = _top_keys(_text(glimpse.head))
        kind = keys.get("type")
        if kind not in ('"T"', '"R"') or "sn" not in keys or "pn" not in keys:
            return 0
        if ("root" if kind == '"T"' else "uur") in keys:
            return 95
        # A long attachment may stand before the steps: the shape fits, the rest is out of sight.
        return 60 if glimpse.size > len(glimpse.head) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the object is closed, or the list of them."""
        return is_closed(glimpse)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield each report of the file, mended, with what was mended as warnings.

        Raises:
            ConversionError: not JSON, no report, no serial number, no time, a step without a type.
        """
        del resume  # such a file is written at once
        data = source.read_bytes()
        several = _text(data[:64]).lstrip("\ufeff \t\r\n").startswith("[")
        for count, report in enumerate(records(data), start=1):
            place = f"report {count}: " if several else ""
            _kind(report, place)
            report.warnings.extend(repair(report))
            fill_header(report, source, options, place)
            fill_start(report, source, place)
            _step_types(report, place)
            if options.attach_source and isinstance(report.data.get("binaryData"), list | None):
                report.attach(source.name, data, content_type="application/json")
            yield report


def _kind(report: Report, place: str) -> None:
    kind = report.data.get("type")
    if kind not in ("T", "R"):
        raise ConversionError(f"is {kind!r:.40}, not T (test) or R (repair)", place=f"{place}type")
    part = "root" if kind == "T" else "uur"
    if not isinstance(report.data.get(part), dict):
        raise ConversionError("is missing, or no object", place=place + part)


def _step_types(report: Report, place: str) -> None:
    """A step without a type is not WSJF but something that looks like it: nothing can be told of it."""
    waiting: list[tuple[dict[str, Any], str]] = []
    if isinstance(report.data.get("root"), dict):
        waiting.append((report.data["root"], "root"))
    while waiting:
        step, here = waiting.pop()
        if not step.get("stepType"):
            raise ConversionError("a step without stepType", place=place + here)
        below = step.get("steps")
        named = [
            (child, f"{here}/{child.get('name') or f'steps[{at}]'}")
            for at, child in enumerate(below if isinstance(below, list) else [])
            if isinstance(child, dict)
        ]
        waiting.extend(reversed(named))


def _text(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    return head.decode("utf-8", errors="replace")


def _top_keys(text: str) -> dict[str, str]:
    """The keys of the first object of a file, or of a list, each with its value where that is a text."""
    begin = text.lstrip("\ufeff \t\r\n")[:1]
    if begin not in ("{", "["):
        return {}
    level, depth = (1 if begin == "{" else 2), 0
    keys: dict[str, str] = {}
    text_before = key = ""
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark in "{[":
            depth, key = depth + 1, ""
        elif mark in "}]":
            depth -= 1
            if depth < level:
                break
        elif depth != level:
            continue
        elif mark == ":":
            key = text_before[1:-1]
            keys.setdefault(key, "")
        elif key:
            keys[key], key = mark, ""
        text_before = mark
    return keys
