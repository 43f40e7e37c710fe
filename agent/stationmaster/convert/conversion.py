"""One conversion, inside a worker: the host's wrap around a converter.

It fills in defaults, checks the rules, mints report ids and writes the results, one report at a time.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from stationmaster.api import identity, validate, wsjf
from stationmaster.api.converter import Converter, ConverterOptions, Resume, Source, folder_source
from stationmaster.api.defaults import complete
from stationmaster.api.folder import content_of, digests_of, files_in, joined, newest
from stationmaster.api.report import Report
from stationmaster.convert.explain import ConverterFaultError, explain, source_trouble
from stationmaster.convert.job import IssueNote
from stationmaster.convert.order import Order, Reply, ResumeNote, mark
from stationmaster.convert.plugin import PluginError, Plugins, options_type
from stationmaster.convert.result_file import ResultFiles
from stationmaster.errors import ConversionError
from stationmaster.file_name import shown
from stationmaster.model import ReportMeta
from stationmaster.sentence import an, closed

MOST_ISSUES = 1000
"""Broken rules that a dry run tells of one file."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # Windows takes no `fromtimestamp` before it
_MOST_WARNINGS = 20
_WARNING_LENGTH = 300
"""What the spool keeps of a report's warnings: so many, of so many characters."""


def convert(order: Order, plugins: Plugins) -> Reply:
    """Carry `order` out. Everything that may happen to a file is an answer, not an exception.

    Raises:
        MemoryError: the worker's memory cap was met; the pool replaces the worker.
    """
    path = order.file
    trouble = source_trouble(path, order)
    if trouble is not None:
        return trouble
    try:
        reply = _run(order, path, plugins)
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001 - the boundary to plug-in code: it may raise anything
        return explain(error, order, path)
    # whatever was read of a file that changed meanwhile is a mixture of two files
    return source_trouble(path, order) or reply


class UnusableError(Exception):
    """A converter cannot be used as it is configured; says why."""


def made(
    target: str, name: str, options: Mapping[str, Any], plugins: Plugins
) -> tuple[Converter, ConverterOptions]:
    """A fresh converter with its options.

    Raises:
        UnusableError: it cannot be had, or its options are wrong.
        Exception: whatever its constructor raises.
    """
    try:
        converter = plugins.make(target)
    except PluginError as error:
        raise UnusableError(closed(f"Converter {name} cannot be loaded: {error}")) from error
    try:
        return converter, msgspec.convert(options, options_type(converter))
    except msgspec.ValidationError as error:
        raise UnusableError(closed(f"The options of converter {name} are wrong: {error}")) from error


def _run(order: Order, path: Path, plugins: Plugins) -> Reply:
    try:
        converter, options = made(order.target, order.name, order.options, plugins)
    except UnusableError as error:
        return Reply(outcome="unusable", text=str(error))
    note = None
    if order.resume:
        note = ResumeNote.load(order.resume, converter=order.name, path=path)
    # before the converter reads it: what takes its place later must not pass for what was converted
    identity = _Identity.of_folder(path, order.marker) if order.is_folder else _Identity.of_file(path, order)
    host = _Host(order, _source(order, path), note, identity)
    with ResultFiles(order) as results:
        resume = note.resume() if note else None
        left = host.take_all(converter.convert(host.source, options, resume), results)
        if left is not None and order.is_folder:
            raise ConverterFaultError("yields a Resume for a folder: a folder is always read anew")
        if not results.count and left is None:
            raise ConversionError("there is no report in it")
    return Reply(
        outcome="converted",
        count=results.count,
        metas=tuple(results.inline),
        digest=identity.whole.hex(),
        resume=host.resume_note(left),
        warnings=host.warnings,
        issues=tuple(host.issues),
    )


def _source(order: Order, path: Path) -> Source:
    name, folder = shown(order.origin_file.name), shown(order.origin_file.parent.name)
    if order.is_folder:
        return folder_source(path, marker=order.marker, station=order.station, name=name, folder=folder)
    return Source(
        path=path,
        name=name,
        size=order.size,
        mtime=_EPOCH + timedelta(seconds=order.mtime_ns / 1e9),
        station=order.station,
        folder=folder,
    )


class _Identity(msgspec.Struct, frozen=True):
    """What of a source tells it from others.

    Attributes:
        whole: digest of all that is released.
        content: digest that the ids of reports without a record of their own are made from.
        mtime_ns: the time that the ids of reports without a time of their own are made from.
    """

    whole: bytes
    content: bytes
    mtime_ns: int

    @classmethod
    def of_file(cls, path: Path, order: Order) -> _Identity:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        return cls(digest, digest, order.mtime_ns)

    @classmethod
    def of_folder(cls, path: Path, marker: str) -> _Identity:
        """The marker tells when a folder is complete, not which unit it is about: no id depends on it."""
        files = files_in(path)
        content, digests = content_of(files, marker), digests_of(files)
        return cls(joined(digests, files), joined(digests, content), newest(content))


class _Host:
    """What the host does to each report of one source."""

    def __init__(self, order: Order, source: Source, note: ResumeNote | None, identity: _Identity) -> None:
        self._order = order
        self.source = source
        self._instance_id = UUID(order.instance_id)
        self._ordinals = Counter(note.ordinals if note else {})
        self._identity = identity
        self.warnings = 0
        self.issues: list[IssueNote] = []

    def take_all(self, items: object, results: ResultFiles) -> Resume | None:
        """Take each report, in bounded memory; returns the resume mark if one came last."""
        if not isinstance(items, Iterable):
            raise ConverterFaultError(f"returns {an(type(items).__name__)}: convert() must yield reports")
        resume: Resume | None = None
        try:
            for item in items:
                if resume is not None:
                    raise ConverterFaultError("yields something after its Resume")
                if isinstance(item, Report):
                    self._take(item, results)
                elif isinstance(item, Resume):
                    resume = item
                else:
                    raise ConverterFaultError(f"yields {an(type(item).__name__)} instead of a Report")
        finally:
            # a generator that stopped half way may hold the file open
            if isinstance(items, Generator):
                items.close()
        return resume

    def resume_note(self, resume: Resume | None) -> str:
        """`resume` with what the host needs to go on, as text."""
        if resume is None:
            return ""
        note = ResumeNote(
            converter=self._order.name,
            offset=resume.offset,
            state=resume.state,
            ordinals=dict(self._ordinals),
            mark=mark(self.source.path, resume.offset),
        )
        return msgspec.json.encode(note).decode()

    def _take(self, report: Report, results: ResultFiles) -> None:
        complete(report, self.source)
        report.data["id"] = self._report_id(report)
        self._check(report, results.count)
        self.warnings += len(report.warnings)
        data = report.data
        code = data.get("processCode")
        meta = ReportMeta(
            report_id=data["id"],
            serial_number=report.sn,
            part_number=report.pn,
            process_code=code if isinstance(code, int) else None,
            result=str(data.get("result") or ""),
            start=str(data.get("start") or ""),
            offset=0,
            size=0,
            digest="",
            warnings=tuple(text[:_WARNING_LENGTH] for text in report.warnings[:_MOST_WARNINGS]),
        )
        results.add(wsjf.encode(report), meta)

    def _report_id(self, report: Report) -> str:
        """The id that the source gives, in canonical form, else one derived from the record."""
        if report.id:
            try:
                return str(UUID(report.id))
            except ValueError:
                return report.id  # the validation says what is wrong with it
        record = report.record
        digest = self._identity.content if record is None else hashlib.sha256(record).digest()
        mtime_ns = None if report.timed else self._identity.mtime_ns
        key = base64.b64encode(digest[:8]).decode()
        ordinal = self._ordinals[key]
        self._ordinals[key] += 1
        return identity.report_id_of(self._instance_id, self._order.name, digest, ordinal, mtime_ns)

    def _check(self, report: Report, number: int) -> None:
        if not self._order.dry:
            try:
                validate.check(report)
            except ConversionError as error:
                error.place = f"report {number + 1}"
                error.text = f"{error.place}: {error.text}"
                raise
            return
        for issue in validate.validate(report):
            if len(self.issues) < MOST_ISSUES:
                self.issues.append(
                    IssueNote(report=number, place=issue.place, text=issue.text, severity=str(issue.severity))
                )
