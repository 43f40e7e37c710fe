"""How checks are made: well, not well, or not at all because something before them failed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stationmaster.model import Check, CheckState, Hop, Problem, Severity

TITLES: dict[Hop, str] = {
    Hop.AGENT: "Agent",
    Hop.VERSION: "Version",
    Hop.SUPERVISION: "Supervision",
    Hop.HOME: "The home's folders",
    Hop.SETTINGS: "Settings",
    Hop.TOKEN: "Token",
    Hop.ADDRESS: "The server's address",
    Hop.DNS: "Name resolution (DNS)",
    Hop.TCP: "Connection (TCP)",
    Hop.PROXY: "Proxy",
    Hop.TLS: "Certificate (TLS)",
    Hop.SERVER: "Server",
    Hop.LOGIN: "Log-in",
    Hop.PERMISSION: "Right to submit reports",
    Hop.CLOCK: "Clocks",
    Hop.FOLDER: "Watch folder",
    Hop.OVERLAP: "Overlaps",
    Hop.OWN_FOLDER: "Own folders",
    Hop.CONVERTER: "Converter",
    Hop.FETCH: "Scheduled source",
    Hop.DISK: "Disk of the spool",
    Hop.SPOOL: "Spool",
    Hop.ARCHIVE: "Disk of the archive",
    Hop.PROBLEM: "Problem of the running agent",
}
"""What a check is called, well or not: its `label`. What failed has the title of its Problem beside it."""


def good(
    name: Hop,
    text: str,
    *,
    instance: str = "",
    subject: str = "",
    seconds: float = 0.0,
    details: Mapping[str, str] | None = None,
) -> Check:
    """All is well."""
    return Check(
        name=name,
        state=CheckState.OK,
        label=TITLES[name],
        title=TITLES[name],
        text=text,
        instance=instance,
        subject=subject,
        seconds=seconds,
        details=dict(details or {}),
    )


def warned(name: Hop, text: str, next_step: str, *, instance: str = "", subject: str = "") -> Check:
    """It works, but somebody should look at it."""
    return bad(name, text, next_step, instance=instance, subject=subject, state=CheckState.WARNING)


def bad(
    name: Hop,
    text: str,
    next_step: str,
    *,
    instance: str = "",
    subject: str = "",
    state: CheckState = CheckState.FAILED,
) -> Check:
    """It failed, and no Problem of a running agent tells of that."""
    return msgspec.structs.replace(
        good(name, text, instance=instance, subject=subject), state=state, next_step=next_step
    )


def skipped(name: Hop, because: Hop, *, instance: str = "", subject: str = "", text: str = "") -> Check:
    """It could not be checked: an earlier hop failed, or what `text` says."""
    return Check(
        name=name,
        state=CheckState.SKIPPED,
        label=TITLES[name],
        title=TITLES[name],
        text=text or f"Not checked, because this failed: {TITLES[because]}.",
        instance=instance,
        subject=subject,
        details={"because": because.value},
    )


def of_problem(
    problem: Problem, name: Hop, *, state: CheckState | None = None, seconds: float = 0.0
) -> Check:
    """A check that ended with this Problem; `state`: None takes the Problem's severity."""
    by_severity = CheckState.FAILED if problem.severity is Severity.ERROR else CheckState.WARNING
    return Check(
        name=name,
        state=state or by_severity,
        code=problem.code.value,
        label=TITLES[name],
        title=problem.title,
        text=problem.text,
        next_step=problem.next_step,
        instance=problem.instance,
        subject=problem.subject,
        seconds=seconds,
    )
