"""For tests of converters: run one as the host does, without an agent, and hear in words what is wrong.

::

    def test_reads_the_example() -> None:
        [report] = convert_file(MyConverter(), Path("example.txt"), options={"part_number": "P-1"})
        assert report.sn == "SN-0001"


    def test_is_fit_for_the_factory() -> None:
        assert_good(MyConverter(), Path("example.txt"), options={"part_number": "P-1"})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    folder_source,
)
from stationmaster.api.defaults import complete
from stationmaster.api.report import Report
from stationmaster.api.trial.finding import Finding, Severity
from stationmaster.api.validate import check
from stationmaster.errors import ConversionError

__all__ = [
    "Finding",
    "Severity",
    "assert_good",
    "check_converter",
    "convert_file",
    "options_of",
    "source_of",
]


def convert_file(
    converter: Converter,
    path: Path | str,
    *,
    options: ConverterOptions | Mapping[str, Any] | None = None,
    station: Station | None = None,
    resume: Resume | None = None,
    marker: str = "",
) -> list[Report]:
    """Convert a file or folder and do all that the host does before it stores the reports, but mint no ids.

    Args:
        converter: the converter to try.
        path: the source file, or the folder for a converter that takes folders.
        options: the converter's options, or a mapping as the configuration has it.
        station: defaults for what the file does not say.
        resume: the mark that an earlier run gave, for files that grow.
        marker: of a folder: the watch folder's setting of that name.

    Raises:
        ConversionError: the file cannot become reports, the converter yields nothing, a report breaks the
            format's rules (`ValidationError`), or the options do not fit.
    """
    source = source_of(path, station, marker=marker)
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


def source_of(path: Path | str, station: Station | None = None, *, marker: str = "") -> Source:
    """The `Source` that the host makes of a file or a folder."""
    path = Path(path)
    if path.is_dir():
        return folder_source(path, marker=marker, station=station or Station(name="TEST"))
    stat = path.stat()
    mtime = datetime.fromtimestamp(stat.st_mtime, UTC)
    return Source(
        path=path,
        name=path.name,
        size=stat.st_size,
        mtime=mtime,
        station=station or Station(name="TEST"),
        folder=(path.parent.resolve() if ".." in path.parts else path.parent).name,
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


def check_converter(
    converter: Converter,
    samples: Path | str | Iterable[Path | str],
    *,
    options: ConverterOptions | Mapping[str, Any] | None = None,
    station: Station | None = None,
) -> list[Finding]:
    """Try a converter with all that a factory does to it, and tell in words what is wrong.

    Each sample is converted as it is, cut short at several places, with other line ends, with a byte order
    mark, ten times as large, in other time zones. `detect` is asked about files of others. What the converter
    keeps, prints, reads and writes is looked at. The samples are not changed; changed copies lie in a
    temporary folder. `stationmaster converter check` does all this in fresh processes, and more.

    Args:
        converter: the converter to try.
        samples: files that it should read, one or several.
        options: the converter's options, or a mapping as the configuration has it.
        station: defaults for what the files do not say.

    Returns:
        What was found: errors, warnings and notes.

    Raises:
        ConversionError: the options do not fit.
        OSError: a sample cannot be read.
    """
    from stationmaster.api.trial.check import examine  # noqa: PLC0415 - plain tests need none of it

    paths = [samples] if isinstance(samples, Path | str) else list(samples)
    sources = [source_of(path, station) for path in paths]
    return examine(converter, sources, options_of(converter, options))


def assert_good(
    converter: Converter,
    *samples: Path | str,
    options: ConverterOptions | Mapping[str, Any] | None = None,
    station: Station | None = None,
    allow: Iterable[str] = (),
) -> None:
    """Fail with the sentences of `check_converter` where it finds errors or warnings.

    Args:
        converter: the converter to try.
        samples: files that it should read.
        options: the converter's options, or a mapping as the configuration has it.
        station: defaults for what the files do not say.
        allow: codes of findings that are as they should be here.

    Raises:
        AssertionError: lists what was found.
    """
    allowed = frozenset(allow)
    found = check_converter(converter, samples, options=options, station=station)
    wrong = [one for one in found if one.severity is not Severity.NOTE and one.code not in allowed]
    if wrong:
        raise AssertionError("\n".join(map(str, wrong)))
