"""Telling systemd how the agent does: ready, alive, stopping. Elsewhere nobody listens, and nothing is sent.

The protocol is sd_notify(3): lines of `NAME=value` in one datagram to the socket that NOTIFY_SOCKET names.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Mapping

from stationmaster.model import AgentStatus, Severity

_LOG = logging.getLogger(__name__)
_WAIT = 1.0
"""Seconds that systemd may take to accept a datagram."""

_MARGIN = 10.0
"""Seconds beyond the shutdown budget after which systemd may lose patience."""


class SystemdNotifier:
    """Tells systemd, if it started this process and wants to be told."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """Look for it in the environment: the process's own if None."""
        env = os.environ if env is None else env
        self._address = env.get("NOTIFY_SOCKET", "") if sys.platform != "win32" else ""
        self.patience = _patience(env) if self._address else 0.0
        """Seconds of silence after which it kills us; 0: it has no such limit."""

    @property
    def listens(self) -> bool:
        """It wants to be told."""
        return bool(self._address)

    def beat_every(self, usual: float) -> float:
        """Seconds between two signs of life: three within its patience."""
        return min(usual, self.patience / 3) if self.patience else usual

    def ready(self, status: str) -> None:
        """The control channel is open."""
        self._send("READY=1", f"STATUS={status}")

    def alive(self, status: str) -> None:
        """The loop runs."""
        self._send("WATCHDOG=1", f"STATUS={status}")

    def stopping(self, budget: float) -> None:
        """The ordered stop has begun, and may take `budget` seconds."""
        microseconds = int((budget + _MARGIN) * 1e6)
        self._send("STOPPING=1", "STATUS=Stopping", f"EXTEND_TIMEOUT_USEC={microseconds}")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # "@" stands for the zero byte of an abstract socket (unix(7)).
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
                one.settimeout(_WAIT)
                one.connect(address)
                one.send("\n".join(lines).encode())
        except OSError as error:
            _LOG.warning("systemd cannot be told %s: %s", lines[0], error)


def sentence(status: AgentStatus) -> str:
    """The snapshot in so few words that `systemctl status` shows them in a line."""
    waiting = sum(one.counts.queued + one.counts.processing for one in status.instances)
    errors = sum(one.counts.error for one in status.instances)
    wrong = sum(problem.severity is Severity.ERROR for problem in status.problems)
    parts = [_count(len(status.instances), "station"), f"{_count(waiting, 'report')} waiting"]
    parts += [f"{errors} in error"] if errors else []
    parts += [f"{_count(wrong, 'problem')}: see stationmaster agent status"] if wrong else []
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _patience(env: Mapping[str, str]) -> float:
    """WATCHDOG_USEC, where it is meant for this process (sd_watchdog_enabled(3)); 0 for none."""
    meant = env.get("WATCHDOG_PID", "")
    # A frozen program's first process only unpacks and waits; the agent is its child.
    ours = {str(os.getpid())} | ({str(os.getppid())} if getattr(sys, "frozen", False) else set())
    text = env.get("WATCHDOG_USEC", "")
    if (meant and meant not in ours) or not text.isascii() or not text.isdigit():
        return 0.0
    return int(text) / 1e6
