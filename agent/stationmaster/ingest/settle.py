"""When a file has come to rest, in which lane it goes, when to look again. Pure functions, no I/O.

A file rests while its size and its mtime stay what they are. Time is measured on the monotonic clock from
the moment a state was first seen, so that a clock set back or an mtime in the future changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from stationmaster.model import Lane

HINT_LAG = 0.35
"""Seconds that an event may need to reach us; so much of a file's rest is believed from its mtime."""

COARSE_CLOCK = 2.1
"""Seconds in which a file system that counts whole seconds may give two contents one mtime: FAT counts every
second one, and the kernel's clock is some milliseconds behind ours."""

BATCH_BYTES = 8 * 1024 * 1024
BATCH_AGE = 600.0
BATCH_COUNT = 500
"""A file is batch work when it is larger, older (seconds), or came with more files than this."""

FIRST_DELAY = 0.2
LONGEST_DELAY = 30.0
"""Seconds between two offers of a file that was not ready."""


class Stat(NamedTuple):
    """What tells one content of a file from another. Equal: the same content, as far as a look can tell."""

    size: int
    mtime_ns: int


def rests_since(stat: Stat, *, seen_at: float, wall: float | None, settle: float, grain: int = 1) -> float:
    """The monotonic moment from which the rest of a state counts that was first seen at `seen_at`.

    An event tells of a write some milliseconds late; where the mtime says so too, that lag counts as rest.
    An mtime of whole seconds may be that of a coarse clock, which does not show a second write so soon after
    the first: the rest then ends when any write would show. Never later than `COARSE_CLOCK` after `seen_at`,
    whatever the mtime and our own clock say.

    Args:
        seen_at: monotonic time of the look that first saw this state.
        wall: wall clock at that look, seconds since 1970; None where the file's clock is another one.
        settle: seconds that the file must rest.
        grain: nanoseconds of the mtime that do not tell the time.
    """
    lag = -1.0 if wall is None else wall - stat.mtime_ns / 1e9
    since = seen_at - lag if 0.0 <= lag <= HINT_LAG else seen_at
    if stat.mtime_ns % 1_000_000_000 >= grain:
        return since
    return max(since, seen_at + COARSE_CLOCK - max(0.0, lag) - settle)


def delay(tries: int) -> float:
    """Seconds until a file that was not ready is offered again: 0.2 s, then doubling up to 30 s.

    Args:
        tries: how often it was offered, 1 or more.
    """
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(tries - 1, 16)))


def lane_of(setting: str, *, size: int, age: float, company: int) -> Lane:
    """The lane of a file that is seen for the first time.

    Args:
        setting: the folder's `lane`: "auto", "live" or "batch".
        size: bytes.
        age: seconds since its mtime, negative where that lies in the future.
        company: how many new files of that folder came with it in one scan.
    """
    if setting != "auto":
        return Lane(setting)
    batch = size > BATCH_BYTES or age > BATCH_AGE or company > BATCH_COUNT
    return Lane.BATCH if batch else Lane.LIVE
