"""For tests of converters: run one as the host does, without an agent.

::

    def test_reads_the_example() -> None:
        [report] = convert_file(MyConverter(), Path("example.txt"), options={"part_number": "P-1"})
        assert report.sn == "SN-0001"
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.api.converter import (
    Converter,
    ConverterOptions,
    HasOptions,
    Resume,
    Source,
    Station,
)
from stationmaster.api.defaults import complete
from stationmaster.api.report import Report
from stationmaster.api.validate import check
from stationmaster.errors import ConversionError


def convert_file(
    converter: Converter,
    path: Path | str,
    *,
    options: ConverterOptions | Mapping[str, Any] | None = None,
    station: Station | None = None,
    resume: Resume | None = None,
) -> list[Report]:
    """Convert a file and do all that the host does before it stores the reports, but mint no ids.

    Args:
        converter: the converter to try.
        path: the source file.
        options: the converter's options, or a mapping as the configuration has it.
        station: defaults for what the file does not say.
        resume: the mark that an earlier run gave, for files that grow.

    Raises:
        ConversionError: the file cannot become reports, the converter yields nothing, a report breaks the
            format's rules (`ValidationError`), or the options do not fit.
    """
    source = source_of(path, station)
    reports = []
    for item in converter.convert(source, options_of(converter, options), resume):
        if isinstance(item, Resume):
            continue
        complete(item, source)
        check(item)
        reports.append(item)
    if not reports and resume is None:
        raise ConversionError(f"{source.name} holds no report")
    return reports


def source_of(path: Path | str, station: Station | None = None) -> Source:
    """The `Source` that the host makes of a file."""
    path = Path(path)
    stat = path.stat()
    mtime = datetime.fromtimestamp(stat.st_mtime, UTC)
    return Source(
        path=path,
        name=path.name,
        size=stat.st_size,
        mtime=mtime,
        station=station or Station(name="TEST"),
        folder=path.parent.name,
    )


def options_of(
    converter: Converter, options: ConverterOptions | Mapping[str, Any] | None = None
) -> ConverterOptions:
    """Options in the converter's own type.

    Raises:
        ConversionError: an option is unknown or has the wrong type.
    """
    if isinstance(options, ConverterOptions):
        return options
    kind = converter.options_type if isinstance(converter, HasOptions) else ConverterOptions
    try:
        return msgspec.convert(dict(options or {}), kind)
    except msgspec.ValidationError as error:
        raise ConversionError(f"options of the converter {converter.name}: {error}") from error
