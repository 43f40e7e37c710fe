"""PURE: from what is known of the agent to what icon, tooltip and status line say. No widgets, no clock.

The six states and their priority are a table; its test is the table.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from stationmaster.control.protocol import FOREVER
from stationmaster.model import (
    AgentStatus,
    InstanceStatus,
    Lifecycle,
    Link,
    Problem,
    ProblemCode,
    Severity,
)
from stationmaster_tray.in_window import in_window
from stationmaster_tray.seen import Contact, Seen
from stationmaster_tray.text import clock, number, plural, tr


class State(StrEnum):
    """What the icon shows, the most urgent first."""

    NO_AGENT = "no-agent"
    NEEDS_YOU = "needs-you"
    ERRORS = "errors"
    OFFLINE = "offline"
    PAUSED = "paused"
    WORKING = "working"
    IDLE = "idle"


OFFLINE_CODES = frozenset({ProblemCode.SERVER_UNREACHABLE, ProblemCode.SERVER_BUSY})
"""Problems of the way to the server that heal by themselves: they show as offline, not as a call for help."""

_ERROR_CODES = frozenset({ProblemCode.ENTRIES_IN_ERROR, ProblemCode.REPORT_PARKED})


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """The tray's own state, which no agent knows.

    Attributes:
        snoozed_until: no notifications before.
        autostart: it starts at log-in; None: not known yet.
    """

    snoozed_until: datetime | None = None
    autostart: bool | None = None


class TrayView(msgspec.Struct, frozen=True, kw_only=True):
    """What icon and menu show.

    Attributes:
        tooltip: one line; the status line of the menu says the same.
        errors: entries in the error list of all instances.
        waiting: reports not delivered yet.
        can_pause: some instance's uploads run.
        can_resume: some instance is paused or drained.
    """

    state: State
    tooltip: str
    errors: int = 0
    waiting: int = 0
    can_pause: bool = False
    can_resume: bool = False
    instances: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    """Watch folders as (instance, path)."""
    own: Own = Own()


def present(seen: Seen, now: datetime, own: Own | None = None) -> TrayView:
    """What to show for what is known of the agent and of the tray itself, at the moment `now`."""
    own = own or Own()
    status = seen.status
    if status is None:
        return TrayView(state=State.NO_AGENT, tooltip=_no_agent(seen), own=own)
    totals = [one.counts for one in status.instances]
    state, tooltip = _state(status, now)
    return TrayView(
        state=state,
        tooltip=tooltip,
        errors=sum(counts.error for counts in totals),
        waiting=_waiting(status),
        can_pause=any(not _paused(one, now) for one in status.instances),
        can_resume=any(_paused(one, now) or one.lifecycle is Lifecycle.STOPPED for one in status.instances),
        instances=tuple(one.name for one in status.instances),
        own=own,
        folders=tuple(
            (one.name, folder.path) for one in status.instances for folder in one.folders if not folder.own
        ),
    )


def _no_agent(seen: Seen) -> str:
    if seen.contact is Contact.STARTING:
        return in_window(seen.text) or tr("The agent is starting.")
    if seen.contact in {Contact.REFUSED, Contact.OTHER}:
        return in_window(seen.text)
    return tr("Agent not running: click to start")


def _state(status: AgentStatus, now: datetime) -> tuple[State, str]:
    top = most_urgent(status.problems)
    if top is not None:
        return State.NEEDS_YOU, _titled(status, top)
    errors = sum(one.counts.error for one in status.instances)
    if errors:
        return State.ERRORS, plural(
            errors,
            "{count} file could not be converted or delivered",
            "{count} files could not be converted or delivered",
        )
    failing = _failing(status, _ERROR_CODES)
    if failing:
        return State.ERRORS, _titled(status, failing[0])
    return _flowing(status, now)


def _failing(status: AgentStatus, codes: frozenset[ProblemCode]) -> list[Problem]:
    """Problems with these codes that stand for themselves."""
    return [
        one
        for one in status.problems
        if one.code in codes and one.severity is not Severity.INFO and not one.depends_on
    ]


def _flowing(status: AgentStatus, now: datetime) -> tuple[State, str]:
    """Nothing needs a person: offline, paused, working or idle."""
    waiting = _waiting(status)
    wait = plural(waiting, "{count} report waiting", "{count} reports waiting")
    unreached = _unreached(status, wait, now)
    if unreached:
        return State.OFFLINE, unreached
    paused = [one for one in status.instances if _paused(one, now)]
    if paused:
        return State.PAUSED, _pause(status, paused, waiting, now)
    if not status.instances:
        return State.IDLE, tr("No station is set up yet: open the window")
    busy = any(one.converting or one.upload.in_flight for one in status.instances)
    if busy or waiting:
        return State.WORKING, tr("Working: {wait}", wait=wait)
    last = max(
        (one.upload.last_upload_at for one in status.instances if one.upload.last_upload_at), default=None
    )
    if last is None:
        return State.IDLE, tr("Ready: nothing to send yet")
    return State.IDLE, tr("All sent: last upload {time}", time=clock(last, now))


def most_urgent(problems: tuple[Problem, ...]) -> Problem | None:
    """The Problem that a person must see first; None where nobody is needed."""
    calls = [one for one in problems if needs_person(one)]
    calls.sort(key=lambda one: (one.severity is not Severity.ERROR, one.since))
    return calls[0] if calls else None


def needs_person(problem: Problem) -> bool:
    """It does not heal by itself, stands for itself, and has no state of its own on the icon."""
    return (
        problem.severity is not Severity.INFO
        and not problem.depends_on
        and problem.code not in OFFLINE_CODES
        and problem.code not in _ERROR_CODES
    )


def _titled(status: AgentStatus, problem: Problem) -> str:
    if problem.instance and len(status.instances) > 1:
        return tr("{instance}: {title}", instance=problem.instance, title=problem.title)
    return problem.title


def _unreached(status: AgentStatus, wait: str, now: datetime) -> str:
    """Which server is not reached; "" where all are, or nobody wants to reach them."""
    offline = [one for one in status.instances if one.link is Link.OFFLINE and not _paused(one, now)]
    if offline:
        return _offline(status, offline, wait, now)
    resting = {one.name for one in status.instances if _paused(one, now)}
    hindered = [one for one in _failing(status, OFFLINE_CODES) if one.instance not in resting]
    if not hindered:
        return ""
    # A link that worked a moment ago counts as online while its Problem is told already.
    return tr("{title}: {wait}, nothing lost", title=_titled(status, hindered[0]), wait=wait)


def _offline(status: AgentStatus, offline: list[InstanceStatus], wait: str, now: datetime) -> str:
    since = [one.link_since for one in offline if one.link_since is not None]
    if not since:
        return tr("Server unreachable: {wait}, nothing lost", wait=wait)
    text = tr("Server unreachable since {time}: {wait}, nothing lost", time=clock(min(since), now), wait=wait)
    if len(offline) < len(status.instances):
        return tr("{instances}: {text}", instances=", ".join(one.name for one in offline), text=text)
    return text


def _pause(status: AgentStatus, paused: list[InstanceStatus], waiting: int, now: datetime) -> str:
    until = min(one.paused_until for one in paused if one.paused_until)
    values = {"count": number(waiting)}
    if until >= FOREVER:
        text = tr("Paused until you resume: {count} waiting", **values)
    else:
        text = tr("Paused until {time}: {count} waiting", time=clock(until, now), **values)
    if len(paused) < len(status.instances):
        return tr("{instances}: {text}", instances=", ".join(one.name for one in paused), text=text)
    return text


def _waiting(status: AgentStatus) -> int:
    return sum(one.counts.queued + one.counts.processing for one in status.instances)


def _paused(one: InstanceStatus, now: datetime) -> bool:
    return one.paused_until is not None and one.paused_until > now
