"""Converters that behave: what the others are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

from stationmaster.api import ConverterOptions, Glimpse, Report, Resume, Source

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class PlainOptions(ConverterOptions, frozen=True):
    """Options of `plain`."""

    suffix: str = ""


class Plain:
    """One line is one unit; "end" on the last line says that the file is complete."""

    name: ClassVar[str] = "plain"
    version: ClassVar[str] = "1.2"
    options_type: ClassVar[type[ConverterOptions]] = PlainOptions

    def detect(self, glimpse: Glimpse) -> int:
        """Sure where the file says so."""
        return 90 if glimpse.head.startswith(b"plain") else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """The last line is "end"."""
        return glimpse.tail.rstrip().endswith(b"end")

    def convert(self, source: Source, options: PlainOptions, resume: Resume | None) -> Iterator[Report]:  # noqa: ARG002 - the protocol's signature
        """One report a line."""
        for line in source.read_bytes().splitlines():
            if line in {b"plain", b"end"}:
                continue
            name = line.decode() + options.suffix
            report = Report.uut(sn=name, pn="P-1", rev="A", process_code=10, start=START)
            report.record = line
            report.root.numeric("VCC", 5.0)
            yield report


class Growing:
    """A log that testers append to."""

    name: ClassVar[str] = "growing"
    version: ClassVar[str] = "1"

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """One report a whole line, from where the last conversion ended."""
        del options
        offset = resume.offset if resume else 0
        with source.open() as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                report = Report.uut(sn=line.decode().strip(), pn="P-1", rev="A", process_code=10, start=START)
                report.record = line
                report.root.numeric("VCC", 5.0)
                offset += len(line)
                yield report
        yield Resume(offset=offset, state={"lines": (resume.state["lines"] if resume else 0) + 1})
