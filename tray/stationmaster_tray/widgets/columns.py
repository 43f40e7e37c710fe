"""Columns share the room there is; widths that a person has set are there again the next time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QHeaderView, QTableView

from stationmaster_tray.memory import Memory

_WIDEST = 10_000
"""Pixels: a column that is wider was not made so by a person."""
_LEAST = 12
"""Letters: a column is made no narrower than that for want of room."""
_FITTED = "fitted"
"""Property of a header: nobody has set its widths."""


def keep_widths(header: QHeaderView, memory: Memory, name: str) -> None:
    """Give the columns the widths that are remembered by `name`, and remember those they get from now on.

    Call it when the columns have their usual widths.
    """
    known = memory.now.columns.get(name, [])
    if len(known) == header.count():
        header.setProperty(_FITTED, False)
        for column, width in enumerate(known):
            if 0 < width < _WIDEST:
                header.resizeSection(column, width)

    def note(*_: int) -> None:
        if not header.property(_FITTED):
            memory.now.columns[name] = [header.sectionSize(column) for column in range(header.count())]

    header.sectionResized.connect(note)


def shared(wanted: Sequence[int], room: int, least: int) -> list[int]:
    """Widths that have room: the widest give way, all of them as little as can be, and none below `least`."""
    cap, rest, left = room, room, len(wanted)
    for width in sorted(wanted):
        if width * left > rest:
            cap = rest // left
            break
        rest, left = rest - width, left - 1
    return [min(width, max(cap, least)) for width in wanted]


class Fit(QObject):
    """Lets the columns of a table have the room there is, until a person sets a width."""

    def __init__(self, view: QTableView, wanted: Callable[[], Sequence[int]], elastic: int = -1) -> None:
        """Begin with the next change of the table's size.

        Args:
            view: whose columns they are.
            wanted: widths that they would have if there was room.
            elastic: the column that takes what is left; -1: the last one.
        """
        super().__init__(view)
        self._view, self._wanted, self._elastic = view, wanted, elastic
        self._own = False
        view.horizontalHeader().setProperty(_FITTED, True)
        view.horizontalHeader().sectionResized.connect(self._resized)
        view.viewport().installEventFilter(self)

    @property
    def on(self) -> bool:
        """Nobody has set a width."""
        return bool(self._view.horizontalHeader().property(_FITTED))

    def stop(self) -> None:
        """Leave the widths alone from now on."""
        self._view.horizontalHeader().setProperty(_FITTED, False)

    def fit(self) -> None:
        """Share the room."""
        room = self._view.viewport().width()
        if not self.on or room <= 0:
            return
        wanted = self._wanted()
        shown = [column for column in range(len(wanted)) if not self._view.isColumnHidden(column)]
        letter = self._view.fontMetrics().averageCharWidth()
        widths = dict(
            zip(shown, shared([wanted[column] for column in shown], room, _LEAST * letter), strict=True)
        )
        if self._elastic in widths:
            widths[self._elastic] += max(0, room - sum(widths.values()))
        self._own = True
        for column, width in widths.items():
            self._view.setColumnWidth(column, width)
        self._own = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """There is more room, or less."""
        if event.type() is QEvent.Type.Resize:
            self.fit()
        return super().eventFilter(watched, event)

    def _resized(self, column: int, old: int, new: int) -> None:
        header = self._view.horizontalHeader()
        last = header.logicalIndex(header.count() - 1)  # stretches by itself
        if not self._own and old and new and column != last:
            self.stop()
