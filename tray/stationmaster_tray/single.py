"""One tray for each desktop session and home: a second launch raises the first one's window and leaves."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_LIMIT = 1000
"""Milliseconds to reach the first tray: before our window exists, so nobody waits for a frozen one."""

_LONGEST = 60
"""Bytes of a folder: the path of a socket has room for a hundred in all."""

RAISE = b"raise\n"


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
    """Holds the name of the one tray. `raised`: another launch wants our window to be seen."""

    raised = Signal()

    def __init__(self, name: str) -> None:
        """Hold nothing yet."""
        super().__init__()
        self._name = name
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._heard)

    def acquire(self) -> bool:
        """Become the one tray; False where there is one: its window was raised.

        Without a name that is safe from others each tray is the one: two are better than none.
        """
        if not self._name:
            return True
        if self._told():
            return False
        if not self._server.listen(self._name):
            # Left behind by a tray that was killed: nobody answered there.
            QLocalServer.removeServer(self._name)
            return self._server.listen(self._name) or not self._told()
        return True

    def release(self) -> None:
        """Let the name go."""
        self._server.close()

    def _told(self) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_LIMIT):
            return False
        socket.write(RAISE)
        socket.waitForBytesWritten(_LIMIT)
        socket.disconnectFromServer()
        return True

    def _heard(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            self.raised.emit()
