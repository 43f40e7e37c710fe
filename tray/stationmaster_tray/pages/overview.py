"""Overview: each station's state, what waits, and what needs a person."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout

from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.presenter import present
from stationmaster_tray.seen import Seen


class OverviewPage(Page):
    """The first page."""

    def __init__(self, desk: Desk) -> None:
        """Draw from what is known."""
        super().__init__(desk)
        self._state = QLabel(self)
        self._state.setObjectName("state")
        self._state.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(self._state)
        column.addStretch(1)

    def show_seen(self, seen: Seen) -> None:
        """Draw it."""
        self._state.setText(present(seen, self.desk.now()).tooltip)
