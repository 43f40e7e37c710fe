"""Fills an `EntryTable`: its first page, more at its end, what is seen anew when the counts change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from stationmaster.model import Entry
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries.choice import Choice
from stationmaster_tray.entries.pager import Pager
from stationmaster_tray.entries.table import EntryTable
from stationmaster_tray.text import tr

PAGE = 500
"""Entries that are read at once."""
MARGIN = 40
"""Rows above and below what is seen that are read anew with it."""
SOON = 250
"""Milliseconds after a change before the list is read anew: changes come in swarms."""
RATIO = 5
"""Rest between two readings, in lengths of a reading: a slow one must not keep the agent busy."""

Span = Callable[[], tuple[int, int]]


class Feed(QObject):
    """One list. What is seen is always read anew; rows out of sight may be old until they are scrolled to.

    Attributes:
        loaded: the first page is here, or a part was read anew.
    """

    loaded = Signal()

    def __init__(self, desk: Desk, table: EntryTable, bar: CallBar, seen: Span) -> None:
        """Nothing is read before `show`.

        Args:
            desk: the way to the agent.
            table: what is filled.
            bar: tells of what is read, and why it cannot be.
            seen: first and last row that a person sees now.
        """
        super().__init__()
        self._desk, self._table, self._bar, self._seen = desk, table, bar, seen
        self.choice = Choice()
        self.known = False
        """The first page is here."""
        self._pager: Pager | None = None
        self._names: tuple[str, ...] = ()
        self._reading: asyncio.Task[None] | None = None
        self._changed = False  # since the first page was read: what is out of sight may be old
        self._due = False  # since what is seen was read
        self._rest = 0.0
        self._on = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._read_anew)
        table.more_wanted.connect(self._more)

    def show(self, choice: Choice) -> None:
        """Read a choice from its beginning; the old rows go at once, as they answer another question."""
        self._table.clear()
        self.reload(choice)

    def reload(self, choice: Choice | None = None) -> None:
        """Read from the beginning; the rows that are shown stay until the new ones are here."""
        self.choice = choice or self.choice
        self.stop()
        self._on = True
        self.known = False
        self._changed = self._due = False
        self._names = tuple(one.name for one in self.choice.instances(self._desk.seen.status))
        self._bar.run(self._first, self._begin, what=tr("Reading the list..."))

    def forget(self) -> None:
        """Show nothing, and ask nobody."""
        self.stop()
        self.known = False
        self._table.clear()

    def stop(self) -> None:
        """Read nothing more: nobody looks."""
        self._on = False
        self._timer.stop()
        self._bar.cancel()
        task, self._reading = self._reading, None
        if task is not None:
            task.cancel()

    def go_on(self) -> None:
        """Somebody looks again at what is here."""
        self._on = self._on or self.known

    def changed(self) -> None:
        """The agent's counts changed: read anew what is seen."""
        self._changed = self._due = True
        self.look()

    def look(self) -> None:
        """Somebody scrolled: if there was a change, what is seen now may be old."""
        if self._on and self.known and self._changed and not self._timer.isActive():
            self._timer.start(max(SOON, int(self._rest * 1000)))

    # ---------------------------------------------------------------- reading
    async def _first(self) -> tuple[Pager, list[Entry]]:
        pager = Pager(self._desk.client, self.choice, self._names)
        return pager, await pager.page(PAGE)

    def _begin(self, found: tuple[Pager, list[Entry]]) -> None:
        pager, rows = found
        self._pager = pager
        if self._table.rowCount():
            self._table.clear()
        self.known = True
        self._table.append(rows, more=pager.more)
        self._tell(pager)
        self.loaded.emit()

    def _more(self) -> None:
        if not self._on or not self.known:
            self._table.may_have_more()
            return
        self._bar.run(self._next, self._add, what=tr("Reading more of the list..."))

    async def _next(self) -> tuple[Pager, list[Entry]]:
        assert self._pager is not None  # noqa: S101 - nothing more is wanted before the first page
        try:
            return self._pager, await self._pager.page(PAGE)
        except BaseException:
            self._table.may_have_more()
            raise

    def _add(self, found: tuple[Pager, list[Entry]]) -> None:
        pager, rows = found
        self._table.append(rows, more=pager.more)

    # ---------------------------------------------------------------- reading anew
    def _read_anew(self) -> None:
        if self._reading is not None or not self.known:
            return
        if (
            not self.choice.text
            and self._table.rowCount() > 2 * self.choice.count(self._desk.seen.status) + PAGE
        ):
            self.reload()  # most of what is here is old
            return
        self._reading = self._desk.tasks.start(self._anew(), trouble=self._bar.show_error)

    async def _anew(self) -> None:
        began = time.monotonic()
        self._due = False
        try:
            first, last = self._seen()
            start = max(0, first - MARGIN)
            above = self._table.lowest_above(start)
            pager = Pager(self._desk.client, self.choice, self._names, above)
            fresh = await pager.page(last - start + 1 + MARGIN)
            self._table.replace(start, fresh, pager.floors)
            self.loaded.emit()
        finally:
            if self._reading is asyncio.current_task():
                self._reading = None
                self._rest = (time.monotonic() - began) * RATIO
                if self._due:
                    self.look()

    def _tell(self, pager: Pager) -> None:
        if pager.trouble is not None:
            self._bar.show_error(pager.trouble)
