"""A real agent under a service manager: it says that it is ready, that it lives, and that it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.notify_socket import NotifySocket
from fakes.waiting import PATIENCE

if sys.platform == "win32":
    pytest.skip("there is no systemd on Windows", allow_module_level=True)

WATCHDOG = 1.5
HANGS = """
import signal, time
def stand_still(*_: object) -> None:
    time.sleep(600)
signal.signal(signal.SIGUSR1, stand_still)
from stationmaster.cli.main import main
main()
"""
"""An agent whose loop stands still when it is told to: the handler runs in the loop's thread."""


@contextmanager
def agent(root: Path, heard: NotifySocket) -> Iterator[subprocess.Popen[str]]:
    """As systemd starts it."""
    env = {
        **os.environ,
        "STATIONMASTER_HOME": str(root / "home"),
        "NOTIFY_SOCKET": heard.address,
        "WATCHDOG_USEC": str(int(WATCHDOG * 1e6)),
    }
    command = [sys.executable, "-c", HANGS, "agent", "run"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_says_when_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    with NotifySocket(tmp_path / "notify") as heard, agent(tmp_path, heard) as process:
        first = heard.next()
        assert first == {"READY": "1", "STATUS": "0 stations, 0 reports waiting"}
        assert (tmp_path / "home" / "run").is_dir()  # the channel was there before
        for _ in range(3):
            heard.until("WATCHDOG")
        process.send_signal(signal.SIGTERM)
        stopping = heard.until("STOPPING")
        assert int(stopping["EXTEND_TIMEOUT_USEC"]) >= 30_000_000
        _, talk = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, talk


def test_a_loop_that_hangs_gives_no_sign_of_life_and_its_end_tells_where_it_hung(tmp_path: Path) -> None:
    with NotifySocket(tmp_path / "notify") as heard, agent(tmp_path, heard) as process:
        heard.until("WATCHDOG")
        process.send_signal(signal.SIGUSR1)
        # One may be on its way. Then there is silence, for much longer than systemd's patience.
        silent = False
        for _ in range(5):
            silent = silent or heard.next(seconds=WATCHDOG * 3) is None
        assert silent
        assert heard.next(seconds=WATCHDOG) is None
        process.send_signal(signal.SIGABRT)  # what systemd does then
        _, talk = process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGABRT
        assert "in stand_still" in talk
