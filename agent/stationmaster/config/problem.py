"""The Problems of settings, token stores and scheduled sources: for the agent, and for the doctor."""

from __future__ import annotations

from datetime import datetime

from stationmaster.errors import ConfigError, NeedsUserError
from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster.sentence import joined


def invalid_settings(
    name: str, error: ConfigError, now: datetime, *, since: datetime | None = None
) -> Problem:
    """A settings file that is wrong; the instance goes on with what it had, or does not start.

    Args:
        name: the instance, "" for the agent itself.
        error: what is wrong.
        now: the time.
        since: where the last settings that were right stand in from the start on: how old those are.
    """
    instead = (
        f"The last good settings, of {since.astimezone():%Y-%m-%d %H:%M}, are in use."
        if since
        else "What ran before goes on with its old settings."
    )
    return Problem(
        code=ProblemCode.CONFIG_INVALID,
        severity=Severity.ERROR,
        title=f"The settings of {name or 'the agent'} are wrong",
        text=joined(error.text, instead),
        next_step=error.next_step or "Correct the file; it is read again by itself.",
        instance=name,
        since=now,
    )


def unreadable_token(name: str, error: NeedsUserError, now: datetime) -> Problem:
    """The store of an instance's token does not answer, or what lies there is not used."""
    return Problem(
        code=ProblemCode(error.code),
        severity=Severity.ERROR,
        title="The token cannot be read",
        text=error.text,
        next_step=error.next_step,
        instance=name,
        since=now,
    )


def unkept_token(name: str, error: NeedsUserError, now: datetime) -> Problem:
    """The store of an instance's token did not take a new one."""
    return Problem(
        code=ProblemCode(error.code),
        severity=Severity.ERROR,
        title="The new token could not be stored",
        text=joined(error.text, "The one before is used on."),
        next_step=joined(error.next_step, "Then hand the token over again."),
        instance=name,
        since=now,
    )


def not_fetched(instance: str, source: str, text: str, step: str, *, since: datetime) -> Problem:
    """A scheduled source that cannot be fetched, or could not the last time; `step`: "" for none known."""
    return Problem(
        code=ProblemCode.FETCH_FAILED,
        severity=Severity.WARNING,
        title=f"Source {source} cannot be fetched",
        text=joined(text, "It is tried again by itself; nothing is lost."),
        next_step=step or "Check that what it reads from is there, and the options of the source.",
        instance=instance,
        subject=source,
        since=since,
        time_to_visible=60.0,
    )
