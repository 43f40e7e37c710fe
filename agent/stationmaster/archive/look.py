"""What an archive holds: its days, packed and loose, and the files of each."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from stationmaster.archive import manifest
from stationmaster.archive.manifest import Kind, Member, PackError
from stationmaster.archive.pack import loose
from stationmaster.archive.place import DAY, INSIDE
from stationmaster.archive.reading import pieces

_CHUNK = 1 << 20
_MOST = 1 << 30


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of an archive.

    Attributes:
        pack: the zip, "" where the day is not packed.
        files: files in the zip; `size` bytes unpacked, `packed_size` bytes of the zip. No files where it is
            damaged, or none of ours.
        loose: files that lie in the day's folder; `loose_size` bytes.
    """

    day: str
    root: str
    pack: str = ""
    files: int = 0
    size: int = 0
    packed_size: int = 0
    loose: int = 0
    loose_size: int = 0


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an archive.

    Attributes:
        name: its own name.
        place: where it is: a path, or the path of a pack and a name in it.
        sha256: hex digest of its content, "" for a loose file.
        member: its entry in the pack, None for a loose file.
    """

    name: str
    place: str
    size: int
    mtime_ns: int
    sha256: str = ""
    member: Member | None = None


FILLED_BY: Final = (
    'Only watch folders with after = "archive" fill it, and files that were submitted; '
    "they stay for the days that retention.archive_days says, 0 for ever."
)
"""Why an archive may be empty."""


def days(root: Path) -> list[Day]:
    """The days of an archive, the oldest first; empty where there is none.

    Raises:
        OSError: it cannot be read.
    """
    try:
        entries = list(root.iterdir())
    except FileNotFoundError:
        return []
    names = {path.name.removesuffix(".zip") for path in entries}
    found = (_day(root, name) for name in sorted(names) if DAY.fullmatch(name))
    return [day for day in found if day is not None]


def _day(root: Path, name: str) -> Day | None:
    folder, pack = root / name, root / f"{name}.zip"
    lying = [seen.st_size for _, seen in loose(folder)]
    packed = pack.is_file()
    if not packed and not lying:
        return None
    day = Day(day=name, root=str(root), loose=len(lying), loose_size=sum(lying))
    if not packed:
        return day
    day = msgspec.structs.replace(day, pack=str(pack), packed_size=pack.stat().st_size)
    try:
        summary = manifest.summary_of(pack)
    except OSError:
        summary = None
    if summary is None:
        return day
    return msgspec.structs.replace(day, files=summary.files, size=summary.size)


def locate(wanted: str, among: Sequence[Path]) -> list[tuple[Path | None, Path | None]]:
    """Folders of a day with their pack, for a day, or the path of a pack: (folder or None, pack or None).

    Args:
        wanted: `2026-11-27`, or the path of a zip.
        among: the archives of the instance.

    Raises:
        PackError: there is nothing of that name.
    """
    if DAY.fullmatch(wanted):
        found: list[tuple[Path | None, Path | None]] = [
            (root / wanted, pack if (pack := root / f"{wanted}.zip").is_file() else None)
            for root in among
            if (root / wanted).is_dir() or (root / f"{wanted}.zip").is_file()
        ]
        if not found:
            raise PackError(
                f"Nothing of {wanted} is in {', '.join(map(str, among))}.",
                next_step=f"See which days there are: stationmaster archive list. {FILLED_BY}",
            )
        return found
    path = Path(wanted).absolute()
    if not path.is_file():
        raise PackError(
            f"{wanted} is neither a day nor a zip file.",
            next_step="Write a day as 2026-11-27. See which there are: stationmaster archive list",
        )
    return [(None, path)]


class Holding:
    """The files of one day, packed and loose, or of one pack. Use `holding`."""

    def __init__(self, folder: Path | None, pack: Path | None, stack: ExitStack) -> None:
        """Read the manifest; `stack` closes the zip."""
        self._folder = folder
        self._path = pack
        self._zip = None
        self.kind = Kind.FILES
        self.members: tuple[Member, ...] = ()
        if pack is not None:
            self._zip = stack.enter_context(manifest.open_pack(pack))
            found = manifest.read(self._zip, pack)
            self.kind, self.members = found.kind, found.members

    def files(self, pattern: str = "*") -> Iterator[Archived]:
        """The files whose own name, or name in the pack, fits the pattern."""
        for one in self.members:
            if fnmatch.fnmatchcase(one.own_name, pattern) or fnmatch.fnmatchcase(one.name, pattern):
                yield Archived(
                    name=one.own_name,
                    place=f"{self._path}{INSIDE}{one.name}",
                    size=one.size,
                    mtime_ns=one.mtime_ns,
                    sha256=one.sha256,
                    member=one,
                )
        for path, seen in loose(self._folder) if self._folder is not None else ():
            if fnmatch.fnmatchcase(path.name, pattern):
                yield Archived(name=path.name, place=str(path), size=seen.st_size, mtime_ns=seen.st_mtime_ns)

    def pieces(self, file: Archived) -> Iterator[bytes]:
        """The content of one of `files`, piece by piece; of a packed one as much as its manifest says.

        Raises:
            PackError: it is damaged in the pack, or other than its manifest says; told at its end.
        """
        if file.member is not None and self._zip is not None and self._path is not None:
            yield from pieces(self._zip, self._path, file.member)
            return
        with Path(file.place).open("rb") as source:
            while piece := source.read(_CHUNK):
                yield piece

    def read(self, file: Archived, *, most: int = _MOST) -> bytes:
        """All of one of `files`.

        Raises:
            PackError: it has more than `most` bytes, is damaged in the pack, or other than its manifest says.
        """
        content = bytearray()
        for piece in self.pieces(file):
            content += piece
            if len(content) > most:
                raise PackError(f"{file.place} has more than {most} bytes.")
        return bytes(content)


@contextmanager
def holding(folder: Path | None, pack: Path | None) -> Iterator[Holding]:
    """What a day, or a pack, holds.

    Raises:
        PackError: the pack is damaged, or none of ours.
        OSError: it cannot be read.
    """
    with ExitStack() as stack:
        in_day = folder is not None and DAY.fullmatch(folder.name) and folder.is_dir()
        yield Holding(folder if in_day else None, pack, stack)
