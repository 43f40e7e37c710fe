"""What an instance did in the last hours, in buckets of equal length: the figures behind a chart."""

from __future__ import annotations

from datetime import datetime

import msgspec


class ActivityBucket(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of the chart. What retention has dropped counts nowhere.

    Attributes:
        start: when it begins; it ends where the next one begins, the last one with `Activity.until`.
        seconds: its length; the last one is still under way.
        taken: reports that came into the queue.
        delivered: reports that the server acknowledged: the sum of the four by result.
        passed: delivered, with result passed.
        failed: delivered, with result failed.
        error: delivered, with result error.
        other: delivered, with another result or none.
        into_error: what went to the error list: files that could not be converted, and refused reports as
            long as they are in it.
        waiting: reports that waited to be delivered when it ended.
        oldest_waiting: seconds that the oldest of them had waited by then; 0 where none did.
    """

    start: datetime
    seconds: float
    taken: int = 0
    delivered: int = 0
    passed: int = 0
    failed: int = 0
    error: int = 0
    other: int = 0
    into_error: int = 0
    waiting: int = 0
    oldest_waiting: float = 0.0


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /v1/instances/{name}/activity`.

    Attributes:
        until: now, as the agent's clock has it.
        buckets: oldest first; the last one holds `until`.
    """

    instance: str
    until: datetime
    buckets: tuple[ActivityBucket, ...]
