"""One sample of one converter, and what comes of it: as it is, and changed in some way."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from stationmaster.api.converter import (
    Completes,
    Converter,
    ConverterOptions,
    Detects,
    Glimpse,
    Resume,
    Source,
)
from stationmaster.api.defaults import complete
from stationmaster.api.moment import parse
from stationmaster.api.report import Report
from stationmaster.api.trial.surroundings import Surroundings
from stationmaster.errors import ConversionError, SourceBusyError
from stationmaster.sentence import an

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Taken:
    """A report as the host would take it, without its id.

    Attributes:
        body: its content as JSON, in one order of keys.
        record: the bytes that its id would come from; None: the whole file.
    """

    report: Report
    body: str
    record: bytes | None

    @property
    def sn(self) -> str:
        """Serial number."""
        return self.report.sn

    @property
    def result(self) -> str:
        """The overall result's letter."""
        return str(self.report.data.get("result") or "")

    @property
    def start(self) -> datetime | None:
        """When the test began, where that is a time."""
        return parse(str(self.report.data.get("start") or ""))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a conversion: reports, or an error after some of them.

    Attributes:
        error: what was raised.
        printed: what the converter printed.
    """

    reports: tuple[Taken, ...] = ()
    resume: Resume | None = None
    error: BaseException | None = None
    printed: str = ""

    @property
    def good(self) -> bool:
        """Nothing was raised."""
        return self.error is None

    @property
    def refused(self) -> bool:
        """The file was refused as it should be, with a sentence."""
        return isinstance(self.error, ConversionError | SourceBusyError)

    @property
    def bodies(self) -> list[str]:
        """The reports' contents, whatever the line ends in them."""
        return [one.body.replace("\\r\\n", "\\n") for one in self.reports]

    @property
    def why(self) -> str:
        """What was raised, in words."""
        return words(self.error)


def words(error: BaseException | None) -> str:
    """An exception in a line; some fail even at telling."""
    if error is None:
        return ""
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001 - other people's exceptions
        text = ""
    if isinstance(error, ConversionError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def convert(
    converter: Converter, source: Source, options: ConverterOptions, resume: Resume | None = None
) -> Outcome:
    """Convert and complete, as the host does; whatever is raised is part of the outcome."""
    reports: list[Taken] = []
    mark: Resume | None = None
    error: BaseException | None = None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            items: Iterable[object] = converter.convert(source, options, resume)
            for item in items:
                if isinstance(item, Report):
                    reports.append(_taken(item, source))
                elif isinstance(item, Resume):
                    mark = item
                else:
                    raise TypeError(f"convert() yields {an(type(item).__name__)} instead of a Report")
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - the boundary to plug-in code
            error = raised
    return Outcome(tuple(reports), mark, error, printed.getvalue())


def _taken(report: Report, source: Source) -> Taken:
    complete(report, source)
    given = report.data.get("id")
    body = json.dumps(report.data, sort_keys=True, default=repr, ensure_ascii=False)
    return Taken(report, body, None if given else report.record)


@dataclass
class Case:
    """A sample file with all that its conversion depends on.

    Attributes:
        converter: the converter as it was handed over.
        source: the sample.
        folder: a temporary folder for variants of the sample.
        before: what was around the converter before its first conversion.
    """

    converter: Converter
    source: Source
    options: ConverterOptions
    folder: Path
    before: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        """Look around before anything is converted."""
        self.before = Surroundings.of(self.converter)

    @property
    def file(self) -> str:
        """The sample's name."""
        return self.source.name

    @cached_property
    def content(self) -> bytes:
        """The sample's bytes."""
        return self.source.read_bytes()

    @cached_property
    def outcome(self) -> Outcome:
        """What comes of the sample as it is."""
        return self.run()

    def fresh(self) -> Converter:
        """A converter as the host makes one for each file."""
        try:
            return type(self.converter)()
        except TypeError:  # a test's own converter may want arguments
            return self.converter

    def run(self, source: Source | None = None, resume: Resume | None = None) -> Outcome:
        """Convert the sample, or a variant of it, with a fresh converter."""
        return convert(self.fresh(), source or self.source, self.options, resume)

    def variant(self, content: bytes) -> Source:
        """A file of the same name, folder name and time with other content."""
        place = self.folder / str(next(_numbers)) / (self.source.folder or "folder")
        place.mkdir(parents=True)
        path = place / self.source.path.name
        path.write_bytes(content)
        moment = self.source.mtime.timestamp()
        os.utime(path, (moment, moment))
        return replace(self.source, path=path, size=len(content))

    def copied(self, wanted: Callable[[Path], bool]) -> Source:
        """A folder of the same names and times, with the wanted files alone."""
        place = self.folder / str(next(_numbers)) / (self.source.folder or "folder") / self.source.path.name
        place.mkdir(parents=True)
        for path in filter(wanted, self.source.files()):
            target = place / path.relative_to(self.source.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        size = sum(path.stat().st_size for path in self.source.files() if wanted(path))
        return replace(self.source, path=place, size=size)

    # ---------------------------------------------------------------- looks
    def confidence(self, glimpse: Glimpse) -> int | None:
        """What `detect` says; None where the converter has none."""
        converter = self.fresh()
        return converter.detect(glimpse) if isinstance(converter, Detects) else None

    def complete(self, glimpse: Glimpse) -> bool:
        """What `is_complete` says; True where the converter has none."""
        converter = self.fresh()
        return bool(converter.is_complete(glimpse)) if isinstance(converter, Completes) else True
