"""Qt's application, which ends in order when the desktop wants it to."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QApplication


class Application(QApplication):
    """`quit_wanted`: the desktop wants it to end: somebody logs out, or chose Quit in a menu of the system.

    Qt would end its loop at once, below whatever runs on it.
    """

    quit_wanted = Signal()

    def event(self, event: QEvent) -> bool:
        """Tell of that, and go on until it is done."""
        if event.type() is QEvent.Type.Quit:
            self.quit_wanted.emit()
            return True
        return super().event(event)
