"""Widths of columns that a person has set are there again the next time."""

from __future__ import annotations

from PySide6.QtWidgets import QHeaderView

from stationmaster_tray.memory import Memory

_WIDEST = 10_000
"""Pixels: a column that is wider was not made so by a person."""


def keep_widths(header: QHeaderView, memory: Memory, name: str) -> None:
    """Give the columns the widths that are remembered by `name`, and remember those they get from now on.

    Call it when the columns have their usual widths.
    """
    known = memory.now.columns.get(name, [])
    if len(known) == header.count():
        for column, width in enumerate(known):
            if 0 < width < _WIDEST:
                header.resizeSection(column, width)

    def note(*_: int) -> None:
        memory.now.columns[name] = [header.sectionSize(column) for column in range(header.count())]

    header.sectionResized.connect(note)
