"""The six states and their priority: the table of the design is this test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from stationmaster.control.protocol import FOREVER
from stationmaster.model import (
    AgentStatus,
    Counts,
    FolderStatus,
    InstanceStatus,
    Lifecycle,
    Link,
    Problem,
    ProblemCode,
    Severity,
    UploadStatus,
)
from stationmaster_tray.presenter import State, needs_person, present
from stationmaster_tray.seen import Contact, Seen
from stationmaster_tray.text import clock

NOW = datetime(2026, 3, 2, 14, 10, tzinfo=UTC)


def instance(name: str = "line1", **more: Any) -> InstanceStatus:
    upload = more.pop("upload", UploadStatus(mode="fixed", limit=5, in_flight=0))
    usual: dict[str, Any] = {
        "lifecycle": Lifecycle.RUNNING,
        "link": Link.ONLINE,
        "server": "https://wats",
        "station": "",
    }
    return InstanceStatus(name=name, upload=upload, **{**usual, **more})


def seen(*instances: InstanceStatus, problems: tuple[Problem, ...] = ()) -> Seen:
    status = AgentStatus(
        revision=1, version="1", pid=1, started_at=NOW, home="/h", instances=instances, problems=problems
    )
    return Seen(contact=Contact.ATTACHED, status=status, since=NOW)


def problem(code: ProblemCode, *, title: str = "Token expired", **more: Any) -> Problem:
    usual: dict[str, Any] = {"severity": Severity.ERROR, "since": NOW, "text": "More of it."}
    return Problem(code=code, title=title, **{**usual, **more})


EXPIRED = problem(ProblemCode.LOGIN_REFUSED, instance="line1")
UNREACHABLE = problem(
    ProblemCode.SERVER_UNREACHABLE,
    title="Server unreachable",
    instance="line1",
    since=NOW - timedelta(minutes=2),
)
PAUSED: dict[str, Any] = {"paused_until": NOW + timedelta(minutes=50)}
OFF_SINCE = NOW - timedelta(minutes=8)
OFFLINE: dict[str, Any] = {"link": Link.OFFLINE, "link_since": OFF_SINCE}
WAITING: dict[str, Any] = {"counts": Counts(queued=16, processing=1)}
LEFT = "17 reports waiting, nothing lost"
ERRORS: dict[str, Any] = {"counts": Counts(error=2, queued=15, processing=2)}


@pytest.mark.parametrize(
    ("what", "state", "tooltip"),
    [
        (Seen(contact=Contact.GONE, since=NOW), State.NO_AGENT, "Agent not running: click to start"),
        (
            Seen(contact=Contact.REFUSED, text="It speaks protocol 2.", since=NOW),
            State.NO_AGENT,
            "It speaks protocol 2.",
        ),
        (Seen(since=NOW), State.NO_AGENT, "The agent is starting."),
        (
            seen(instance(**PAUSED | ERRORS | OFFLINE), problems=(EXPIRED, UNREACHABLE)),
            State.NEEDS_YOU,
            "Token expired",
        ),
        (
            seen(
                instance(),
                instance("Line 3"),
                problems=(problem(ProblemCode.LOGIN_REFUSED, instance="Line 3"),),
            ),
            State.NEEDS_YOU,
            "Line 3: Token expired",
        ),
        (
            seen(instance(**PAUSED | ERRORS | OFFLINE), problems=(UNREACHABLE,)),
            State.ERRORS,
            "2 files could not be converted or delivered",
        ),
        (
            seen(instance(counts=Counts(error=1))),
            State.ERRORS,
            "1 file could not be converted or delivered",
        ),
        (
            seen(instance(**WAITING | OFFLINE), problems=(UNREACHABLE,)),
            State.OFFLINE,
            f"Server unreachable since {clock(OFF_SINCE, NOW)}: {LEFT}",
        ),
        (
            seen(instance(**WAITING | OFFLINE), instance("line2"), problems=(UNREACHABLE,)),
            State.OFFLINE,
            f"line1: Server unreachable since {clock(OFF_SINCE, NOW)}: {LEFT}",
        ),
        (
            seen(instance(**WAITING | PAUSED | OFFLINE)),
            State.PAUSED,
            f"Paused until {clock(NOW + timedelta(minutes=50), NOW)}: 17 waiting",
        ),
        (seen(instance(paused_until=FOREVER)), State.PAUSED, "Paused until you resume: 0 waiting"),
        (
            seen(instance(paused_until=FOREVER), instance("line2")),
            State.PAUSED,
            "line1: Paused until you resume: 0 waiting",
        ),
        (seen(instance(paused_until=NOW - timedelta(seconds=1))), State.IDLE, "Ready: nothing to send yet"),
        (seen(instance(**WAITING)), State.WORKING, "Working: 17 reports waiting"),
        (seen(instance(converting=1)), State.WORKING, "Working: 0 reports waiting"),
        (
            seen(
                instance(
                    upload=UploadStatus(
                        mode="fixed", limit=5, in_flight=0, last_upload_at=NOW - timedelta(minutes=3)
                    )
                )
            ),
            State.IDLE,
            f"All sent: last upload {clock(NOW - timedelta(minutes=3), NOW)}",
        ),
        (
            seen(instance(**WAITING), problems=(UNREACHABLE,)),
            State.OFFLINE,
            f"Server unreachable: {LEFT}",
        ),
        (
            seen(instance(**PAUSED), instance("line2"), problems=(UNREACHABLE,)),
            State.PAUSED,
            f"line1: Paused until {clock(NOW + timedelta(minutes=50), NOW)}: 0 waiting",
        ),
        (
            seen(instance(**WAITING), problems=(problem(ProblemCode.REPORT_PARKED, title="It fails alone"),)),
            State.ERRORS,
            "It fails alone",
        ),
        (seen(), State.IDLE, "No station is set up yet: open the window"),
    ],
)
def test_the_icon_tells_the_most_urgent_thing(what: Seen, state: State, tooltip: str) -> None:
    view = present(what, NOW)
    assert (view.state, view.tooltip) == (state, tooltip)


def test_a_badge_goes_when_its_cause_does() -> None:
    assert present(seen(instance(), problems=(EXPIRED,)), NOW).state is State.NEEDS_YOU
    assert present(seen(instance()), NOW).state is State.IDLE


@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.WARNING])
@pytest.mark.parametrize("more", [{}, WAITING, {"converting": 1}], ids=["idle", "waiting", "converting"])
@pytest.mark.parametrize("code", list(ProblemCode))
def test_nothing_looks_well_while_something_fails(
    code: ProblemCode, more: dict[str, Any], severity: Severity
) -> None:
    wrong = problem(code, severity=severity, instance="line1")
    view = present(seen(instance(**more), problems=(wrong,)), NOW)
    assert view.state not in {State.IDLE, State.WORKING}
    assert view.tooltip.startswith("Token expired")
    paused = present(seen(instance(**PAUSED), problems=(wrong,)), NOW)
    assert paused.state not in {State.IDLE, State.WORKING}


def test_a_consequence_calls_nobody_and_an_error_goes_before_a_warning() -> None:
    consequence = msgspec.structs.replace(EXPIRED, depends_on="keyring-unavailable")
    assert not needs_person(consequence)
    note = msgspec.structs.replace(EXPIRED, severity=Severity.INFO)
    assert not needs_person(note)
    warning = problem(
        ProblemCode.CLOCK_OFFSET,
        title="The clock is wrong",
        severity=Severity.WARNING,
        since=NOW - timedelta(days=1),
    )
    assert present(seen(instance(), problems=(warning, EXPIRED)), NOW).tooltip == "Token expired"
    assert present(seen(instance(), problems=(warning,)), NOW).tooltip == "The clock is wrong"


def test_what_can_be_done_follows_what_is_so() -> None:
    view = present(
        seen(instance(folders=(FolderStatus(path="/in", converters=("x",)),)), instance("b", **PAUSED)), NOW
    )
    assert (view.can_pause, view.can_resume) == (True, True)
    assert view.folders == (("line1", "/in"),)
    assert view.instances == ("line1", "b")
    drained = present(seen(instance(lifecycle=Lifecycle.STOPPED)), NOW)
    assert (drained.can_pause, drained.can_resume) == (True, True)
    assert present(seen(instance(**PAUSED)), NOW).can_pause is False
