"""One tray for each desktop session and home: a second launch raises the first one's window and leaves."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_LIMIT = 1000
"""Milliseconds to reach the first tray: before our window exists, so nobody waits for a frozen one."""

_LONGEST = 60
"""Bytes of a folder: the path of a socket has room for a hundred in all."""

PATIENCE = 10.0
"""Seconds that the first tray may take to answer: it may begin just now, on a slow computer."""
_PAUSE = 0.05

RAISE, RAISED = b"raise\n", b"raised\n"


def name_of(address: str, env: Mapping[str, str] | None = None) -> str:
    """A name for the tray of an agent's address in this desktop session.

    Args:
        address: the agent's.
        env: the environment; None: ours.
    """
    env = os.environ if env is None else env
    session = env.get("XDG_SESSION_ID", "") or env.get("WAYLAND_DISPLAY", "") or env.get("DISPLAY", "")
    user = env.get("USERNAME", "") if sys.platform == "win32" else str(os.getuid())
    digest = hashlib.sha256(f"{address}\0{session}\0{user}".encode(errors="surrogateescape")).hexdigest()[:16]
    name = f"stationmaster-tray-{digest}"
    if sys.platform == "win32":
        return name
    # Qt would put it into the folder for temporary files, where anybody could sit on the name.
    runtime = env.get("XDG_RUNTIME_DIR", "")
    if not runtime or not os.access(runtime, os.W_OK | os.X_OK) or len(os.fsencode(runtime)) > _LONGEST:
        runtime = _own_folder(os.getuid())
    return str(Path(runtime) / name) if runtime else ""


def _own_folder(user: int) -> str:
    """A folder for temporary files that is this user's alone; "" where somebody else sits on its name."""
    temp = tempfile.gettempdir()
    folder = Path(temp if len(os.fsencode(temp)) <= _LONGEST else "/tmp") / f"stationmaster-tray-{user}"  # noqa: S108 - looked at below
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        seen = folder.lstat()
        if stat.S_ISDIR(seen.st_mode) and seen.st_uid == user and not seen.st_mode & 0o077:
            return str(folder)
    return ""


class Single(QObject):
    """Holds the name of the one tray. `raised`: another launch wants our window to be seen.

    Who holds the lock is the one, and is told by a socket of that name. The lock goes with its process,
    however that ends; the socket's file stays, so it may be removed by who holds the lock alone.
    """

    raised = Signal()

    def __init__(self, name: str) -> None:
        """Hold nothing yet."""
        super().__init__()
        self._name = name
        self._lock = _Lock(Path(tempfile.gettempdir(), f"{name}.lock"))
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._heard)

    def acquire(self) -> bool:
        """Become the one tray; False where there is one: it answered, and its window was raised.

        Without a name that is safe from others each tray is the one, and so it is where the first one holds
        the name and says nothing: two are better than none.
        """
        if not self._name:
            return True
        end = time.monotonic() + PATIENCE
        while not self._lock.take():
            if self._told(end):
                return False
            if time.monotonic() > end:
                return True
            time.sleep(_PAUSE)  # it begins or ends just now; we have no window yet that could freeze
        QLocalServer.removeServer(self._name)
        self._server.listen(self._name)
        return True

    def release(self) -> None:
        """Let the name go; idempotent."""
        self._server.close()
        self._lock.give()

    def _told(self, end: float) -> bool:
        """The tray that holds the name answered that it shows its window."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_LIMIT):
            return False
        socket.write(RAISE)
        # One that begins answers once its loop runs; one that ends closes the connection.
        return socket.waitForReadyRead(max(1, round((end - time.monotonic()) * 1000)))

    def _heard(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.write(RAISED)
            socket.flush()
            self.raised.emit()


class _Lock:
    """A lock on a file of its own. The file stays: were it removed, two could hold one each."""

    def __init__(self, file: Path) -> None:
        """Hold nothing yet."""
        self._file = file
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Hold it, if nobody else does; where there can be no such file nobody does."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(self._file, flags, 0o600)
        except OSError:
            return True
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def give(self) -> None:
        """Hold it no more."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock a file or fail at once."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - there alone

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415 - elsewhere alone

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
