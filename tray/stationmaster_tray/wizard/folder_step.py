"""Where result files appear, and what reads them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton

from stationmaster.control.trial_protocol import Converters, ConverterView
from stationmaster.errors import StationmasterError
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.option_form import OptionForm
from stationmaster_tray.wizard.step import Step
from stationmaster_tray.wizard.try_server import TryServer

_LOOK_AFTER = 250
"""Milliseconds after the last key until the folder is looked for."""


class FolderStep(Step):
    """One folder, one converter; Settings has room for more."""

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """The converters are asked for when the step is seen."""
        super().__init__(desk, draft, server)
        self.bar = CallBar(desk.tasks, self)
        self._known: dict[str, ConverterView] = {}
        self._looking: asyncio.Task[None] | None = None
        self.folder = QLineEdit(self)
        self.folder.setAccessibleName(tr("Folder"))
        self.browse = QPushButton(tr("Choose..."), self)
        self.browse.setAccessibleName(tr("Choose the folder"))
        self.browse.clicked.connect(self._choose)
        self.make = QCheckBox(tr("There is no such folder yet: make it"), self)
        self.make.hide()
        self.converter = QComboBox(self)
        self.converter.setAccessibleName(tr("Converter"))
        self._summary = label(role="quiet", parent=self)
        self._summary.setObjectName("summary")
        self.options = OptionForm(self)
        self.options.changed.connect(self.changed)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOK_AFTER)
        self._timer.timeout.connect(self._look)
        self.folder.textChanged.connect(self._typed)
        self.make.toggled.connect(self.changed)
        self.converter.currentIndexChanged.connect(self._chosen)

    @property
    def title(self) -> str:
        """See `Step`."""
        return tr("Where do result files appear?")

    @property
    def ready(self) -> bool:
        """A folder that is there or will be, and a converter."""
        return bool(self._path and self.converter.currentData())

    def entered(self) -> None:
        """Ask for the converters."""
        if not self._known:
            self.bar.run(
                lambda: self.desk.client.converters(""), self._fill, what=tr("Loading converters...")
            )

    def left(self) -> None:
        """An answer is not wanted any more."""
        self.bar.cancel()

    async def check(self) -> None:
        """Is the folder there, and can it be watched?"""
        self.draft.folder = self._path
        self.draft.converter = str(self.converter.currentData())
        self.draft.options = self.options.values()
        await self.refuse("watch")
        there = await asyncio.to_thread(Path(self._path).is_dir)
        self._show_missing(missing=not there)
        if not there and not self.make.isChecked():
            raise StationmasterError(
                tr("The folder {folder} is not there.", folder=self._path),
                next_step=tr("Choose another one, or tick that it shall be made."),
            )
        self.draft.make_folder = not there

    # ---------------------------------------------------------------- inside
    @property
    def _path(self) -> str:
        text = self.folder.text().strip()
        return str(Path(text).expanduser()) if text.startswith("~") else text

    def _lay_out(self) -> None:
        self.say(tr("Files that come into this folder are read and sent. They stay where they are."))
        line = QHBoxLayout()
        line.addWidget(self.folder, 1)
        line.addWidget(self.browse)
        self.column.addWidget(label(tr("Folder"), parent=self))
        self.column.addLayout(line)
        self.column.addWidget(self.make)
        self.column.addSpacing(8)
        self.column.addWidget(label(tr("Converter"), parent=self))
        self.column.addWidget(self.converter)
        self.column.addWidget(self._summary)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.options, 1)

    def _choose(self) -> None:
        dialog = QFileDialog(self, tr("Folder of result files"), self._path)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _typed(self) -> None:
        self._timer.start()
        self.changed.emit()

    def _look(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = self.desk.tasks.start(self._look_for(self._path))

    async def _look_for(self, path: str) -> None:
        there = not Path(path).is_absolute() or await asyncio.to_thread(Path(path).is_dir)
        if path == self._path:
            self._show_missing(missing=not there)

    def _show_missing(self, *, missing: bool) -> None:
        self.make.setVisible(missing)
        if not missing:
            self.make.setChecked(False)

    def _fill(self, answer: Converters) -> None:
        able = [one for one in answer.converters if {"file", "folder"} & set(one.kinds)]
        self._known = {one.name: one for one in able}
        self.converter.clear()
        for one in able:
            self.converter.addItem(one.name, one.name)
        self.changed.emit()

    def _chosen(self) -> None:
        one = self._known.get(str(self.converter.currentData()))
        self._summary.setText(one.summary if one else "")
        self.options.show_options(one.options if one else ())
        self.changed.emit()
