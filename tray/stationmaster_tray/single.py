"""One tray for each desktop session and home: a second launch raises the first one's window and leaves."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_LIMIT = 1000
"""Milliseconds to reach the first tray: before our window exists, so nobody waits for a frozen one."""

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
    runtime = env.get("XDG_RUNTIME_DIR", "")
    # Qt would put it into the folder for temporary files, where anybody could sit on the name.
    return str(Path(runtime) / name) if runtime and os.access(runtime, os.W_OK) else name


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
        """Become the one tray; False where there is one: its window was raised."""
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
