"""The report of an entry in a window of its own: tree, charts; to be copied or saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from stationmaster.errors import StationmasterError
from stationmaster.model import Entry
from stationmaster_tray import clipboard
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.entries import wording
from stationmaster_tray.report import plain
from stationmaster_tray.report.document import Document, read
from stationmaster_tray.report.sheet import as_csv
from stationmaster_tray.slices import sliced
from stationmaster_tray.text import number, plural, size, tr
from stationmaster_tray.widgets.columns import keep_widths
from stationmaster_tray.widgets.label import label
from stationmaster_tray.widgets.report_charts import ReportCharts
from stationmaster_tray.widgets.report_tree import ReportTree


class ReportDialog(QDialog):
    """Asks for the report, then shows it. Open it with `open()`."""

    def __init__(self, desk: Desk, entry: Entry, parent: QWidget | None = None) -> None:
        """Ask for it at once."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._name = wording.heading(entry)
        self.setWindowTitle(tr("Report of {name}", name=self._name))
        self.resize(900, 720)
        self._desk, self._entry = desk, entry
        self._content = b""
        self._next = 0
        self.document: Document | None = None
        self._bar = CallBar(desk.tasks, self)
        self._about = label(role="quiet", parent=self)
        self._failed = QPushButton(tr("Next failed step"), self)
        self._failed.setShortcut("F3")
        self._failed.setToolTip(tr("F3"))
        self.tree = ReportTree(self)
        keep_widths(self.tree.header(), desk.memory, "report")
        self.charts = ReportCharts(desk.tasks, self)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._parsed = [
            self._button(tr("Copy as &text"), lambda: self._copy(self._text)),
            self._button(tr("Copy as CS&V"), lambda: self._copy(self._csv)),
        ]
        self._whole = [
            self._button(tr("Copy as &JSON"), lambda: self._copy(self._json)),
            self._button(tr("&Save as..."), self._ask_where),
        ]
        self._lay_out()
        self._failed.clicked.connect(self.go_to_next_failed)
        self.tree.row_chosen.connect(self.charts.show_row)
        self._buttons.rejected.connect(self.reject)
        self.finished.connect(lambda _result: self._bar.cancel())
        self._ready()
        self._bar.run(self._read, self._show, what=tr("Reading the report..."))

    def go_to_next_failed(self) -> None:
        """Choose the next failed step, after the last one the first again."""
        if self.document is not None and self.document.failures:
            self.tree.go_to(self.document.failures[self._next % len(self.document.failures)])
            self._next += 1

    # ---------------------------------------------------------------- reading
    async def _read(self) -> Document:
        self._content = await self._desk.client.payload(self._entry.instance, self._entry.id)
        self._ready()  # what cannot be shown can be saved all the same
        return await asyncio.to_thread(read, self._content)

    def _show(self, document: Document) -> None:
        self.document, self._next = document, 1
        self.tree.show_document(document)
        self._ready()
        self.tree.setFocus()

    def _ready(self) -> None:
        document = self.document
        for button in self._whole:
            button.setEnabled(bool(self._content))
        for button in self._parsed:
            button.setEnabled(document is not None)
        self._failed.setEnabled(document is not None and bool(document.failures))
        said = [tr("{size}, as it was sent or will be sent", size=size(len(self._content)))]
        if document is not None:
            said.append(plural(document.steps, "{count} step", "{count} steps"))
            if document.failed:
                said.append(tr("✗ {count} failed", count=number(document.failed)))
        self._about.setText(", ".join(said) if self._content else "")

    # ---------------------------------------------------------------- copying and saving
    def _copy(self, made: Callable[[], Coroutine[Any, Any, str | bytes]]) -> None:
        self._bar.run(made, clipboard.put, what=tr("Copying..."))

    async def _text(self) -> str:
        made = [self._name]
        if self.document is not None:
            await sliced(map(made.append, plain.lines(self.document)))
        return "\n".join(made)

    async def _csv(self) -> bytes:
        document = self.document
        return (await asyncio.to_thread(as_csv, document)).encode() if document else b""

    async def _json(self) -> bytes:
        return self._content

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

    # ---------------------------------------------------------------- inside
    def _button(self, text: str, does: Callable[[], None]) -> QPushButton:
        button = self._buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
        button.setAutoDefault(False)
        button.clicked.connect(does)
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._about, 1)
        head.addWidget(self._failed)
        split = QSplitter(Qt.Orientation.Vertical, self)
        for place, (part, stretch) in enumerate(((self.tree, 5), (self.charts, 2))):
            split.addWidget(part)
            split.setStretchFactor(place, stretch)
        split.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addWidget(split, 1)
        column.addWidget(self._buttons)
