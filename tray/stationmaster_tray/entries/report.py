"""The report of an entry in a window of its own: as a tree, to be copied or saved."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from stationmaster.errors import StationmasterError
from stationmaster.model import Entry
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries import wording
from stationmaster_tray.text import size, tr
from stationmaster_tray.widgets.json_tree import JsonView
from stationmaster_tray.widgets.label import label


class ReportDialog(QDialog):
    """Asks for the report, then shows it. Open it with `open()`."""

    def __init__(self, desk: Desk, entry: Entry, parent: QWidget | None = None) -> None:
        """Ask for it at once."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Report of {name}", name=wording.heading(entry)))
        self.resize(760, 620)
        self._desk, self._entry = desk, entry
        self._content = b""
        self.view: JsonView | None = None
        self._bar = CallBar(desk.tasks, self)
        self._about = label(role="quiet", parent=self)
        self._copy = QPushButton(tr("Copy"), self)
        self._save = QPushButton(tr("Save as..."), self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(self._copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self._save, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        self._copy.clicked.connect(self._copied)
        self._save.clicked.connect(self._ask_where)
        self._column = QVBoxLayout(self)
        for widget in (self._about, self._bar):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        self._column.addWidget(buttons)
        self._ready(on=False)
        self.finished.connect(lambda _result: self._bar.cancel())
        self._bar.run(self._read, self._show, what=tr("Reading the report..."))

    async def _read(self) -> tuple[bytes, Any]:
        content = await self._desk.client.payload(self._entry.instance, self._entry.id)
        try:
            return content, await asyncio.to_thread(msgspec.json.decode, content)
        except msgspec.DecodeError as error:
            raise StationmasterError(
                tr("The report cannot be shown: {error}.", error=str(error)),
                next_step=tr("Please save diagnostics and send them to support."),
            ) from error

    def _show(self, found: tuple[bytes, Any]) -> None:
        self._content, document = found
        self._about.setText(tr("{size}, as it was sent or will be sent.", size=size(len(self._content))))
        self._column.takeAt(2)
        self.view = view = JsonView(document, self)
        self._column.insertWidget(2, view, 1)
        self._ready(on=True)
        view.setFocus()

    def _ready(self, *, on: bool) -> None:
        self._copy.setEnabled(on)
        self._save.setEnabled(on)

    def _copied(self) -> None:
        QGuiApplication.clipboard().setText(self._content.decode(errors="replace"))

    def _ask_where(self) -> None:
        chooser = QFileDialog(self, tr("Save the report"))
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setDefaultSuffix("json")
        chooser.selectFile(f"{self._entry.report_id or self._entry.id}.json")
        chooser.fileSelected.connect(self.save_as)
        chooser.open()

    def save_as(self, file: str) -> None:
        """Write it there."""
        self._bar.run(lambda: self._written(Path(file)), lambda _done: None, what=tr("Saving..."))

    async def _written(self, file: Path) -> None:
        try:
            await asyncio.to_thread(file.write_bytes, self._content)
        except OSError as error:
            raise StationmasterError(
                tr("{file} cannot be written: {error}.", file=str(file), error=error.strerror or str(error)),
                next_step=tr("Choose another folder."),
            ) from error
