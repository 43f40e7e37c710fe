"""A text that a person edits, with a line for what is wrong with it and a way to its place."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QFontDatabase, QTextCursor, QTextFormat
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QTextEdit, QVBoxLayout, QWidget

from stationmaster_tray import theme
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label

_LEAST_LINES = 5


class CodeEditor(QWidget):
    """`edited`: a person changed the text. Tab leads on to the next part of the window, as elsewhere."""

    edited = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """Empty.

        Args:
            name: what the text is called, for who does not see it.
            parent: Qt's.
        """
        super().__init__(parent)
        self._spot = (0, 0)
        self._shows = False
        self.text = QPlainTextEdit(self)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.text.setAcceptDrops(False)  # files that are dropped are for the page
        self.text.setAccessibleName(name)
        self.text.setMinimumHeight(self.text.fontMetrics().lineSpacing() * _LEAST_LINES)
        self.fault = label(role="call", parent=self)
        self.fault.setObjectName("fault")
        self.show_place = QPushButton(tr("Show the place"), self)
        self._where = label(role="quiet", parent=self)
        self._where.setWordWrap(False)
        below = QHBoxLayout()
        below.addWidget(self._where)
        below.addStretch(1)
        below.addWidget(self.show_place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text, 1)
        column.addWidget(self.fault)
        column.addLayout(below)
        self.text.textChanged.connect(self._changed)
        self.text.cursorPositionChanged.connect(self._tell_where)
        self.show_place.clicked.connect(self.go_to_place)
        self.show_fault("")
        self._tell_where()

    @property
    def content(self) -> str:
        """The text."""
        return self.text.toPlainText()

    def show_text(self, text: str) -> None:
        """Show another text; that is no edit."""
        self._shows = True
        self.text.setPlainText(text)
        self._shows = False
        self.show_fault("")

    def show_fault(self, text: str, line: int = 0, column: int = 0) -> None:
        """Say what is wrong and mark its line, "" for nothing; line and column from 1, 0 for unknown."""
        self._spot = (line, column)
        self.fault.setText(text)
        self.fault.setVisible(bool(text))
        self.show_place.setVisible(bool(text) and line > 0)
        self.text.setExtraSelections([self._marked(line)] if text and line else [])

    def go_to_place(self) -> None:
        """Put the cursor where the fault is."""
        line, column = self._spot
        cursor = self._at(line)
        if cursor is not None:
            room = cursor.block().length() - 1
            cursor.movePosition(QTextCursor.MoveOperation.Right, n=min(max(0, column - 1), room))
            self.text.setTextCursor(cursor)
            self.text.setFocus()

    # ---------------------------------------------------------------- inside
    def _at(self, line: int) -> QTextCursor | None:
        block = self.text.document().findBlockByNumber(line - 1)
        return QTextCursor(block) if block.isValid() else None

    def _marked(self, line: int) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        colour = QColor(theme.colours().call)
        colour.setAlpha(48)
        mark.format.setBackground(colour)
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        mark.cursor = self._at(line) or self.text.textCursor()
        return mark

    def _changed(self) -> None:
        if not self._shows:
            self.edited.emit()

    def _tell_where(self) -> None:
        cursor = self.text.textCursor()
        self._where.setText(
            tr(
                "Line {line}, column {column}",
                line=cursor.blockNumber() + 1,
                column=cursor.positionInBlock() + 1,
            )
        )
