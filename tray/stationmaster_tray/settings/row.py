"""One setting of the form: its name, its editor, what it means, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from stationmaster.control.trial_protocol import SettingForm
from stationmaster_tray.markup import tip
from stationmaster_tray.settings.entered import last
from stationmaster_tray.settings.toml_text import value_text
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.field import Field
from stationmaster_tray.widgets.label import label

_NAME_WIDTH = 24
"""Letters that the names' column has room for."""
_ACRONYMS = {"url": "URL", "ca": "CA", "id": "ID", "mb": "MB"}


class SettingRow(QWidget):
    """`changed`: edited. `keep_mine` and `take_theirs`: what to do about a change elsewhere."""

    changed = Signal()
    keep_mine = Signal()
    take_theirs = Signal()

    def __init__(self, form: SettingForm, parent: QWidget | None = None) -> None:
        """Empty."""
        super().__init__(parent)
        self.form = form
        self._folded = f"{form.key} {title_of(form.key)} {form.doc} {tr(form.doc)}".casefold()
        self.field = Field(
            form.kind,
            title_of(form.key),
            choices=form.choices,
            unit=tr(form.unit) if form.unit else "",
            nullable=form.default is None and not form.required,
            read_only=form.fixed,
            parent=self,
        )
        self.field.changed.connect(self._edited)
        self._right = QVBoxLayout()
        # Few settings are ever wrong, so these are made when they are first needed: a form has many rows.
        self._fault: QLabel | None = None
        self._conflict: QWidget | None = None
        self._theirs: QLabel | None = None
        self._lay_out(form)

    # ---------------------------------------------------------------- for the form
    def matches(self, text: str) -> bool:
        """The search would show it."""
        return all(word in self._folded for word in text.casefold().split())

    def show_fault(self, text: str) -> None:
        """Say what is wrong with it; "" for nothing."""
        text = text or self.field.trouble
        if self._fault is None:
            if not text:
                return
            self._fault = label(role="call", parent=self)
            self._fault.setObjectName(f"fault-{last(self.form.key)}")
            self._right.insertWidget(1, self._fault)
        self._fault.setText(f"✗ {text}" if text else "")
        self._fault.setVisible(bool(text))

    @property
    def fault(self) -> str:
        """What is said to be wrong."""
        return self._fault.text() if self._fault is not None else ""

    @property
    def calls(self) -> bool:
        """Something about it needs a person."""
        return any(one is not None and not one.isHidden() for one in (self._fault, self._conflict))

    def show_conflict(self, theirs: Any, *, there: bool) -> None:
        """Say that it was changed elsewhere, and ask what to do; or no more."""
        if self._conflict is None or self._theirs is None:
            if not there:
                return
            self._conflict, self._theirs = self._conflict_line()
            self._right.insertWidget(self._right.count() - bool(self.form.doc), self._conflict)
        if there:
            value = tr("the default") if theirs is None else value_text(theirs)
            self._theirs.setText(tr("! Changed elsewhere meanwhile: {value}", value=value))
        self._conflict.setVisible(there)

    # ---------------------------------------------------------------- inside
    def _lay_out(self, form: SettingForm) -> None:
        name = label(title_of(form.key), parent=self)
        name.setBuddy(self.field.editor)
        name.setToolTip(tip(form.key))
        name.setFixedWidth(self.fontMetrics().horizontalAdvance("n" * _NAME_WIDTH))
        name.setContentsMargins(0, 5, 0, 0)  # on a line with what stands in the editor
        right = self._right
        right.setSpacing(3)
        right.addWidget(self.field)
        if form.doc:
            right.addWidget(label(self._doc(form), role="quiet", parent=self))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.addWidget(name, 0, 0)
        grid.addLayout(right, 0, 1)
        grid.setColumnStretch(1, 1)
        grid.setAlignment(name, Qt.AlignmentFlag.AlignTop)

    def _doc(self, form: SettingForm) -> str:
        doc = tr(form.doc).replace("`", "")
        if form.fixed:
            return tr("{doc} It cannot be changed here.", doc=doc)
        if form.required or form.default in (None, "", [], {}):
            return doc
        return tr("{doc} Default: {value}", doc=doc, value=_shown(form.default))

    def _conflict_line(self) -> tuple[QWidget, QLabel]:
        made = QWidget(self)
        theirs = label(role="calm", parent=made)
        keep = QPushButton(tr("Keep mine"), made)
        keep.clicked.connect(self.keep_mine)
        take = QPushButton(tr("Take it"), made)
        take.clicked.connect(self.take_theirs)
        line = QHBoxLayout(made)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(theirs, 1)
        line.addWidget(keep)
        line.addWidget(take)
        return made, theirs

    def _edited(self) -> None:
        self.show_fault("")
        self.changed.emit()


def title_of(key: str) -> str:
    """The last word of a key as a person reads it; the key itself is what the settings file says."""
    words = [_ACRONYMS.get(word, word) for word in last(key).split("_")]
    text = " ".join(words)
    return tr(text[:1].upper() + text[1:])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int | float) else value_text(value)
