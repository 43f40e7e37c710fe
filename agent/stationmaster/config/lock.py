"""A lock between processes, on a file that stays. The system frees it when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Self

from stationmaster.errors import ConfigError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PAUSE = 0.005


class FileLock:
    """Exclusive between processes and between threads. Blocks: call it off the event loop.

    Example:
        >>> with FileLock(home.lock):
        ...     edit()
    """

    def __init__(self, path: Path, *, timeout: float = 10.0) -> None:
        """Remember the file; it is made on entry.

        Args:
            path: the lock's file, in a folder that exists.
            timeout: seconds to wait for another holder; 0 tries once.
        """
        self.path = path
        self._timeout = timeout
        self._descriptor = -1

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            ConfigError: another process held it all the time, or the file cannot be made.
        """
        if not self.try_acquire(wait=self._timeout):
            raise ConfigError(
                f"Another process holds {self.path}.",
                next_step="Wait until it is done, then try again.",
            )

    def try_acquire(self, *, wait: float = 0.0) -> bool:
        """Take the lock within `wait` seconds; False where another holder kept it."""
        # Real time on purpose: other processes do not live by an injected clock.
        deadline = time.monotonic() + wait
        descriptor = self._open()
        try:
            while not _try_lock(descriptor):
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return False
                time.sleep(_PAUSE)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Free the lock; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            _unlock(descriptor)
            os.close(descriptor)

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise ConfigError(
                f"The lock {self.path} cannot be opened: {error.strerror}.",
                next_step="Check the rights of the folder.",
            ) from error


if sys.platform == "win32":

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
