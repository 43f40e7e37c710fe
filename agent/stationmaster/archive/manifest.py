"""What a pack says of itself: `MANIFEST.json` within it, and a summary as the zip's comment.

The summary is read without reading the zip, and is the mark that a zip is one of ours.
"""

from __future__ import annotations

import zipfile
import zlib
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from stationmaster.errors import StationmasterError
from stationmaster.file_name import from_wire, shown, to_wire
from stationmaster.sentence import closed

NAME = "MANIFEST.json"
FORMAT = "stationmaster-pack"
VERSION = 1

MOST = 512 * 1024 * 1024
"""Bytes of a manifest at most, for a million files: none that is longer is written or read."""

_UNREADABLE = (
    KeyError, zipfile.BadZipFile, zlib.error, msgspec.DecodeError, EOFError, ValueError, RuntimeError
)  # fmt: skip
_TAIL = 4096
_END = b"PK\x05\x06"
_END_BYTES = 22


class Kind(StrEnum):
    """What a pack holds: source files as testers wrote them, or reports (WSJF)."""

    FILES = "files"
    REPORTS = "reports"


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file in a pack.

    Attributes:
        name: its name in the zip.
        file: its own name, each byte as one character, where that is another one: it is no Unicode text, or
            other content of that name came before.
        sha256: hex digest of its content.
        about: of a report: what the spool knew of it.
    """

    name: str
    file: str = ""
    size: int
    mtime_ns: int
    sha256: str
    about: dict[str, str | int | None] = {}

    @property
    def own_name(self) -> str:
        """The name that the file had."""
        return from_wire(self.file) if self.file else self.name


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that is in a pack, in the order in which it was put there."""

    format: str = FORMAT
    version: int = VERSION
    kind: Kind
    made_at: datetime
    members: tuple[Member, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The comment of a pack.

    Attributes:
        size: bytes of all its files, unpacked.
    """

    format: str = FORMAT
    version: int = VERSION
    kind: Kind
    files: int
    size: int


class PackError(StationmasterError):
    """A pack cannot be read, is not what its manifest says, or is none of ours."""


def summary_of(path: Path) -> Summary | None:
    """The summary of a pack; None where `path` is none of ours.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        return None
    try:
        found = msgspec.json.decode(tail[at + _END_BYTES :], type=Summary)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.format == FORMAT else None


def read(pack: zipfile.ZipFile, path: Path) -> Manifest:
    """The manifest of an open pack.

    Raises:
        PackError: there is none, or a newer program wrote it.
    """
    try:
        if (info := pack.getinfo(NAME)).file_size > MOST:
            raise ValueError(f"it has more than {MOST} bytes")
        with pack.open(info) as file:
            manifest = msgspec.json.decode(file.read(MOST), type=Manifest)
        for member in manifest.members:
            if "\0" in member.own_name:  # one that is no name of bytes at all is an error, too
                raise ValueError("a name in it is no name")
    except _UNREADABLE as error:
        raise PackError(
            closed(f"{path} holds no manifest that can be read: {error}"),
            next_step="It is no archive of Stationmaster, or it is damaged. It was left as it is.",
        ) from error
    if manifest.format != FORMAT or manifest.version > VERSION:
        raise PackError(
            f"{path} was written by a newer Stationmaster.", next_step="Install that version to read it."
        )
    return manifest


def open_pack(path: Path) -> zipfile.ZipFile:
    """Open a pack to read it.

    Raises:
        PackError: it is no zip.
        OSError: it cannot be read.
    """
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise PackError(
            closed(f"{path} is no zip file, or damaged: {error}"), next_step="It was left as it is."
        ) from error


def named(file: str, taken: set[str]) -> str:
    """The first free name in a pack for a file of that name; it is taken then.

    Names that differ in upper and lower case alone would be one file where the pack is unpacked on Windows.
    """
    plain = shown(file).replace("/", "_").replace("\0", "_")
    stem, dot, ending = plain.rpartition(".")
    if not stem:
        stem, dot, ending = plain, "", ""
    name, number = plain, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem} ({number}){dot}{ending}"
    taken.add(name.casefold())
    return name


def member_of(file: str, name: str, *, size: int, mtime_ns: int, sha256: str) -> Member:
    """The member for a file that is called `name` in the pack."""
    other = "" if file == name else to_wire(file)
    return Member(name=name, file=other, size=size, mtime_ns=mtime_ns, sha256=sha256)
