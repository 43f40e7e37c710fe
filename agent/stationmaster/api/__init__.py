"""All that a converter author imports. Stable; no I/O beyond the source file it is handed.

::

    from stationmaster.api import Report, between

    report = Report.uut(sn="SN-0001", pn="PCBA-001", rev="A", process_code=10, start=started_at)
    report.root.numeric("VCC", 5.01, unit="V", limits=between(4.5, 5.5))
"""

from stationmaster.api.additional import Property
from stationmaster.api.converter import (
    Completes,
    Converter,
    ConverterOptions,
    Detects,
    Glimpse,
    HasOptions,
    Resume,
    Source,
    Station,
    TakesFolders,
)
from stationmaster.api.failure import Failure
from stationmaster.api.fetch import FetchContext, Fetched, Fetches
from stationmaster.api.limit import CompOp, Limits, at_least, at_most, between, equal, log_only
from stationmaster.api.measurement import Series
from stationmaster.api.report import Report, ReportType, Result
from stationmaster.api.status import Group, Status
from stationmaster.api.step import Sequence, Step
from stationmaster.errors import ConversionError, SourceBusyError, ValidationError

__all__ = [
    "CompOp",
    "Completes",
    "ConversionError",
    "Converter",
    "ConverterOptions",
    "Detects",
    "Failure",
    "FetchContext",
    "Fetched",
    "Fetches",
    "Glimpse",
    "Group",
    "HasOptions",
    "Limits",
    "Property",
    "Report",
    "ReportType",
    "Result",
    "Resume",
    "Sequence",
    "Series",
    "Source",
    "SourceBusyError",
    "Station",
    "Status",
    "Step",
    "TakesFolders",
    "ValidationError",
    "at_least",
    "at_most",
    "between",
    "equal",
    "log_only",
]
