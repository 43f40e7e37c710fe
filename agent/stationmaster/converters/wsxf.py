"""WSXF, the XML form of WATS reports, and WRML, its flat sister: test and repair reports.

How elements become fields of a report: `stationmaster.api.wsxf`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from stationmaster.api import ConverterOptions, Glimpse, Report, Resume, Source, xml
from stationmaster.api.wsxf import NAMESPACES, records
from stationmaster.converters.wsjf_header import fill_header, fill_start


class WsxfConverter:
    """Reads WSXF and WRML, the XML forms of WATS reports, one report a `Report` element."""

    name: ClassVar[str] = "wsxf"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = ConverterOptions

    def detect(self, glimpse: Glimpse) -> int:
        """95 for `Reports` in the namespace of WSXF or WRML."""
        tags = xml.first_tags(glimpse.head, 1)
        return 95 if tags and tags[0].name == "Reports" and tags[0].namespace in NAMESPACES else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """The closing `Reports` is the end mark."""
        return xml.is_closed(glimpse, "Reports")

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield each report of the file.

        Raises:
            ConversionError: not XML, no report, no serial number, a verdict or number that is none.
        """
        del resume  # such a file is written at once
        warnings: list[str] = []
        root = xml.open(source, warnings=warnings)
        several = len(root) > 1
        for count, report in enumerate(records(root), start=1):
            place = f"report {count}: " if several else ""
            report.warnings[:0] = warnings
            fill_header(report, source, options, place)
            if report.data.get("start"):
                fill_start(report, source, place)
            if options.attach_source:
                report.attach(source.name, source.read_bytes(), content_type="text/xml")
            yield report
