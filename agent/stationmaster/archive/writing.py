"""Writing a pack: into a temporary file beside its place, flushed, read back, and only then renamed.

Synchronous; for a child process or a command.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from stationmaster.archive import manifest
from stationmaster.archive.manifest import Kind, Manifest, Member, PackError, Summary
from stationmaster.ingest.place import flush_folder
from stationmaster.ingest.scan import OWN_PREFIX

RESERVE = 256 * 1024 * 1024
"""Bytes that a pack leaves free on its disk: the spool may lie there too."""

_CHUNK = 1 << 20
_LOOK = 16 * _CHUNK
_LARGE = 1 << 31
_EARLIEST, _LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)


class Reads(Protocol):
    """What a file is read from."""

    def read(self, size: int, /) -> bytes:
        """So many bytes at most, b"" at the end."""
        ...


class PackWriter:
    """Puts files into a pack. Use `new_pack`; nothing is in place before that ends."""

    def __init__(self, temporary: Path, kind: Kind, *, reserve: int = RESERVE) -> None:
        """Begin the temporary file; one that an earlier run left there is overwritten."""
        self.path = temporary
        self.kind = kind
        self._reserve = reserve
        self._unlooked = 0
        self._file = temporary.open("wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self._members: list[Member] = []
        self._taken = {manifest.NAME.casefold()}
        self.size = 0
        """Bytes put in, unpacked."""

    def __len__(self) -> int:
        return len(self._members)

    def add(
        self,
        source: Reads,
        file: str,
        *,
        size: int,
        mtime_ns: int,
        about: Mapping[str, str | int | None] | None = None,
    ) -> Member:
        """Put in what can be read from `source`, under the first free name like `file`.

        Raises:
            OSError: `source` cannot be read, or the disk takes no more.
        """
        name = manifest.named(file, self._taken)
        info = zipfile.ZipInfo(name, _dos_time(mtime_ns))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        digest, done = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=size >= _LARGE) as sink:
            while piece := source.read(_CHUNK):
                self._look_for_room(len(piece))
                digest.update(piece)
                sink.write(piece)
                done += len(piece)
        member = manifest.member_of(file, name, size=done, mtime_ns=mtime_ns, sha256=digest.hexdigest())
        if about:
            member = msgspec.structs.replace(member, about=dict(about))
        self._members.append(member)
        self.size += done
        return member

    def take_over(self, old: zipfile.ZipFile, member: Member) -> None:
        """Put in a file of another pack, as it is there.

        Raises:
            PackError: it is not what the manifest says.
        """
        with old.open(member.name) as source:
            new = self.add(
                source,
                member.own_name,
                size=member.size,
                mtime_ns=member.mtime_ns,
                about=member.about,
            )
        if new.sha256 != member.sha256:
            raise PackError(f"{member.name} in {old.filename} is not what its manifest says.")

    def close(self) -> Manifest:
        """Write the manifest, and flush all of it to the disk."""
        whole = Manifest(kind=self.kind, made_at=datetime.now(UTC), members=tuple(self._members))
        info = zipfile.ZipInfo(manifest.NAME, _dos_time(time.time_ns()))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as sink:
            sink.write(msgspec.json.encode(whole))
        self._zip.comment = msgspec.json.encode(
            Summary(kind=self.kind, files=len(self._members), size=self.size)
        )
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return whole

    def drop(self) -> None:
        """Give it up, and remove the temporary file."""
        self._zip.fp = None  # else its end would be written: to a disk that is full, say
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _look_for_room(self, more: int) -> None:
        if self._unlooked <= 0:
            if shutil.disk_usage(self.path.parent).free < self._reserve + _LOOK:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            self._unlooked = _LOOK
        self._unlooked -= more


def temporary_of(target: Path) -> Path:
    """Where a pack is written before it is in place."""
    return target.with_name(f"{OWN_PREFIX}{target.name}.part")


@contextmanager
def new_pack(target: Path, kind: Kind, *, reserve: int = RESERVE) -> Iterator[PackWriter]:
    """A pack that is in its place, verified and durable, when the block ends; after an error nothing is.

    One that lies there is replaced, in one step.

    Raises:
        PackError: what was written does not read back as it was written.
        OSError: the disk does not take it.
    """
    writer = PackWriter(temporary_of(target), kind, reserve=reserve)
    try:
        yield writer
        written = writer.close()
        read_back(writer.path, written)
        writer.path.replace(target)
    except BaseException:
        writer.drop()
        raise
    flush_folder(target.parent)


def read_back(path: Path, expected: Manifest | None = None) -> Manifest:
    """Read every file of a pack, and compare length, checksum and digest with its manifest.

    Args:
        expected: what the manifest must say; None: what it says itself.

    Raises:
        PackError: something differs, is missing, or is there beyond the manifest.
        OSError: it cannot be read.
    """
    with manifest.open_pack(path) as pack:
        found = manifest.read(pack, path)
        if expected is not None and found != expected:
            raise PackError(f"The manifest of {path} is not what was written.")
        names = sorted(pack.namelist())
        if names != sorted([manifest.NAME, *(one.name for one in found.members)]):
            raise PackError(f"{path} does not hold the files that its manifest lists.")
        for member in found.members:
            _compare(pack, member, path)
    return found


def _compare(pack: zipfile.ZipFile, member: Member, path: Path) -> None:
    digest, size = hashlib.sha256(), 0
    try:
        with pack.open(member.name) as source:  # its end compares the CRC
            while piece := source.read(_CHUNK):
                digest.update(piece)
                size += len(piece)
    except (zipfile.BadZipFile, EOFError, ValueError, zlib.error) as error:
        raise PackError(f"{member.name} in {path} is damaged: {error}.") from error
    if size != member.size or digest.hexdigest() != member.sha256:
        raise PackError(f"{member.name} in {path} is not what its manifest says.")


def _dos_time(mtime_ns: int) -> tuple[int, int, int, int, int, int]:
    """Local time, as a zip has it; the manifest has it exactly."""
    try:
        found = time.localtime(mtime_ns // 1_000_000_000)[:6]
    except (OverflowError, OSError, ValueError):
        return _EARLIEST
    return min(max(found, _EARLIEST), _LATEST)
