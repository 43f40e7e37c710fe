"""A setting, or an option of a converter, as something to edit: one widget for each kind of value."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

from stationmaster_tray.settings.toml_text import table_of, table_text, value_text
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label

NUMBERS = {"whole number", "number", "duration"}
_LINES = 8
"""Lines of a list or table that are seen at once, at most."""


class Field(QWidget):
    """Shows a value and gives it back. What cannot be read as one is given back as text: the agent says why.

    `changed`: somebody edited it. `trouble`: why there is no value now, "" where there is one.
    """

    changed = Signal()

    def __init__(
        self,
        kind: str,
        name: str,
        *,
        choices: Sequence[Any] = (),
        unit: str = "",
        nullable: bool = False,
        read_only: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Empty.

        Args:
            kind: as in `SettingForm.kind` and `ConverterOption.kind`.
            name: for who does not see it.
            choices: of a `choice`.
            unit: stands behind it.
            nullable: an empty text is no value (None).
            read_only: it is only shown.
            parent: Qt's.
        """
        super().__init__(parent)
        self._kind = kind
        self._choices = tuple(choices)
        self._nullable = nullable
        self._setting = False
        self.trouble = ""
        self.editor = self._make(read_only=read_only)
        self.editor.setAccessibleName(name)
        self.setFocusProxy(self.editor)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.editor, 0 if kind in NUMBERS or kind == "bool" else 1)
        if unit:
            line.addWidget(label(unit, role="quiet", parent=self))
        if kind in NUMBERS or kind == "bool":
            line.addStretch(1)

    # ---------------------------------------------------------------- the value
    def value(self) -> Any:
        """What stands there now."""
        self.trouble = ""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, QComboBox):
            return editor.currentData()
        if isinstance(editor, QPlainTextEdit):
            return self._of_lines(editor.toPlainText())
        text = editor.text().strip() if isinstance(editor, QLineEdit) else ""
        if self._nullable and not text:
            return None
        if self._kind == "other":
            with contextlib.suppress(ValueError):
                return table_of(f"value = {text}")["value"]
        return _number(text) if self._kind in NUMBERS else text

    def set_value(self, value: Any) -> None:
        """Show another value; that is no change."""
        self._setting = True
        editor = self.editor
        if isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif isinstance(editor, QComboBox):
            if editor.findData(value) < 0:
                editor.addItem(nothing() if value is None else str(value), value)
            editor.setCurrentIndex(editor.findData(value))
        elif isinstance(editor, QPlainTextEdit):
            editor.setPlainText(self._as_lines(value))
            self._fit(editor)
        elif isinstance(editor, QLineEdit):
            editor.setText(self._as_text(value))
        self._setting = False
        self.value()

    # ---------------------------------------------------------------- inside
    def _make(self, *, read_only: bool) -> QWidget:
        if self._kind == "bool":
            box = QCheckBox(self)
            box.setEnabled(not read_only)
            box.toggled.connect(self._edited)
            return box
        if self._kind == "choice":
            choice = QComboBox(self)
            if self._nullable:
                choice.addItem(nothing(), None)
            for one in self._choices:
                choice.addItem(str(one), one)
            # A wheel that scrolls the page must not change what it meets on the way.
            choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            choice.installEventFilter(self)
            choice.currentIndexChanged.connect(self._edited)
            return choice
        if self._kind in {"list", "table"}:
            lines = QPlainTextEdit(self)
            lines.setReadOnly(read_only)
            lines.setTabChangesFocus(True)
            lines.setPlaceholderText(tr("one in each line") if self._kind == "list" else "name = value")
            lines.textChanged.connect(self._edited)
            self._fit(lines)
            return lines
        text = QLineEdit(self)
        text.setReadOnly(read_only)
        if self._kind in NUMBERS:
            text.setFixedWidth(text.fontMetrics().horizontalAdvance("0" * 16))
        text.textChanged.connect(self._edited)
        return text

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Leave the wheel to the page."""
        if event.type() is QEvent.Type.Wheel and not (isinstance(watched, QWidget) and watched.hasFocus()):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _edited(self) -> None:
        if isinstance(self.editor, QPlainTextEdit):
            self._fit(self.editor)
        if not self._setting:
            self.value()
            self.changed.emit()

    def _fit(self, lines: QPlainTextEdit) -> None:
        count = min(_LINES, max(1, lines.document().blockCount()))
        margins = 2 * (lines.frameWidth() + int(lines.document().documentMargin()))
        height = lines.fontMetrics().lineSpacing() * count + margins + 2
        if lines.height() != height:
            lines.setFixedHeight(height)

    def _of_lines(self, text: str) -> Any:
        if self._kind == "list":
            found = [line.strip() for line in text.splitlines() if line.strip()]
            return None if self._nullable and not found else found
        try:
            table = table_of(text)
        except ValueError as error:
            self.trouble = tr("This is no TOML: {reason}.", reason=str(error))
            return None
        return None if self._nullable and not table else table

    def _as_lines(self, value: Any) -> str:
        if self._kind == "list":
            return "\n".join(str(one) for one in value or ())
        return table_text(value or {})

    def _as_text(self, value: Any) -> str:
        if value is None:
            return ""
        if self._kind == "other":
            return value_text(value)
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)


def nothing() -> str:
    """Stands for a choice that is not made."""
    return tr("(not set)")


def _number(text: str) -> Any:
    """A number where it is one; a decimal comma counts as a point."""
    plain = text.replace(",", ".") if text.count(",") == 1 else text
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            found = kind(plain)
            if math.isfinite(found):
                return found
    return text
