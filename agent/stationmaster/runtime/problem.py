"""The agent's list of Problems: what all its parts see now, with the moment each was first seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from stationmaster.model import Problem, Severity

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class ProblemBoard:
    """Keeps `since` of a Problem as long as it lasts, and puts the worst first.

    The parts tell what they see, whenever they are asked; nothing is ever cleared by hand: a Problem that
    nobody sees any more is gone.
    """

    def __init__(self) -> None:
        """No Problem yet."""
        self._since: dict[tuple[str, str, str], datetime] = {}

    def update(self, seen: Iterable[Problem]) -> tuple[Problem, ...]:
        """All Problems there are now, the worst first, consequences after their causes."""
        current: dict[tuple[str, str, str], Problem] = {}
        for problem in seen:
            since = min(self._since.get(problem.key, problem.since), problem.since)
            current[problem.key] = msgspec.structs.replace(problem, since=since)
        self._since = {key: problem.since for key, problem in current.items()}
        return tuple(
            sorted(current.values(), key=lambda one: (_ORDER[one.severity], bool(one.depends_on), one.key))
        )
