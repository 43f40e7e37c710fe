"""Reads entries page by page, newest first: of one instance, or of several as one list."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping

from stationmaster.control.client import ControlClient
from stationmaster.errors import ControlError
from stationmaster.model import Entry
from stationmaster_tray.entries.choice import Choice

Key = tuple[str, int]
"""Identity of an entry: its instance and its number there."""


def key_of(entry: Entry) -> Key:
    """Its identity."""
    return (entry.instance, entry.id)


class _Line:
    """One instance: what was read of it and not given yet, and where to go on."""

    def __init__(self, name: str, before: int | None) -> None:
        self.name = name
        self.before = before
        self.ready: deque[Entry] = deque()
        self.done = False
        self.failed = False


class Pager:
    """Numbers grow within an instance, so each goes on below the last one; several are merged by time."""

    def __init__(
        self,
        client: ControlClient,
        choice: Choice,
        names: tuple[str, ...],
        before: Mapping[str, int] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            client: the way to the agent.
            choice: which entries.
            names: the instances to read.
            before: begin below these numbers, by instance; at the newest where none is given.
        """
        self._client = client
        self._choice = choice
        self._lines = [_Line(name, (before or {}).get(name)) for name in names]
        self.trouble: ControlError | None = None
        """Why one of several instances cannot be read; what the others have is worth showing."""

    @property
    def more(self) -> bool:
        """There may be more to read."""
        return any(line.ready or not line.done for line in self._lines)

    @property
    def floors(self) -> dict[str, int]:
        """By instance, the highest number that was not given yet; 0 where all was."""
        return {line.name: _floor(line) for line in self._lines}

    async def page(self, limit: int) -> list[Entry]:
        """The next entries, `limit` at most; fewer only at the end.

        Raises:
            StationmasterError: nothing can be read.
        """
        given: list[Entry] = []
        while len(given) < limit:
            for line in self._lines:
                if not line.ready and not line.done:
                    await self._read(line, limit)
            ready = [line for line in self._lines if line.ready]
            if not ready:
                break
            newest = max(ready, key=lambda line: line.ready[0].created_at)
            given.append(newest.ready.popleft())
        return given

    async def _read(self, line: _Line, limit: int) -> None:
        try:
            rows = await self._newest(line, limit)
        except ControlError as error:
            self.trouble = error
            line.done = line.failed = True
            if len(self._lines) == 1:
                raise
            return
        line.ready.extend(rows)
        line.done = len(rows) < limit
        if rows:
            line.before = rows[-1].id

    async def _newest(self, line: _Line, limit: int) -> list[Entry]:
        """The newest `limit` of each state that is asked for are the newest of them all, and some more."""
        found: dict[int, Entry] = {}
        for state in self._choice.shown.asked:
            rows = await self._client.entries(
                line.name, state=state, text=self._choice.text or None, limit=limit, before=line.before
            )
            found |= {one.id: one for one in rows}
        return sorted(found.values(), key=lambda one: -one.id)[:limit]


def _floor(line: _Line) -> int:
    if line.failed:
        return sys.maxsize
    if line.ready:
        return line.ready[0].id
    return 0 if line.done or line.before is None else line.before - 1
