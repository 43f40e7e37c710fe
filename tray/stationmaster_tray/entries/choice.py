"""PURE: which entries a list shows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from stationmaster.model import AgentStatus, Counts, EntryState, InstanceStatus

_ALL = (
    EntryState.QUEUED,
    EntryState.PROCESSING,
    EntryState.COMPLETED,
    EntryState.ERROR,
    EntryState.DISMISSED,
)


class Shown(StrEnum):
    """The states that a person tells apart; what is being sent counts as waiting until it is delivered."""

    ERRORS = "errors"
    WAITING = "waiting"
    DELIVERED = "delivered"
    DISMISSED = "dismissed"
    ALL = "all"

    @property
    def asked(self) -> tuple[str | None, ...]:
        """What the agent is asked for, one question each; None for every state."""
        return {
            Shown.ERRORS: (EntryState.ERROR.value,),
            Shown.WAITING: (EntryState.QUEUED.value, EntryState.PROCESSING.value),
            Shown.DELIVERED: (EntryState.COMPLETED.value,),
            Shown.DISMISSED: (EntryState.DISMISSED.value,),
            Shown.ALL: (None,),
        }[self]

    def total(self, counts: Counts) -> int:
        """How many there are."""
        states = _ALL if self is Shown.ALL else self.asked
        return sum(getattr(counts, state) for state in states if state is not None)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows.

    Attributes:
        instance: "" for all of them.
        text: part of the serial number, part number, report id, reason or file; "" for everything.
        entry: an entry to select once it is there, 0 for none.
    """

    shown: Shown = Shown.ERRORS
    instance: str = ""
    text: str = ""
    entry: int = 0

    def instances(self, status: AgentStatus | None) -> tuple[InstanceStatus, ...]:
        """The instances it looks at."""
        known = () if status is None else status.instances
        return tuple(one for one in known if not self.instance or one.name == self.instance)

    def count(self, status: AgentStatus | None) -> int:
        """How many entries there are without the search."""
        return sum(self.shown.total(one.counts) for one in self.instances(status))


def wanted(argument: object) -> Choice | None:
    """What somebody who opens the page wants to see there; None where it says nothing of use.

    Args:
        argument: an instance's name (its errors), or a mapping with some of `state` (a `Shown`), `instance`,
            `text` and `entry`.
    """
    if isinstance(argument, str) and argument:
        return Choice(instance=argument)
    if not isinstance(argument, Mapping):
        return None
    given: dict[str, Any] = {str(key): value for key, value in argument.items()}
    try:
        shown = Shown(given.get("state", Shown.ERRORS))
    except ValueError:
        shown = Shown.ALL
    number = given.get("entry", 0)
    return Choice(
        shown=shown,
        instance=str(given.get("instance") or ""),
        text=str(given.get("text") or ""),
        entry=number if isinstance(number, int) else 0,
    )
