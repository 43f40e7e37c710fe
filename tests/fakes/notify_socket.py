"""The end of `NOTIFY_SOCKET` that systemd has: a real datagram socket, and what came to it."""

from __future__ import annotations

import select
import socket
import time
from pathlib import Path
from typing import Self

from fakes.waiting import PATIENCE


class NotifySocket:
    """Receives what a service tells its manager. Enter it before the service starts."""

    def __init__(self, path: Path | None = None, *, abstract: str = "") -> None:
        self.address = f"@{abstract}" if abstract else str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + abstract if abstract else str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def next(self, *, seconds: float = PATIENCE) -> dict[str, str] | None:
        """The next message; None where none came in time."""
        ready, _, _ = select.select([self._socket], [], [], seconds)
        if not ready:
            return None
        lines = self._socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def until(self, name: str, *, seconds: float = PATIENCE) -> dict[str, str]:
        """The next message that has this field."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.next(seconds=max(0.0, end - time.monotonic()))
            if message is not None and name in message:
                return message
        raise AssertionError(f"{name} did not come within {seconds} s")

    def drain(self) -> None:
        """Forget what came so far."""
        while self.next(seconds=0.0) is not None:
            pass
