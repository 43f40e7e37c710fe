"""The messages between pool and worker, typed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.api.converter import Resume, Station
from stationmaster.convert.job import IssueNote
from stationmaster.file_name import from_wire
from stationmaster.model import ReportMeta

_MARK_BYTES = 4096
"""Of each end of what is converted, so much tells whether the file is still the same."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Ops `detect` and `complete`: look at the file with one converter.

    Attributes:
        path: as `to_wire` made it.
        is_folder: it is a folder.
    """

    target: str
    path: str
    is_folder: bool = False

    @property
    def file(self) -> Path:
        """The file."""
        return Path(from_wire(self.path))


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Op `convert`.

    Attributes:
        path: as `to_wire` made it.
        origin: folder and name of the file as its tester wrote it, as `to_wire` made it; no more of its path.
        size: with `mtime_ns`, the file as it was claimed.
        results: path without suffix for the result files, which do not exist yet; as `to_wire` made it.
        dry: a dry run: rules that a report breaks are collected instead of raised.
        is_folder: it is a folder, with its `marker`.
    """

    target: str
    name: str
    path: str
    origin: str
    size: int
    mtime_ns: int
    instance_id: str
    results: str
    options: dict[str, Any] = {}
    station: Station = Station()
    resume: str = ""
    dry: bool = False
    is_folder: bool = False
    marker: str = ""

    @property
    def file(self) -> Path:
        """The file to convert."""
        return Path(from_wire(self.path))

    @property
    def origin_file(self) -> Path:
        """Its name and folder as its tester wrote it."""
        return Path(from_wire(self.origin))

    @property
    def payload_file(self) -> Path:
        """Where the payloads go, one after the other."""
        return Path(f"{from_wire(self.results)}.wsjf")

    @property
    def meta_file(self) -> Path:
        """Where the metas go when they are many: JSON lines."""
        return Path(f"{from_wire(self.results)}.metas")


class ResumeNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept between two conversions of a growing file.

    Attributes:
        mark: hash over the start and the end of what is converted: tells a file that has grown from one
            that was replaced.
    """

    converter: str
    offset: int
    state: dict[str, Any]
    ordinals: dict[str, int]
    mark: str

    @classmethod
    def load(cls, text: str | bytes, *, converter: str, path: Path) -> ResumeNote | None:
        """The note, if it still holds for this converter and this file; None: convert from the start."""
        try:
            note = msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            return None
        if note.converter != converter or note.mark != mark(path, note.offset):
            return None
        return note

    def resume(self) -> Resume:
        """As converters get it."""
        return Resume(offset=self.offset, state=self.state, ordinals=self.ordinals)


def mark(path: Path, offset: int) -> str:
    """Hash over the first and the last 4 KiB before `offset`; "" when the file is shorter than that."""
    with path.open("rb") as file:
        head = file.read(min(offset, _MARK_BYTES))
        file.seek(max(0, offset - _MARK_BYTES))
        tail = file.read(min(offset, _MARK_BYTES))
        if file.tell() < offset:
            return ""
    return hashlib.sha256(offset.to_bytes(8, "big") + head + tail).hexdigest()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an `Order`.

    Attributes:
        outcome: "converted", "failed", "unusable" (the converter, as configured), or a reason of `NotYet`.
        text: for all but "converted": what happened, in words.
        fault: the converter is to blame.
        count: reports; `metas` holds them unless they are many, then the order's `meta_file` does.
        issues: of a dry run.
        seconds: that it took.
        retire: the worker is worn out (leaked handles, memory or threads): use another from now on.
    """

    outcome: str
    text: str = ""
    detail: str = ""
    place: str = ""
    fault: bool = False
    count: int = 0
    metas: tuple[ReportMeta, ...] = ()
    digest: str = ""
    resume: str = ""
    warnings: int = 0
    issues: tuple[IssueNote, ...] = ()
    seconds: float = 0.0
    retire: bool = False
