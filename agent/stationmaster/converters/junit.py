"""JUnit XML and its relatives: results of test programs that know cases, and seldom a unit.

Serial number, part number and station come from properties that the test program records; what it does
not record comes from the options, or the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import ClassVar, Final, Literal

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Source,
    xml,
)
from stationmaster.api.json_text import MAX_BYTES, is_closed, is_object, parse_json
from stationmaster.converters.junit_other_readers import (
    read_ctest,
    read_gtest_json,
    read_gtester,
    read_qt,
)
from stationmaster.converters.junit_readers import read_junit
from stationmaster.converters.junit_report import JUnitOptions, build
from stationmaster.converters.junit_tree import Case, Suite

_READERS: Final[dict[str, Callable[[xml.Element], Suite]]] = {
    "testsuites": read_junit,
    "testsuite": read_junit,
    "Site": read_ctest,
    "gtester": read_gtester,
    "TestCase": read_qt,
}
# The element that must follow the root near the beginning for a sure answer; None: the root is enough.
_SECOND: Final = {
    "testsuites": None,
    "testsuite": None,
    "Site": {"Testing"},
    "gtester": {"testbinary"},
    "TestCase": {"Environment", "TestFunction"},
}
_GTEST_JSON: Final = (rb'"testsuites"\s*:\s*\[', rb'"tests"\s*:\s*\d')


class JUnitConverter:
    """Reads JUnit, pytest and GoogleTest XML, CTest, GTester, Qt TestLib, and GoogleTest JSON."""

    name: ClassVar[str] = "junit"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = JUnitOptions

    def detect(self, glimpse: Glimpse) -> int:
        """80 if the root is one of the family's; 40 if only its name is."""
        if is_object(glimpse.head):
            return 80 if all(re.search(key, glimpse.head) for key in _GTEST_JSON) else 0
        tags = xml.first_tags(glimpse.head)
        if not tags or tags[0].namespace or tags[0].name not in _READERS:
            return 0
        second = _SECOND[tags[0].name]
        return 80 if second is None or any(tag.name in second for tag in tags[1:]) else 40

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the root element is closed; of JSON, if the last character is the closing brace."""
        if is_object(glimpse.head):
            return is_closed(glimpse)
        return xml.is_closed(glimpse)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report, or one a top-level suite by option. `resume` is not used."""
        del resume
        own = JUnitOptions.of(options)
        warnings: list[str] = []
        suite = _read(source, warnings)
        if not suite.cases():
            raise ConversionError(
                f"{source.name} holds no test cases",
                place=suite.place,
                next_step="The test program may have stopped before its first test.",
            )
        for part in _parts(suite, own.report_per):
            report = build(part, source, own)
            for text in warnings:
                report.warn(text)
            if own.attach_source:
                kind = "application/json" if source.name.casefold().endswith(".json") else "text/xml"
                report.attach(source.name, source.read_bytes(), content_type=kind)
            yield report


def _read(source: Source, warnings: list[str]) -> Suite:
    if source.size > MAX_BYTES:
        raise ConversionError(f"{source.name} is larger than {MAX_BYTES} bytes, the bound for such files")
    with source.open() as file:
        head = file.read(4096)
    if is_object(head):
        return read_gtest_json(parse_json(source.read_bytes(), name=source.name))
    root = xml.open(source, warnings=warnings)
    reader = _READERS.get(str(root.tag))
    if reader is None:
        raise ConversionError(
            f"<{xml.local_name(root)[:60]}> is no root of a JUnit, CTest, GTester or Qt TestLib file",
            place=xml.place(root),
            next_step="Check that the right converter watches this folder.",
        )
    return reader(root)


def _parts(suite: Suite, per: Literal["file", "suite"]) -> Iterator[Suite]:
    """The whole file, or each top-level suite that has cases, with what the root says of all."""
    below = [child for child in suite.children if isinstance(child, Suite) and child.cases()]
    whole = any(isinstance(child, Case) for child in suite.children)
    if per == "file" or whole or not below:
        yield suite
        return
    for child in below:
        yield Suite(
            name=suite.name,
            children=[child],
            properties=suite.properties,
            attributes=suite.attributes,
            timestamp=child.timestamp or suite.timestamp,
            epoch=suite.epoch,
            seconds=child.seconds,
            host=child.host or suite.host,
            place=child.place,
            record=child.record,
        )
