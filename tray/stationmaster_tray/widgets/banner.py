"""The line above every page: no agent, or what could not be done; never in the way when all is well."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from stationmaster.errors import StationmasterError
from stationmaster_tray.in_window import in_window
from stationmaster_tray.seen import Contact, Seen
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label


class Banner(QFrame):
    """Shows one of two things: why there is no agent, or the last thing that could not be done."""

    start_wanted = Signal()
    restart_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Hidden at first."""
        super().__init__(parent)
        self.setProperty("role", "problem")
        self._gone = ""
        self._trouble = ""
        self._text = label(parent=self)
        self._text.setObjectName("banner")
        self._start = QPushButton(tr("Start the agent"), self)
        self._start.clicked.connect(self.start_wanted)
        self._restart = QPushButton(tr("Restart the agent"), self)
        self._restart.clicked.connect(self.restart_wanted)
        self._away = QPushButton(tr("Dismiss"), self)
        self._away.clicked.connect(self._dismissed)
        line = QHBoxLayout(self)
        line.addWidget(self._text, 1)
        line.addWidget(self._start)
        line.addWidget(self._restart)
        line.addWidget(self._away)
        self.hide()

    def show_seen(self, seen: Seen) -> None:
        """Say why there is no agent; nothing where there is one."""
        self._gone = (
            "" if seen.contact is Contact.ATTACHED else in_window(f"{seen.text} {seen.next_step}".strip())
        )
        self._start.setVisible(seen.contact is Contact.GONE)
        self._restart.setVisible(seen.contact is Contact.OTHER and not seen.next_step)
        self._draw()

    def show_trouble(self, error: StationmasterError) -> None:
        """Say what could not be done, until it is dismissed."""
        self._trouble = in_window(str(error))
        self._draw()

    def _dismissed(self) -> None:
        self._trouble = ""
        self._draw()

    def _draw(self) -> None:
        text = self._trouble or self._gone
        self._text.setText(text)
        self._away.setVisible(bool(self._trouble))
        self.setVisible(bool(text))
