"""What stands where a list would: a sentence, and a button where there is something to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from stationmaster_tray.widgets.label import label


class Blank(QWidget):
    """`pressed` carries the word that came with the button."""

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """It says nothing."""
        super().__init__(parent)
        self._action = ""
        self._text = label(role="quiet", parent=self)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._button = QPushButton(self)
        self._button.clicked.connect(lambda: self.pressed.emit(self._action))
        column = QVBoxLayout(self)
        column.addStretch(2)
        column.addWidget(self._text)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.say("")

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def say(self, text: str, button: str = "", action: str = "") -> None:
        """Say this; no button where it has no words."""
        self._action = action
        self._text.setText(text)
        self._button.setText(button)
        self._button.setVisible(bool(button))
