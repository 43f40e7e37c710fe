"""What a converter is: one small protocol, with optional powers as protocols of their own.

A converter is synchronous and pure: it reads the source it is handed and yields reports. It runs in a
worker process that the agent can kill, so it may crash, hang or print without harm to anything else.
The host wraps it with time limit, memory cap, defaults, validation and report ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol, Self, runtime_checkable

import msgspec

from stationmaster.api.folder import content_of, files_in, newest, state_of
from stationmaster.api.report import Report
from stationmaster.api.text import decode_text
from stationmaster.api.zone import zone_of
from stationmaster.file_name import shown

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 4 * 1024
"""What a `Glimpse` shows of a file."""


@dataclass(frozen=True, slots=True)
class Station:
    """Where the file was found: defaults for what the source does not say.

    Attributes:
        name: station name (`machineName`).
        location: where it stands.
        purpose: what it is for.
        time_zone: zone of the tester's clock as an IANA name; "" is the zone of this PC.
    """

    name: str = ""
    location: str = ""
    purpose: str = ""
    time_zone: str = ""

    @property
    def zone(self) -> tzinfo:
        """The zone to read local times in.

        Raises:
            ConversionError: no zone has this name.
        """
        return zone_of(self.time_zone)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A look at a file that is cheap at any size: the first 64 KiB and the last 4 KiB.

    Attributes:
        files: of a folder: the paths of its files below it, with slashes, in order; head and tail are empty.
        is_folder: it is a look at a folder.
    """

    name: str
    size: int
    head: bytes = b""
    tail: bytes = b""
    files: tuple[str, ...] = ()
    is_folder: bool = False

    @classmethod
    def at(cls, path: Path) -> Glimpse:
        """Read the head and the tail of `path`."""
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            return cls(name=shown(path.name), size=size, head=head, tail=file.read())

    @classmethod
    def at_folder(cls, path: Path) -> Glimpse:
        """Read the names of the files in the folder `path`."""
        inside = files_in(path)
        names = tuple(shown(file.name) for file in inside)
        return cls(name=shown(path.name), size=state_of(inside).size, files=names, is_folder=True)


@dataclass(frozen=True, slots=True)
class Source:
    """The file to convert, or the folder that is converted as one (see `TakesFolders`).

    Attributes:
        path: where it lies; read it with the methods here where possible.
        name: its name as the tester wrote it, where it lies it may have another; bytes that are no text
            show as their numbers.
        folder: name of the folder that the tester wrote it to, "" where nobody knows.
        size: bytes.
        mtime: when it was last written, aware UTC.
        station: defaults for what the file does not say.
        is_folder: it is a folder: read what `files` names. Size and time are those of these files.
        marker: pattern of the files that say that the folder is complete; they are not in `files`.
    """

    path: Path
    name: str
    size: int
    mtime: datetime
    station: Station = field(default_factory=Station)
    folder: str = ""
    is_folder: bool = False
    marker: str = ""

    def files(self, pattern: str = "*") -> list[Path]:
        """The files of a folder and of the folders in it, always in the same order.

        Links are left out, so that nothing outside of the folder is read; so are hidden files and markers.

        Args:
            pattern: such as `*.png`, compared without case with a file's name; one with a slash is compared
                with its path below the folder.

        Returns:
            Their paths; of a source that is a file, this file.
        """
        if not self.is_folder:
            return [self.path]
        wanted = pattern.lower()
        return [
            file.path
            for file in content_of(files_in(self.path), self.marker)
            if fnmatchcase((file.name if "/" in wanted else file.path.name).lower(), wanted)
        ]

    def open(self) -> BinaryIO:
        """Open for reading bytes."""
        return self.path.open("rb")

    def read_bytes(self) -> bytes:
        """The whole file."""
        return self.path.read_bytes()

    def read_text(self, *, fallback: str = "cp1252") -> str:
        """The whole file as text: BOM, then strict UTF-8, then the 8-bit page `fallback`."""
        return decode_text(self.read_bytes(), fallback=fallback, name=self.name)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def folder_source(path: Path, *, marker: str, station: Station, name: str = "", folder: str = "") -> Source:
    """The `Source` of a folder; size and time are those of its content, whenever a marker was written.

    Args:
        name: its name as the tester wrote it, "" for the one it has.
        folder: name of the folder it was written to, "" for the one it lies in.

    Raises:
        OSError: it cannot be read.
    """
    content = content_of(files_in(path), marker)
    return Source(
        path=path,
        name=name or shown(path.name),
        size=sum(file.size for file in content),
        mtime=_EPOCH + timedelta(microseconds=newest(content) // 1000),
        station=station,
        folder=folder or shown(path.parent.name),
        is_folder=True,
        marker=marker,
    )


@dataclass(frozen=True, slots=True)
class Resume:
    """How far a growing file was converted; yield one as the last item, get it back next time.

    Attributes:
        offset: bytes from the start of the file that are converted for good.
        state: what the converter needs to go on (JSON values), column names for instance.
        ordinals: used by the host to count equal records; leave it alone.
    """

    offset: int
    state: dict[str, Any] = field(default_factory=dict)
    ordinals: dict[str, int] = field(default_factory=dict)


class ConverterOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options that every converter understands; subclass it to add your own.

    Attributes:
        part_number: taken where the source names none.
        part_numbers: name of the test program in the source -> part number, before `part_number`.
        revision: taken where the source names none.
        process_code: taken where the source names none.
        process_codes: operation name in the source -> process code.
        serial_number_pattern: regular expression with a group `sn` for the file's or its folder's name,
            for sources that carry no serial number; groups `pn` and `rev` are taken likewise.
        placeholders: serial numbers that count as none, compared without case.
        attach_source: attach the raw file to the report.
    """

    part_number: str = ""
    part_numbers: dict[str, str] = {}
    revision: str = "A"
    process_code: int | None = None
    process_codes: dict[str, int] = {}
    serial_number_pattern: str = ""
    placeholders: tuple[str, ...] = ("UNKNOWN_DUT", "NONE", "N/A", "0", "default")
    attach_source: bool = False

    @classmethod
    def of(cls, options: ConverterOptions) -> Self:
        """`options` as this type: as they are, or the common ones with defaults for the rest."""
        if isinstance(options, cls):
            return options
        common = {key: getattr(options, key) for key in ConverterOptions.__struct_fields__}
        return cls(**common)


@runtime_checkable
class Converter(Protocol):
    """A format's converter. Class attributes `name` (stable, kebab-case) and `version`."""

    name: ClassVar[str]
    version: ClassVar[str]

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the reports of `source`, in file order; then at most one `Resume`.

        Raises:
            ConversionError: the file cannot become reports; says where and why.
        """
        ...


@runtime_checkable
class Detects(Protocol):
    """A converter that can tell whether a file is its own."""

    def detect(self, glimpse: Glimpse) -> int:
        """Confidence 0 to 100.

        0 not mine, 30 the name only, 60 the shape fits, 80 a signature inside, 95 signature and
        header, 100 a magic number.
        """
        ...


@runtime_checkable
class Completes(Protocol):
    """A converter that can tell whether the tester has finished writing."""

    def is_complete(self, glimpse: Glimpse) -> bool:
        """False: look again later."""
        ...


@runtime_checkable
class HasOptions(Protocol):
    """A converter with options of its own."""

    options_type: ClassVar[type[ConverterOptions]]


@runtime_checkable
class TakesFolders(Protocol):
    """A converter that takes a folder as one source, where a watch folder has a `marker`.

    `takes_folders = True` says so. Such a converter gets a `Source` with `is_folder`; where a watch folder
    has no marker it gets single files as any other.
    """

    takes_folders: ClassVar[bool]
