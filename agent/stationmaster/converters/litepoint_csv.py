"""LitePoint CSV: design verification of radios, in sections with columns of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from stationmaster.api import ConverterOptions, Glimpse, Report, Resume, Source
from stationmaster.converters.line_end import tell_open_line
from stationmaster.converters.mapping import MappingConverter
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.schema import Mapping, Wide

_MAPPING = r"""
kind = "table"
verdict = "steps"
misc_rest = true

[detect]
head = ['\AGeneral[,\s]*$', '^Serial Number,']

[table]
sections = true
head_sections = ["General"]
short = "refuse"

[header]
sn = "Serial Number"
start = { from = ["Date", "Time"], join = " ", format = ["%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S"] }

[[step]]
group = ["section"]
wide.verdict = '(?i)pass/fail|limit.*\[[<>]'
wide.limit = 'Limit$|^Limit\['
"""


class LitePointCsvOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the LitePoint CSV converter.

    Attributes:
        key_columns: columns that say what a row is about; they name it.
    """

    serial_number_pattern: str = r"^(?P<sn>[^.]+)\.csv$"
    key_columns: tuple[str, ...] = (
        *("Test", "Band", "Tx Mode", "Rx Mode", "Ant", "Rate", "BW", "Signal BW", "Spectrum BW"),
        *("Frequency", "Channel", "SS"),
    )


class LitePointCsvConverter(MappingConverter):
    """Reads the CSV files of LitePoint's design verification (IQDVT)."""

    name: ClassVar[str] = "litepoint-csv"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = LitePointCsvOptions
    mapping: ClassVar[Mapping] = read_mapping(_MAPPING, "litepoint-csv")

    def detect(self, glimpse: Glimpse) -> int:
        """70 by the first two lines: a mapping of your own wins."""
        return 70 if super().detect(glimpse) else 0

    def mapping_for(self, options: ConverterOptions) -> Mapping:
        """With the option `key_columns` in it."""
        [rule] = self.mapping.step
        wide = msgspec.structs.replace(
            rule.wide or Wide(), keys=list(LitePointCsvOptions.of(options).key_columns)
        )
        return msgspec.structs.replace(self.mapping, step=[msgspec.structs.replace(rule, wide=wide)])

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the one report of the file. It has no end mark: an open last line can only be told."""
        for report in super().convert(source, options, resume):
            if isinstance(report, Report):
                tell_open_line(report, source)
            yield report
