"""PURE: which notifications are due: what needs a person, and its recovery, each cause once until it clears.

`decide` takes what was told before and what is known now, and gives what is told
after, and what to show. `notifier` shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster_tray.in_window import in_window
from stationmaster_tray.presenter import OFFLINE_CODES
from stationmaster_tray.seen import Contact, Seen
from stationmaster_tray.text import plural, tr

NO_AGENT_AFTER = timedelta(seconds=30)
"""How long an agent may be away that we try to start again, before that needs a person."""
LONG_OFFLINE = timedelta(minutes=15)
"""A server that cannot be reached heals by itself: for so long nobody is called."""


_NO_AGENT = ("no-agent", "", "")

Key = tuple[str, str, str]
"""A cause: (code, subject, instance). What comes to several instances at once is one notice."""


class Notice(msgspec.Struct, frozen=True):
    """One notification.

    Attributes:
        urgent: it needs a person; else it is a recovery.
        page: id of the page that shows more.
    """

    title: str
    text: str
    urgent: bool
    page: str = "overview"


class _Away(msgspec.Struct, frozen=True, kw_only=True):
    """No agent, in the words of a Problem."""

    title: str
    text: str
    next_step: str


class Told(msgspec.Struct, frozen=True):
    """What was told, by cause, with its title: what of it is over is told too.

    Attributes:
        restarted_at: the restart of the agent that was told last.
    """

    causes: Mapping[Key, str] = {}
    restarted_at: datetime | None = None


def decide(
    told: Told, seen: Seen, now: datetime, *, quiet_until: datetime | None = None
) -> tuple[Told, tuple[Notice, ...]]:
    """What is told after this moment, and what to show now.

    Args:
        told: what was told before.
        seen: what is known now.
        now: this moment.
        quiet_until: show nothing before (start, wake, snooze); causes that last longer are told then.
    """
    if quiet_until is not None and now < quiet_until:
        return _only_what_lasts(told, seen), ()
    due = _due(seen, now)
    alive = _alive(told, seen)
    new = {key: problem for key, problem in due.items() if key not in alive}
    over = [title for key, title in told.causes.items() if key not in alive and key not in due]
    causes = {key: told.causes[key] for key in alive} | {key: one.title for key, one in due.items()}
    shown = [*_together(new, seen), *_solved(over)]
    if seen.restarted_at is not None and seen.restarted_at != told.restarted_at and seen.status is not None:
        shown.append(
            Notice(
                tr("The agent was started again"),
                tr("It had ended unexpectedly. Nothing is lost: it goes on where it was."),
                urgent=False,
                page="log",
            )
        )
    restarted = seen.restarted_at if seen.status is not None else told.restarted_at
    return Told(causes, restarted), tuple(shown)


def _only_what_lasts(told: Told, seen: Seen) -> Told:
    """In a quiet time what is over is forgotten without a word."""
    return Told({key: told.causes[key] for key in _alive(told, seen)}, seen.restarted_at)


def _alive(told: Told, seen: Seen) -> list[Key]:
    """What was told and is still so."""
    if seen.status is None:
        # Nobody knows how the agent's Problems are: they are neither over nor new.
        return list(told.causes)
    there = {_key(problem) for problem in seen.status.problems if not problem.depends_on}
    return [key for key in told.causes if key in there]


def _due(seen: Seen, now: datetime) -> dict[Key, Problem | _Away]:
    """Everything that a person should know now, by cause."""
    if seen.status is not None:
        return {_key(problem): problem for problem in seen.status.problems if _calls(problem, now)}
    # An agent that was stopped in order is what somebody wanted.
    if seen.contact is Contact.GONE or now - seen.since < NO_AGENT_AFTER:
        return {}
    return {_NO_AGENT: _Away(title=tr("The agent does not run"), text=seen.text, next_step=seen.next_step)}


def _calls(problem: Problem, now: datetime) -> bool:
    if problem.severity is Severity.INFO or problem.depends_on:
        return False
    patience = timedelta(seconds=problem.time_to_visible)
    if problem.code in OFFLINE_CODES:
        patience = max(patience, LONG_OFFLINE)
    return now - problem.since >= patience


def _key(problem: Problem) -> Key:
    return (problem.code.value, problem.subject, problem.instance)


def _together(new: Mapping[Key, Problem | _Away], seen: Seen) -> list[Notice]:
    """One notice for each cause, whichever instances have it."""
    causes: dict[tuple[str, str], list[Key]] = {}
    for key in new:
        causes.setdefault(key[:2], []).append(key)
    many = seen.status is not None and len(seen.status.instances) > 1
    return [_notice(keys, new[keys[0]], many=many) for keys in causes.values()]


def _notice(keys: Sequence[Key], first: Problem | _Away, *, many: bool) -> Notice:
    code, _, station = keys[0]
    title = first.title
    if len(keys) > 1:
        title = plural(len(keys), "{count} station: {title}", "{count} stations: {title}", title=title)
    elif station and many:
        title = tr("{instance}: {title}", instance=station, title=title)
    page = "queue" if code == ProblemCode.ENTRIES_IN_ERROR.value else "overview"
    return Notice(title, in_window(f"{first.text} {first.next_step}".strip()), urgent=True, page=page)


def _solved(titles: Sequence[str]) -> list[Notice]:
    """Recoveries, each title once."""
    return [
        Notice(tr("Solved: {title}", title=title), tr("Nothing is left to do."), urgent=False)
        for title in dict.fromkeys(titles)
    ]
