"""FCT CSV: a functional tester's file of semicolons, keys at the top and a table of steps below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

import msgspec

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Source
from stationmaster.converters.line_end import tell_open_line
from stationmaster.converters.mapping import MappingConverter
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.schema import Mapping as Described

_MAPPING = r"""
kind = "table"
encoding = ["utf-8-sig", "cp1250", "cp1252"]
decimal = "auto"
misc_rest = true
detect.head = ['\ASerialNumber;', '^StepName;Min;Value;Max;Unit;Status']
table = { delimiter = ";", quote = "", header = "^StepName;Min;Value;Max;Unit;Status", short = "refuse" }

[header]
sn = "SerialNumber"
pn = { from = "Part Number", optional = true }
station = { from = "Machine ID", optional = true }
seconds = { from = "Testing time(sec)", optional = true }
result = "Result"
[header.start]
from = "Start Time"
optional = true
format = ["%Y.%m.%d. %H:%M", "%Y.%m.%d. %H:%M:%S", "%Y.%m.%d %H:%M"]

[rows]
name = "StepName"
value = "Value"
# A row without one may be cut: this is no verdict, so the file is refused.
status = { from = "Status", default = "(no status)" }

[[step]]
when = { Min = "1", Value = "[01]", Max = "1", Unit = "" }
kind = "passfail"

[[step]]
when = { Min = "", Max = "", Unit = "", Value = "the option text_pattern" }
kind = "string"

# A text beside limits, "0x1F" or "OVERLOAD": the row's verdict stands, and no number can be told.
[[step]]
when = { Value = '(?i)(?![-+]?(nan|inf|1\.#)|[-+]?[\d.,]+(e[-+]?\d+)?$)(?=.*[a-z]).+' }
kind = "string"
text = { from = ["Min", "Max", "Unit"], join = " ", replace = [["^(.+)$", 'Min, Max, Unit: \1']] }

[[step]]
low = "Min"
high = "Max"
unit = "Unit"
"""


class FctCsvOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the FCT CSV converter.

    Attributes:
        text_pattern: regular expression for values without limits and unit that are texts although they look
            like numbers, such as the hexadecimal `1E10`.
        usual_rows: part number -> how many rows a whole file has; a warning tells of fewer.
    """

    text_pattern: str = "(?![1-9][0-9]*$)[0-9A-Fa-f]{4,}"
    usual_rows: Mapping[str, int] = {}


class FctCsvConverter(MappingConverter):
    """Reads the CSV files of functional testers that begin with `SerialNumber;`."""

    name: ClassVar[str] = "fct-csv"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = FctCsvOptions
    mapping: ClassVar[Described] = read_mapping(_MAPPING, "fct-csv")

    def detect(self, glimpse: Glimpse) -> int:
        """70 by the first line and the line with the names of the columns: a mapping of your own wins."""
        return 70 if super().detect(glimpse) else 0

    def mapping_for(self, options: ConverterOptions) -> Described:
        """With the option `text_pattern` in it."""
        own = FctCsvOptions.of(options)
        try:
            re.compile(own.text_pattern)
        except re.error as error:
            raise ConversionError(f"the option text_pattern is no regular expression: {error}") from error
        flags, texts, *others = self.mapping.step
        texts = msgspec.structs.replace(texts, when=texts.when | {"Value": own.text_pattern})
        return msgspec.structs.replace(self.mapping, step=[flags, texts, *others])

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the one report of the file. It has no end mark: too few rows can only be told."""
        usual = FctCsvOptions.of(options).usual_rows
        for report in super().convert(source, options, resume):
            if isinstance(report, Report):
                rows, wanted = len(report.root.steps), usual.get(report.pn, 0)
                if rows < wanted:
                    report.warn(f"{rows} rows, usual are {wanted}: the file may be cut")
                tell_open_line(report, source)
            yield report
