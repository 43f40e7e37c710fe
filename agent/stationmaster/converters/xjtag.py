"""XJTAG logs: an `.xjlog` archive with the XML of one or more runs, or the XML of one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Source,
    xml,
)
from stationmaster.converters.xjtag_archive import END_MARK, MAGIC, Archive, Run, member_names, run_number
from stationmaster.converters.xjtag_run import XjtagOptions, build

_SECOND: Final = {"testgroup", "header", "testruninfo", "text-output", "summary"}


class XjtagConverter:
    """Reads XJTAG logs, one report a run."""

    name: ClassVar[str] = "xjtag"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = XjtagOptions

    def detect(self, glimpse: Glimpse) -> int:
        """95 for an archive with runs and Info.xml, 80 without Info.xml; 80 for the XML of a run."""
        if glimpse.head.startswith(MAGIC):
            names = member_names(glimpse.head, glimpse.tail)
            if not any(run_number(name) for name in names):
                return 0
            return 95 if "Info.xml" in names else 80
        tags = xml.first_tags(glimpse.head, 2)
        if not tags or tags[0].name != "testrun" or "datetime" not in tags[0].attributes:
            return 0
        return 80 if any(tag.name in _SECOND for tag in tags[1:]) else 40

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the archive has its directory, the last that is written; of XML, if it is closed."""
        if glimpse.head.startswith(MAGIC):
            return END_MARK in glimpse.tail
        return xml.is_closed(glimpse, "testrun")

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a run, in the order of the runs' numbers. `resume` is not used."""
        del resume
        own = XjtagOptions.of(options)
        with source.open() as file:
            if file.read(len(MAGIC)) != MAGIC:
                yield _single(source, own)
                return
            file.seek(0)
            with Archive(file, source.name) as archive:
                for run in archive.runs():
                    yield _from_archive(archive, run, source, own)


def _single(source: Source, options: XjtagOptions) -> Report:
    warnings: list[str] = []
    root = xml.open(source, warnings=warnings)
    report = build(root, "", source, options)
    report.warnings.extend(warnings)
    if options.attach_source:
        report.attach(source.name, source.read_bytes(), content_type="text/xml")
    return report


def _from_archive(archive: Archive, run: Run, source: Source, options: XjtagOptions) -> Report:
    warnings: list[str] = []
    try:
        root = xml.parse(run.content, name=f"{run.name} in {source.name}", warnings=warnings)
        report = build(root, archive.project, source, options)
    except ConversionError as error:
        # Which of the runs it is, the line alone does not tell.
        raise ConversionError(error.text, place=run.name, next_step=error.next_step) from error
    report.warnings.extend(warnings)
    # The run's own bytes: an archive that is saved again with one more run gives the others once.
    report.record = run.content
    if options.attach_source:
        report.attach(run.name, run.content, content_type="text/xml")
    if options.attach_connection_data:
        for name in archive.data_members:
            # The run's output links to its data by name; nothing else tells whose they are.
            if name.encode() in run.content:
                report.attach(name, archive.read(name), description="Connection test data")
    return report
