"""The controls of the settings page and where they stand; what they do is with `pages.settings`."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
)

from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label


class SettingsFrame(Page):
    """Whose settings and a search above, the form or the text in the middle, Save and Revert below."""

    def __init__(self, desk: Desk) -> None:
        """Empty."""
        super().__init__(desk)
        self.bar = CallBar(desk.tasks, self)
        self._make_controls()
        self._lay_out()

    # ---------------------------------------------------------------- inside
    def _make_controls(self) -> None:
        self.which = QComboBox(self)
        self.which.setAccessibleName(tr("Whose settings"))
        self.which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(tr("Search settings"))
        self.search.setAccessibleName(tr("Search settings"))
        self.search.setClearButtonEnabled(True)
        self.token = QPushButton(tr("Set token..."), self)
        self.as_text = QPushButton(tr("As text"), self)
        self.as_text.setCheckable(True)
        self.add = QPushButton(tr("Add station..."), self)
        self.remove = QPushButton(tr("Remove station..."), self)
        self.save = QPushButton(tr("Save"), self)
        self.revert = QPushButton(tr("Revert"), self)
        self.show_wrong = QPushButton(tr("Show it"), self)
        self.state = label(role="quiet", parent=self)
        self.state.setObjectName("changes")
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("The settings file"))
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.empty = label(role="quiet", parent=self)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.text)

    def _lay_out(self) -> None:
        first, second, foot = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.which)
        first.addWidget(self.search, 1)
        for made in (self.token, self.as_text):
            second.addWidget(made)
        second.addStretch(1)
        for made in (self.add, self.remove):
            second.addWidget(made)
        foot.addWidget(self.state, 1)
        for made in (self.show_wrong, self.revert, self.save):
            foot.addWidget(made)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self.stack, 1)
        column.addWidget(self.bar)
        column.addLayout(foot)
