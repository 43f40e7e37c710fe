"""What the agent hands out for support: pages of its log."""

from __future__ import annotations

import asyncio

from stationmaster.control.protocol import LogPage
from stationmaster.diagnostics.log_reader import LEVELS, Mark, Query, after, last
from stationmaster.diagnostics.log_record import Records
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home

_AT_ONCE = 256 * 1024
"""Bytes of the log that one look at it reads."""


async def read_log(home: Home, query: Query, *, after: str, limit: int) -> LogPage:
    """The last records that are wanted, or those that came after a mark of an earlier page.

    Raises:
        ConfigError: there is no such level or mark.
        StationmasterError: the log cannot be read.
    """
    if query.level and query.level not in LEVELS:
        raise ConfigError(f'"{query.level}" is no level.', next_step=f"Use one of {', '.join(LEVELS)}.")
    if not after:
        found, mark = await asyncio.to_thread(last, home.log, query, limit=limit)
        return LogPage(records=tuple(found), after=mark.text())
    return await _later(home, query, Mark.of(after))


async def _later(home: Home, query: Query, mark: Mark) -> LogPage:
    lines, behind = await asyncio.to_thread(after, home.log, mark, most=_AT_ONCE)
    records = Records()
    found = [one for one in (*records.feed(lines), *records.flush()) if query.wants(one)]
    return LogPage(records=tuple(found), after=behind.text(), more=bool(lines))
