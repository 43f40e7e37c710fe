"""What a service manager is told, and when nobody is told."""

from __future__ import annotations

import logging
import os
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes.notify_socket import NotifySocket
from stationmaster.hosting.notify import SystemdNotifier, sentence
from stationmaster.model import (
    AgentStatus,
    Counts,
    InstanceStatus,
    Lifecycle,
    Link,
    Problem,
    ProblemCode,
    Severity,
    UploadStatus,
)

if sys.platform == "win32":
    pytest.skip("datagram sockets of Unix", allow_module_level=True)


def test_all_that_is_told_arrives(tmp_path: Path) -> None:
    with NotifySocket(tmp_path / "notify") as heard:
        notifier = SystemdNotifier({"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "60000000"})
        assert notifier.listens
        notifier.ready("2 instances")
        notifier.alive("3 instances")
        notifier.stopping(30.0)
        assert heard.next() == {"READY": "1", "STATUS": "2 instances"}
        assert heard.next() == {"WATCHDOG": "1", "STATUS": "3 instances"}
        assert heard.next() == {"STOPPING": "1", "STATUS": "Stopping", "EXTEND_TIMEOUT_USEC": "40000000"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract sockets")
def test_an_abstract_socket_is_one_too() -> None:
    with NotifySocket(abstract=f"stationmaster-{uuid.uuid4()}") as heard:
        SystemdNotifier({"NOTIFY_SOCKET": heard.address}).ready("here")
        assert heard.next() == {"READY": "1", "STATUS": "here"}


def test_without_a_manager_nothing_is_sent() -> None:
    notifier = SystemdNotifier({})
    assert not notifier.listens
    assert notifier.patience == 0
    assert notifier.beat_every(5.0) == 5.0
    notifier.alive("nobody listens")


def test_a_manager_that_is_gone_is_no_reason_to_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        SystemdNotifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive("hello?")
    assert "cannot be told WATCHDOG=1" in caplog.text


@pytest.mark.parametrize(
    ("usec", "pid", "patience"),
    [
        ("60000000", "", 60.0),
        ("60000000", "self", 60.0),
        ("60000000", "1", 0.0),
        ("", "", 0.0),
        ("soon", "", 0.0),
        ("-1", "", 0.0),
    ],
)
def test_the_watchdog_is_meant_for_this_process_or_not(usec: str, pid: str, patience: float) -> None:
    pid = str(os.getpid()) if pid == "self" else pid
    notifier = SystemdNotifier({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": usec, "WATCHDOG_PID": pid})
    assert notifier.patience == patience


def test_three_signs_of_life_fit_into_its_patience() -> None:
    notifier = SystemdNotifier({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000"})
    assert notifier.beat_every(5.0) == 1.0


def test_the_snapshot_in_a_sentence() -> None:
    now = datetime.now(UTC)
    empty = AgentStatus(revision=1, version="1", pid=1, started_at=now, home="/x")
    assert sentence(empty) == "0 stations, 0 reports waiting"
    problem = Problem(
        code=ProblemCode.DISK_FULL, severity=Severity.ERROR, title="t", text="t", next_step="n", since=now
    )
    one = InstanceStatus(
        name="a",
        counts=Counts(queued=1, error=2),
        lifecycle=Lifecycle.RUNNING,
        link=Link.ONLINE,
        server="http://x",
        station="s",
        upload=UploadStatus(mode="fixed", limit=5, in_flight=0),
    )
    busy = AgentStatus(
        revision=1, version="1", pid=1, started_at=now, home="/x", instances=(one,), problems=(problem,)
    )
    assert sentence(busy) == (
        "1 station, 1 report waiting, 2 in error, 1 problem: see stationmaster agent status"
    )
