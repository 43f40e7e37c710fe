"""A disk whose power can be cut: ext4 on a loop device, stopped in an instant, then mounted again.

`LoopDisk.cut` shuts the file system down without flushing its log: what was not flushed to the disk by then
is gone, as after a power cut. The mount options take away what would flush by itself: the commit every five
seconds, and the flush that ext4 does for a file that is renamed over another.

Linux and root only: `LoopDisk.why_not` says what is missing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

if sys.platform != "win32":
    import fcntl

SHUTDOWN = 0x8004587D
"""FS_IOC_SHUTDOWN, of the kernel's include/uapi/linux/fs.h."""

NO_LOG_FLUSH = 2
BYTES = 64 * 1024 * 1024
OPTIONS = "loop,commit=600,noauto_da_alloc,noatime,noinit_itable"

_TOOLS = ("losetup", "mkfs.ext4", "mount", "umount")


class Switch:
    """The power switch of the disk that a folder lies on. Opened first, so that `cut` takes no time."""

    def __init__(self, folder: Path) -> None:
        """Hold the disk's root, or any folder on it, open."""
        self._handle = os.open(folder, os.O_RDONLY)

    def cut(self) -> None:
        """Cut the power: nothing reaches the disk any more."""
        try:
            fcntl.ioctl(self._handle, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(self._handle)


class LoopDisk:
    """A small disk of its own, mounted at `folder` as long as the `with` block lasts."""

    def __init__(self, image: Path, folder: Path) -> None:
        """Make nothing yet.

        Args:
            image: file that holds the disk; it is made, and removed in the end.
            folder: where it is mounted; it is made.
        """
        self._image = image
        self.folder = folder

    @staticmethod
    def why_not() -> str:
        """What this machine lacks, "" when nothing is known to be missing; mounting may be refused still."""
        if sys.platform != "linux" or os.geteuid() != 0:
            return "a power cut needs Linux and root"
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        return f"a power cut needs {', '.join(missing)}" if missing else ""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        try:
            with self._image.open("xb") as file:
                file.truncate(BYTES)
            _run("mkfs.ext4", "-q", "-F", "-E", "nodiscard", str(self._image))
            self._mount()
        except BaseException:
            self._image.unlink(missing_ok=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.folder.is_mount() or _is_dead(self.folder):
                with contextlib.suppress(subprocess.CalledProcessError):
                    _run("umount", str(self.folder))
                    return
                _run("umount", "--lazy", str(self.folder))  # the loop device goes with its last user
        finally:
            self._image.unlink(missing_ok=True)

    def switch(self) -> Switch:
        """Its power switch."""
        return Switch(self.folder)

    def cut(self) -> None:
        """Cut the power at once."""
        self.switch().cut()

    def restore(self) -> None:
        """Power is back: mount what is on the disk. Nobody may have a file of it open."""
        _run("umount", str(self.folder))
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-t", "ext4", "-o", OPTIONS, str(self._image), str(self.folder))


def _is_dead(folder: Path) -> bool:
    """A disk without power still is mounted, but may not say so."""
    try:
        folder.stat()
    except OSError:
        return True
    return False


def _run(*command: str) -> None:
    """Run a system tool.

    Raises:
        subprocess.CalledProcessError: it refused; its words are a note of the error.
    """
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        done.check_returncode()
    except subprocess.CalledProcessError as error:
        error.add_note(done.stderr.strip())
        raise
