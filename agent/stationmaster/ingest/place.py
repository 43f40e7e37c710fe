"""Putting a file where it belongs without ever overwriting another, and so that it survives a power cut.

All of it may be done again after a kill at any point: what is half done is found and finished.
Synchronous; runs where `stationmaster.ingest.files` runs it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath

from stationmaster.home import file_system
from stationmaster.ingest.scan import MARK, OWN_PREFIX
from stationmaster.ingest.settle import Stat

NAME_BYTES = 255
"""Longest file name everywhere."""

_PLAIN_TRIES = 50
"""Numbers that are tried before a name gets a mark of its own."""

_CHUNK = 1 << 20
_NO_FLUSH = {errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What some shares say to a flush of a folder, or a folder that may be written but not read."""

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EACCES}
"""What file systems without hard links say to one."""


def fit(name: str, limit: int) -> str:
    """`name`, its stem cut on a character boundary so that it has no more than `limit` bytes."""
    stem, ending = PurePath(name).stem, PurePath(name).suffix
    while stem and len(os.fsencode(stem + ending)) > limit:
        stem = stem[:-1]
    return (stem + ending) if stem else name[: limit // 4]


def candidates(name: str, mark: str, *, spare: int = 0) -> Iterator[str]:
    """Names to try, in order: `name.ext`, `name (2).ext`, ..., at last one with `mark` in it.

    Args:
        mark: short text that is this file's own.
        spare: bytes to leave free for what is appended to the name later.
    """
    yield fit(name, NAME_BYTES - spare)
    fitting = PurePath(fit(name, NAME_BYTES - spare - len(mark) - 3))
    stem, ending = fitting.stem, fitting.suffix
    for number in range(2, _PLAIN_TRIES):
        yield f"{stem} ({number}){ending}"
    yield f"{stem} ({mark}){ending}"


def look(path: Path) -> Stat | None:
    """Size and mtime, None where there is nothing.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        seen = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stat(seen.st_size, file_system.mtime_ns(seen))


def make_folder(folder: Path) -> None:
    """Create `folder` and what is missing above it, durably.

    Raises:
        OSError: it cannot be created.
    """
    missing = []
    step = folder
    while not step.is_dir() and step != step.parent:
        missing.append(step)
        step = step.parent
    for step in reversed(missing):
        step.mkdir(exist_ok=True)
        flush_folder(step.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where that can be asked for."""
    try:
        file_system.flush_folder(folder)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise


def put(file: Path, folder: Path, name: str, *, spare: int = 0) -> Path:
    """Move `file` into `folder` under the first free name, and make that durable.

    Done again after a kill, it finds the copy or link that it made before.

    Raises:
        OSError: it cannot be done; `file` is where it was.
    """
    make_folder(folder)
    temporary = _temporary(file, folder)
    try:
        if file.is_symlink():
            raise OSError(errno.EXDEV, "a link is not moved, what it points to is copied")
        target = _near(file, folder, name, spare=spare)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        target = put_copy(file, folder, name, spare=spare)
        if not _same_bytes(file, target):  # what goes next is the last of it
            raise OSError(errno.EIO, "its copy is not the same", str(target)) from error
        file.unlink(missing_ok=True)
        flush_folder(file.parent)
    temporary.unlink(missing_ok=True)  # of a copy that was interrupted
    return target


def put_copy(file: Path, folder: Path, name: str, *, spare: int = 0) -> Path:
    """As `put`, but `file` stays."""
    make_folder(folder)
    temporary = _temporary(file, folder)
    _copy(file, temporary)
    return _near(temporary, folder, name, spare=spare)


def is_one_file(file: Path, other: Path) -> bool:
    """Are these two names of one file?"""
    try:
        return os.path.samestat(file.lstat(), other.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return False


def put_back(file: Path, name: str) -> Path:
    """Give `file` its name back where it lies, or the first free one like it; a link stays a link.

    Raises:
        OSError: it cannot be done; `file` is where it was.
    """
    return _near(file, file.parent, name, spare=0)


def mark_of(stat: Stat) -> str:
    """Eight characters that name this content, also after a restart."""
    return f"{(stat.size * 1_000_003 ^ stat.mtime_ns) & 0xFFFFFFFF:08x}"


def _mark(file: Path) -> str:
    return mark_of(_state(file))


def _state(file: Path) -> Stat:
    seen = file.stat()
    return Stat(seen.st_size, file_system.mtime_ns(seen))


def _temporary(file: Path, folder: Path) -> Path:
    return folder / temporary_name(file, _state(file))


def temporary_name(source: Path, state: Stat) -> str:
    """What a copy is called until it is whole: its own, as many copies may be made at once."""
    text = f"{source.absolute()}\0{state.size}\0{state.mtime_ns}"
    mark = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:MARK]
    return f"{OWN_PREFIX}{mark}.tmp"


def _near(file: Path, folder: Path, name: str, *, spare: int) -> Path:
    """Within one file system: a second name, durably, then the first one goes."""
    for candidate in candidates(name, _mark(file), spare=spare):
        target = folder / candidate
        if _take_name(file, target):
            flush_folder(folder)
            file.unlink(missing_ok=True)
            flush_folder(file.parent)
            return target
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder / name))


def _take_name(file: Path, target: Path) -> bool:
    """Let `target` name the content of `file`; False when that name is taken by another content."""
    try:
        if sys.platform == "win32":
            file.rename(target)  # refuses to overwrite there
        else:
            os.link(file, target)
    except FileExistsError:
        return _is_same(file, target) or _take_reserved(file, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _reserve(file, target)
    return True


def _is_same(file: Path, target: Path) -> bool:
    """Is `target` what an interrupted run made of `file`: the same inode, or a copy down to its mtime?"""
    one, other = file.stat(), target.lstat()
    if os.path.samestat(one, other):
        return True
    if (one.st_size, one.st_mtime_ns) != (other.st_size, other.st_mtime_ns):
        return False
    return _same_bytes(file, target)


def _same_bytes(file: Path, target: Path) -> bool:
    with file.open("rb") as left, target.open("rb") as right:
        while piece := left.read(_CHUNK):
            if piece != right.read(_CHUNK):
                return False
        return not right.read(1)


def _reserve(file: Path, target: Path) -> bool:
    """Where the file system has no hard links: make the name ours first, then replace our own mark."""
    try:
        opened = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return _is_same(file, target) or _take_reserved(file, target)
    try:
        os.write(opened, _reservation(file))
    finally:
        os.close(opened)
    file.replace(target)
    return True


def _take_reserved(file: Path, target: Path) -> bool:
    """Go on where `_reserve` was interrupted: the name holds our mark and nothing else."""
    mark = _reservation(file)
    if target.lstat().st_size != len(mark) or target.read_bytes() != mark:
        return False
    file.replace(target)
    return True


def _reservation(file: Path) -> bytes:
    return b"reserved by stationmaster for " + os.fsencode(file.name)


def _copy(file: Path, temporary: Path) -> None:
    """Copy content, mtime and mode to our own temporary file, durably.

    Raises:
        OSError: it cannot be copied, or changed meanwhile (EAGAIN).
    """
    before = file.stat()
    temporary.unlink(missing_ok=True)  # perhaps a second name of a finished copy: never write into it
    try:
        with file.open("rb") as source, temporary.open("xb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)
            sink.flush()
            os.utime(temporary, ns=(before.st_atime_ns, before.st_mtime_ns))
            os.fsync(sink.fileno())
        after = file.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise BlockingIOError(errno.EAGAIN, "it changed while it was copied", str(file))
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    temporary.chmod(before.st_mode & 0o777 | 0o600)
