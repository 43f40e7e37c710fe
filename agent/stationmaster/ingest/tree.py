"""Putting a whole folder where it belongs: what `place` does with a file, for a folder that is one source.

Within a file system a folder moves by one rename. To another one it is copied, flushed, read again and
compared, and only then removed. A folder that goes away is renamed first to a name that says so, in one step:
half of a folder is never taken for the folder. All of it may be done again after a kill at any point.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat as modes
from pathlib import Path

from stationmaster.api.folder import digests_of, files_in, joined, state_of
from stationmaster.ingest import place
from stationmaster.ingest.settle import Stat

_CHUNK = 1 << 20
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR}
"""What a rename says where the name is taken by then."""


def is_tree(path: Path) -> bool:
    """Is it a folder, and no link to one?"""
    try:
        return modes.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def look(path: Path) -> Stat:
    """The state of all files in a folder.

    Raises:
        OSError: it cannot be looked at.
    """
    return Stat(*state_of(files_in(path)))


def digest(path: Path) -> str:
    """Hex SHA-256 of the names and bytes of all files in a folder.

    Raises:
        OSError: it cannot be read.
    """
    files = files_in(path)
    return joined(digests_of(files), files).hex()


def put(tree: Path, folder: Path, name: str, *, gone: Path, spare: int = 0) -> Path:
    """Move `tree` into `folder` under the first free name, and make that durable.

    Args:
        gone: its name beside it while it is removed after a copy.

    Raises:
        OSError: it cannot be done; `tree` is where it was, or at `gone` with a whole copy in `folder`.
    """
    place.make_folder(folder)
    try:
        target = _rename(tree, folder, name, spare=spare)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        target = put_copy(tree, folder, name, spare=spare)
        vanish(tree, gone)
    return target


def put_copy(tree: Path, folder: Path, name: str, *, spare: int = 0) -> Path:
    """Copy `tree` into `folder`; a copy that lies there already, whole, is taken for it."""
    place.make_folder(folder)
    temporary = folder / place.temporary_name(tree, look(tree))
    if is_tree(temporary):  # of a copy that was interrupted
        shutil.rmtree(temporary)
    try:
        _copy(tree, temporary)
        for candidate in place.candidates(name, place.mark_of(look(tree)), spare=spare):
            if not os.path.lexists(folder / candidate):
                break
            if is_tree(folder / candidate) and digest(folder / candidate) == digest(temporary):
                shutil.rmtree(temporary)
                return folder / candidate
        return _rename(temporary, folder, name, spare=spare)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def put_back(tree: Path, name: str) -> Path:
    """Give `tree` its name back where it lies, or the first free one like it.

    Raises:
        OSError: it cannot be done; `tree` is where it was.
    """
    return _rename(tree, tree.parent, name, spare=0)


def vanish(tree: Path, gone: Path) -> None:
    """Remove a folder: its name goes in one step, then its files.

    Raises:
        OSError: it cannot be done; what is left lies at `gone`.
    """
    tree.rename(gone)
    place.flush_folder(gone.parent)
    finish(gone)


def finish(gone: Path) -> None:
    """Remove what an interrupted `vanish` left, if anything.

    Raises:
        OSError: it cannot be done.
    """
    if is_tree(gone):
        shutil.rmtree(gone)
        place.flush_folder(gone.parent)


def _rename(tree: Path, folder: Path, name: str, *, spare: int) -> Path:
    """Never onto something: a rename would replace an empty folder, and nothing else."""
    for candidate in place.candidates(name, place.mark_of(look(tree)), spare=spare):
        target = folder / candidate
        if os.path.lexists(target):
            continue
        try:
            tree.rename(target)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            continue
        place.flush_folder(folder)
        place.flush_folder(tree.parent)
        return target
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder / name))


def _copy(tree: Path, temporary: Path) -> None:
    """Copy all there is, hidden files and links as they are too, durably, and compare.

    Raises:
        OSError: it cannot be copied, or changed meanwhile (EAGAIN).
    """
    before = look(tree)
    try:
        shutil.copytree(tree, temporary, symlinks=True, copy_function=_copy_file)
    except shutil.Error as error:
        _, _, reason = error.args[0][0]
        raise OSError(errno.EIO, f"not all of it can be copied: {reason}", str(tree)) from error
    for path, _, _ in os.walk(temporary):
        place.flush_folder(Path(path))
    if look(tree) != before or digest(tree) != digest(temporary):
        raise BlockingIOError(errno.EAGAIN, "it changed while it was copied", str(tree))


def _copy_file(source: str, target: str) -> None:
    seen = os.stat(source)  # noqa: PTH116 - `copytree` calls with texts
    if not modes.S_ISREG(seen.st_mode):
        raise OSError(errno.EINVAL, "it is no file", source)
    with open(source, "rb") as reading, open(target, "xb") as writing:  # noqa: PTH123 - the same
        shutil.copyfileobj(reading, writing, _CHUNK)
        writing.flush()
        os.utime(target, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        os.fsync(writing.fileno())
    os.chmod(target, seen.st_mode & 0o777 | 0o600)  # noqa: PTH101 - the same
