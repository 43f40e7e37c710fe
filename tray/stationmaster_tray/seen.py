"""What the tray knows of the agent, as one frozen value: every window and the icon are drawn from it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from stationmaster.model import AgentStatus


class Contact(StrEnum):
    """How we stand with the agent."""

    STARTING = "starting"
    """It was started, or is looked for, and does not answer yet."""
    ATTACHED = "attached"
    GONE = "gone"
    """None runs, and we start none: it was stopped in order, or a service sees to it."""
    REFUSED = "refused"
    """One runs, but we cannot talk: it is silent, or it is not our right."""
    OTHER = "other"
    """One of another version runs, which has to be restarted; `next_step` says who does that, "" for us."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is known now.

    Attributes:
        status: the agent's snapshot; None unless attached.
        text: why there is none, in words, with `next_step`; "" where all is well.
        restarted_at: when we last started an agent again because it had died; None: never.
        since: since when `contact` is so.
    """

    contact: Contact = Contact.STARTING
    status: AgentStatus | None = None
    text: str = ""
    next_step: str = ""
    restarted_at: datetime | None = None
    since: datetime
