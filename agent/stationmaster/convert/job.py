"""What goes into the converter pool and what comes out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec

from stationmaster.api import Station
from stationmaster.model import Lane, ReportMeta, SourceState


class ConverterInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A converter as `converter list` shows it.

    Attributes:
        origin: "built-in", "entry point" or "file".
        target: where its class is: `module:Class`, or `path.py:Class` for origin "file".
        detects: it can tell whether a file is its own.
        completes: it can tell whether the tester has finished writing.
        folders: it takes a folder as one source.
        fetches: it can fetch source files by itself.
        options: JSON schema of its options.
        summary: first line of its docstring.
        code: what its code is, in words: of a file the beginning of its SHA-256, of a built-in the program's
            version.
    """

    name: str
    version: str
    origin: str
    target: str
    detects: bool = False
    completes: bool = False
    folders: bool = False
    fetches: bool = False
    options: dict[str, Any] = {}
    summary: str = ""
    code: str = ""

    @property
    def file_name(self) -> str:
        """Name of the file that its class is in, or of the module."""
        return Path(self.target.rpartition(":")[0]).name

    @property
    def option_names(self) -> frozenset[str]:
        """Names of the options it understands."""
        definition = str(self.options.get("$ref", "")).rpartition("/")[2]
        return frozenset(self.options.get("$defs", {}).get(definition, {}).get("properties", {}))


class IssueNote(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that a report breaks, as the dry run tells it; `report` counts from 0."""

    report: int
    place: str
    text: str
    severity: str


class ImportFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A converter that cannot be loaded.

    Attributes:
        subject: the file, or the name of the entry point.
        text: why, in one sentence.
        detail: traceback or last output.
        names: names of converters that it would bring, where they are known.
    """

    subject: str
    text: str
    detail: str = ""
    names: tuple[str, ...] = ()

    def brings(self, name: str) -> bool:
        """Would it have brought the converter `name`, as far as its file or entry point tells?"""
        return name in self.names or Path(self.subject).stem.replace("_", "-") == name


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One source file to convert.

    Attributes:
        path: the file.
        is_folder: it is a folder, to be converted as one source.
        marker: pattern of the files in it that say that it is complete.
        origin: the file as its tester wrote it, where that is not `path`; only its name and folder count.
        state: the file as it was claimed; when it is another one by now, nothing is converted.
        converters: names that may take it, in order of preference; empty: all that detect.
        options: options by converter name; `timeout` and `memory_mb` are understood for each converter.
        station: defaults for what the file does not say.
        resume: what the last conversion of this (growing) file left, None for a new one.
        instance_id: part of the report ids.
        lane: batch work never takes the last free slot.
        dry: a dry run: rules that a report breaks are told in `Conversion.issues` instead of failing it.
        ask: ask a converter that stands alone too, whether it knows the file.
        overdue: it has waited for its end too long: a converter with the option `accept_incomplete` shall
            take or refuse it as it is.
    """

    path: Path
    state: SourceState
    converters: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    station: Station = field(default_factory=Station)
    resume: bytes | None = None
    instance_id: UUID
    lane: Lane = Lane.LIVE
    dry: bool = False
    origin: Path | None = None
    is_folder: bool = False
    marker: str = ""
    ask: bool = False
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A converted source: its reports lie in `results` until `discard`.

    Attributes:
        converter: name of the converter that did it.
        version: that converter's version.
        code: what that converter's code is, see `ConverterInfo`.
        digest: hex SHA-256 of the source file.
        reports: one for each report, in file order; read from disk as they are asked for when many.
        results: file with the payloads; None when there is no report.
        resume: to be given back when the file has grown, None when it does not grow.
        warnings: how many warnings the reports carry in all.
        files: temporary files, for `discard`.
        confidences: what each converter said of the file; empty when only one was asked.
        issues: of a dry run: the rules that the reports break.
        seconds: that the conversion itself took, in the worker.
    """

    converter: str
    version: str
    code: str = ""
    digest: str
    reports: Sequence[ReportMeta]
    results: Path | None
    resume: bytes | None = None
    warnings: int = 0
    files: tuple[Path, ...] = ()
    confidences: Mapping[str, int] = field(default_factory=dict)
    issues: tuple[IssueNote, ...] = ()
    seconds: float = 0.0

    @property
    def reader(self) -> str:
        """Which converter, version and code it was: to be kept with each report."""
        return f"{self.converter}, version {self.version}{self.code and ', ' + self.code}"

    def discard(self) -> None:
        """Remove the temporary files; call it once the reports are committed. Idempotent."""
        discard(self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """Nothing was converted, and nothing is wrong with the file: look again later.

    Attributes:
        reason: "busy" locked or unreadable now; "incomplete" the tester still writes; "changed" since
            it was claimed; "vanished"; "held" its converter is missing or failing (see `problems`);
            "full" the disk takes no results, "unstored" it cannot be written to for another cause.
        text: the same in a sentence.
    """

    reason: Literal["busy", "incomplete", "changed", "vanished", "held", "full", "unstored"]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The file cannot be converted; it belongs on the error list.

    Attributes:
        reason: in words: converter, file, and the limit or the cause.
        detail: traceback and the last bit of output, "" where there is none.
        place: where in the file, "" when unknown.
        converter: name of the converter, "" when none knew the file.
        fault: True when the converter is to blame (crash, limit, bug), not the file.
        confidences: what each converter said of the file; empty when only one was asked.
    """

    reason: str
    detail: str = ""
    place: str = ""
    converter: str = ""
    fault: bool = False
    confidences: Mapping[str, int] = field(default_factory=dict)


Outcome = Conversion | NotYet | Failed


def discard(files: Sequence[Path]) -> None:
    """Remove temporary files; one that cannot be removed now is purged at the next start."""
    for path in files:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
