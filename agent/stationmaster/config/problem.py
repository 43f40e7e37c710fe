"""The Problems of settings and of token stores, with their texts: for the agent, and for the doctor."""

from __future__ import annotations

from datetime import datetime

from stationmaster.errors import ConfigError, NeedsUserError
from stationmaster.model import Problem, ProblemCode, Severity


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
        text=f"{error.text} {instead}",
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
