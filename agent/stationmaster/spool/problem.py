"""The Problems of a spool, with their texts: for the agent that runs, and for the doctor."""

from __future__ import annotations

from datetime import datetime

from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster.sentence import joined
from stationmaster.spool.record import Health


def damaged(instance: str, health: Health, *, now: datetime) -> Problem:
    """It was damaged and made anew, or a check found damage: then the next start repairs it."""
    salvage = health.salvage
    if salvage is None:
        text = joined(f"A check found: {health.damage}", "It is repaired at the next start.")
        step = "Restart the agent when it suits you."
    else:
        text = (
            f"It was damaged ({salvage.reason}) and made anew: {salvage.entries} entries and "
            f"{salvage.sources} files were saved, {salvage.without_payload} reports lost their content, "
            f"{salvage.unreadable} stretches could not be read. {salvage.error}"
        ).strip()
        step = f"The damaged file is kept at {salvage.damaged}; remove it when you have no more use for it."
    return Problem(
        code=ProblemCode.SPOOL_DAMAGED,
        severity=Severity.ERROR if salvage is None or salvage.error else Severity.WARNING,
        title="The spool was damaged",
        text=text,
        next_step=step,
        instance=instance,
        since=now,
    )


def unwritable(instance: str, text: str, *, full: bool, now: datetime) -> Problem:
    """Nothing can be stored; `full`: because there is no room."""
    return Problem(
        code=ProblemCode.DISK_FULL if full else ProblemCode.SPOOL_ERROR,
        severity=Severity.ERROR,
        title="The disk is full" if full else "The spool cannot be written",
        text=joined(text, "No file is taken until it can be stored; nothing is lost."),
        next_step="Make room on the disk; work goes on by itself."
        if full
        else "Check the disk of the data folder; see the log for details.",
        instance=instance,
        since=now,
    )
