"""What `agent run --once` leaves behind, and why, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stationmaster.ingest.left import Left
from stationmaster.model import AgentStatus, InstanceStatus, Severity

MOST = 20
"""So many files of an instance are named."""


def what_is_left(status: AgentStatus, left: Mapping[str, Sequence[Left]]) -> Iterator[str]:
    """A line for each thing that is not delivered, and one for each Problem that needs a person.

    Args:
        left: instance -> files and folders that it did not take.
    """
    for one in status.instances:
        yield from (f"{one.name}: {line}" for line in _of(one, left.get(one.name, ())))
    for problem in status.problems:
        if problem.severity is Severity.ERROR:
            line = f"{problem.text} {problem.next_step}".rstrip()
            yield f"{problem.instance}: {line}" if problem.instance else line


def _of(one: InstanceStatus, left: Sequence[Left]) -> Iterator[str]:
    for each in left[:MOST]:
        yield f"left: {each.path} {each.reason}."
    if len(left) > MOST:
        yield f"left: {len(left) - MOST} more files or folders."
    for source in one.fetches:
        if source.error:
            yield f"not fetched: source {source.name}. {source.error}"
    waiting = one.counts.queued + one.counts.processing
    if waiting:
        pause = (
            f"; uploads are paused until {one.paused_until:%Y-%m-%d %H:%M} UTC" if one.paused_until else ""
        )
        yield f"not delivered: {waiting} {'report' if waiting == 1 else 'reports'}{pause}."
    if one.counts.error:
        see = f"stationmaster queue list --instance {one.name} --state error"
        yield f"in the error list: {one.counts.error}. See: {see}"
