"""What an instance may do next: one pure function, one table.

::

    stopped ──start──> starting ──up──> running ──stop──> stopping ──down──> stopped
                        │    │             │                  ↑
                        │    └────drain────┴──> draining ─stop┘ ──down──> stopped
                        └──crash─── (from each of these) ──> failed ──start──> starting
                                                              └──stop, drain──> stopped

`stop` and `drain` ask, `down` tells that it came to its end, `crash` that it ended otherwise.
"""

from __future__ import annotations

from enum import StrEnum

from stationmaster.model import Lifecycle


class LifeEvent(StrEnum):
    """What happens to an instance."""

    START = "start"
    UP = "up"
    DRAIN = "drain"
    STOP = "stop"
    DOWN = "down"
    CRASH = "crash"


_NEXT: dict[tuple[Lifecycle, LifeEvent], Lifecycle] = {
    (Lifecycle.STOPPED, LifeEvent.START): Lifecycle.STARTING,
    (Lifecycle.FAILED, LifeEvent.START): Lifecycle.STARTING,
    (Lifecycle.FAILED, LifeEvent.STOP): Lifecycle.STOPPED,
    (Lifecycle.FAILED, LifeEvent.DRAIN): Lifecycle.STOPPED,
    (Lifecycle.STARTING, LifeEvent.UP): Lifecycle.RUNNING,
    (Lifecycle.STARTING, LifeEvent.DRAIN): Lifecycle.DRAINING,
    (Lifecycle.STARTING, LifeEvent.STOP): Lifecycle.STOPPING,
    (Lifecycle.STARTING, LifeEvent.CRASH): Lifecycle.FAILED,
    (Lifecycle.RUNNING, LifeEvent.DRAIN): Lifecycle.DRAINING,
    (Lifecycle.RUNNING, LifeEvent.STOP): Lifecycle.STOPPING,
    (Lifecycle.RUNNING, LifeEvent.CRASH): Lifecycle.FAILED,
    (Lifecycle.DRAINING, LifeEvent.DOWN): Lifecycle.STOPPED,
    (Lifecycle.DRAINING, LifeEvent.STOP): Lifecycle.STOPPING,
    (Lifecycle.DRAINING, LifeEvent.CRASH): Lifecycle.FAILED,
    (Lifecycle.STOPPING, LifeEvent.DOWN): Lifecycle.STOPPED,
    (Lifecycle.STOPPING, LifeEvent.CRASH): Lifecycle.FAILED,
}


def next_state(state: Lifecycle, event: LifeEvent) -> Lifecycle:
    """The state after `event`; an event that means nothing in `state` changes nothing."""
    return _NEXT.get((state, event), state)
