"""Writing a pack: into a temporary file beside its place, flushed, read back, and only then renamed.

Synchronous; for a child process or a command.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import sys
import time
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

import msgspec

from stationmaster.archive import manifest
from stationmaster.archive.manifest import Kind, Manifest, Member, PackError, Summary
from stationmaster.archive.reading import pieces
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

    def __init__(
        self, temporary: Path, kind: Kind, *, reserve: int = RESERVE, onto: Manifest | None = None
    ) -> None:
        """Begin the temporary file.

        Args:
            onto: it is there, a copy of a pack with this manifest: go on from its end.
        """
        self.path = temporary
        self.kind = kind
        self._reserve = reserve
        self._unlooked = 0
        self._members: list[Member] = list(onto.members) if onto else []
        self._taken = {manifest.NAME.casefold(), *(one.name.casefold() for one in self._members)}
        self._file = temporary.open("r+b" if onto else "x+b")
        self.rights = os.fstat(self._file.fileno()).st_mode & 0o644
        """Who may read the pack once it is in place; its maker always may, and until then nobody else."""
        _give(self._file, 0)
        self._zip = zipfile.ZipFile(self._file, "a" if onto else "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        if onto:
            self._undo(self._zip.getinfo(manifest.NAME))
        self.size = sum(one.size for one in self._members)
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

        Where `source` fails nothing of it is in the pack, which may be written on.

        Raises:
            OSError: `source` cannot be read, or the disk takes no more.
        """
        name = manifest.named(file, self._taken)
        info = zipfile.ZipInfo(name, _dos_time(mtime_ns))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        digest, done = hashlib.sha256(), 0
        try:
            with self._zip.open(info, "w", force_zip64=size >= _LARGE) as sink:
                while piece := source.read(_CHUNK):
                    self._look_for_room(len(piece))
                    digest.update(piece)
                    sink.write(piece)
                    done += len(piece)
        except BaseException:
            self._undo(info)
            self._taken.discard(name.casefold())
            raise
        member = manifest.member_of(file, name, size=done, mtime_ns=mtime_ns, sha256=digest.hexdigest())
        if about:
            member = msgspec.structs.replace(member, about=dict(about))
        self._members.append(member)
        self.size += done
        return member

    def take_out(self, names: Collection[str]) -> None:
        """Leave these members out after all. Their bytes stay in the file; no program shows them."""
        if not names:
            return
        self.size -= sum(one.size for one in self._members if one.name in names)
        self._members = [one for one in self._members if one.name not in names]
        self._zip.filelist[:] = [one for one in self._zip.filelist if one.filename not in names]
        for name in names:
            del self._zip.NameToInfo[name]

    def _undo(self, info: zipfile.ZipInfo) -> None:
        """Take an entry of the zip back; of the last one the bytes, too."""
        if self._zip.NameToInfo.pop(info.filename, None) is None:
            return  # it did not come that far
        self._zip.filelist.remove(info)
        if not self._zip.filelist or self._zip.filelist[-1].header_offset < info.header_offset:
            self._zip.start_dir = info.header_offset
            self._file.truncate(info.header_offset)

    def close(self) -> Manifest:
        """Write the manifest, and flush all of it to the disk.

        Raises:
            PackError: there are too many files.
        """
        whole = Manifest(kind=self.kind, made_at=datetime.now(UTC), members=tuple(self._members))
        text = msgspec.json.encode(whole)
        if len(text) > manifest.MOST:
            raise PackError(f"{len(self._members)} files are too many for one zip.")
        info = zipfile.ZipInfo(manifest.NAME, _dos_time(time.time_ns()))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as sink:
            sink.write(text)
        self._zip.comment = msgspec.json.encode(
            Summary(kind=self.kind, files=len(self._members), size=self.size)
        )
        self._zip.close()
        self._file.flush()
        _give(self._file, self.rights)
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
def new_pack(
    target: Path, kind: Kind, *, reserve: int = RESERVE, onto: Manifest | None = None
) -> Iterator[PackWriter]:
    """A pack that is in its place, verified and durable, when the block ends; after an error nothing is.

    One that lies there is replaced, in one step.

    Args:
        onto: of the pack that lies there: begin with what it holds, as it is. Nothing of that is compressed
            again.

    Raises:
        PackError: what was written does not read back as it was written.
        OSError: the disk does not take it.
    """
    temporary, writer = temporary_of(target), None
    try:
        temporary.unlink(missing_ok=True)  # of a run that was killed
        if onto is not None:
            _copy(target, temporary, reserve)
        writer = PackWriter(temporary, kind, reserve=reserve, onto=onto)
        yield writer
        written = writer.close()
        read_back(writer.path, written)
        writer.path.replace(target)
    except BaseException:
        if writer is not None:
            writer.drop()
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(target.parent)


def _copy(pack: Path, temporary: Path, reserve: int) -> None:
    if shutil.disk_usage(pack.parent).free < reserve + pack.stat().st_size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(pack.parent))
    with pack.open("rb") as source, temporary.open("xb") as sink:  # follows no link
        _give(sink, 0)
        shutil.copyfileobj(source, sink, _CHUNK)
    shutil.copymode(pack, temporary)


def _give(file: IO[bytes], rights: int) -> None:
    if sys.platform != "win32":  # there a file inherits them from its folder
        os.fchmod(file.fileno(), stat.S_IMODE(rights) | 0o600)


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
            for _ in pieces(pack, path, member):
                pass
    return found


def _dos_time(mtime_ns: int) -> tuple[int, int, int, int, int, int]:
    """Local time, as a zip has it; the manifest has it exactly."""
    try:
        found = time.localtime(mtime_ns // 1_000_000_000)[:6]
    except (OverflowError, OSError, ValueError):
        return _EARLIEST
    return min(max(found, _EARLIEST), _LATEST)
