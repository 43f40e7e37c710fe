"""Save a mapping: into a station's own converters, or anywhere as a file. Nothing is overwritten unasked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from stationmaster_tray.call_queue import CallQueue
from stationmaster_tray.converting.mapped import ENDING, install, is_other, save_as
from stationmaster_tray.converting.station_choice import show_stations
from stationmaster_tray.desk import Desk
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label
from stationmaster_tray.widgets.message import message

_NAME = QRegularExpression("[a-z][a-z0-9-]*")


class MappingSave(QWidget):
    """Name, station and two ways to save. `saved` carries the text, and the station or ""."""

    saved = Signal(str, str)

    def __init__(self, desk: Desk, content: Callable[[], str], parent: QWidget | None = None) -> None:
        """Nothing is saved yet; `content` gives the text of now."""
        super().__init__(parent)
        self._desk = desk
        self._content = content
        self.bar = CallQueue(desk.tasks, self)
        self.name = QLineEdit(self)
        self.name.setAccessibleName(tr("Name of the converter"))
        self.name.setValidator(QRegularExpressionValidator(_NAME, self.name))
        self.name.setAcceptDrops(False)  # files that are dropped are for the page
        self.name.setToolTip(tr("Small letters, digits and -"))
        self.station = QComboBox(self)
        self.station.setAccessibleName(tr("Station"))
        self.to_station = QPushButton(tr("Save for the station"), self)
        self.to_file = QPushButton(tr("Save as a file..."), self)
        self.done = label(role="good", parent=self)
        self.done.setObjectName("saved")
        self._lay_out()
        self.to_station.clicked.connect(self.save_to_station)
        self.to_file.clicked.connect(self.choose_place)
        self.name.textChanged.connect(lambda _text: self._ready())

    def show_seen(self, seen: Seen) -> None:
        """Offer the stations there are."""
        show_stations(self.station, seen)
        self._ready()

    def begin(self, name: str) -> None:
        """Another mapping is shown."""
        self.name.setText(name)
        self.done.clear()

    # ---------------------------------------------------------------- into a station
    def save_to_station(self) -> None:
        """Put it into the chosen station's converters; ask where another one of that name is there."""
        station, name, text = self.station.currentText(), self.name.text(), self._content()
        place = self._desk.session.launcher.home.converters(station) / f"{name}{ENDING}"
        self._if_free(place, text, lambda replace: self._install(station, name, text, replace=replace))

    def _install(self, station: str, name: str, text: str, *, replace: bool) -> None:
        def told(_nothing: None) -> None:
            self._say(
                tr(
                    "✓ {station} has the converter {name} now. Choose it for a watch folder in the "
                    "settings, if none uses it yet.",
                    station=station,
                    name=name,
                )
            )
            self.saved.emit(text, station)

        self.bar.run(
            lambda: install(self._desk.session.launcher, station, name, text, replace=replace),
            told,
            what=tr("Saving {name} for {station}...", name=name, station=station),
        )

    # ---------------------------------------------------------------- as a file
    def choose_place(self) -> None:
        """Let a person choose where to save it; nobody waits."""
        dialog = QFileDialog(self, tr("Save the mapping"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # we ask ourselves, and not for the same
        dialog.setNameFilter(tr("Mappings (*.toml)"))
        dialog.setDefaultSuffix(ENDING[1:])
        dialog.selectFile(f"{self.name.text()}{ENDING}")
        dialog.fileSelected.connect(lambda chosen: self.save_to(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save_to(self, place: Path) -> None:
        """Save it there; ask where something else is."""
        text = self._content()
        self._if_free(place, text, lambda replace: self._write(place, text, replace=replace))

    def _write(self, place: Path, text: str, *, replace: bool) -> None:
        def told(_nothing: None) -> None:
            self._say(tr("✓ Saved as {file}.", file=place))
            self.saved.emit(text, "")

        self.bar.run(
            lambda: asyncio.to_thread(save_as, place, text, replace=replace),
            told,
            what=tr("Saving {file}...", file=place.name),
        )

    # ---------------------------------------------------------------- inside
    def _if_free(self, place: Path, text: str, save: Callable[[bool], None]) -> None:
        def looked(taken: bool) -> None:  # noqa: FBT001 - an answer
            if taken:
                self.ask(place, lambda: save(True))
            else:
                save(False)

        self.done.clear()
        self.bar.run(lambda: asyncio.to_thread(is_other, place, text), looked)

    def ask(self, place: Path, yes: Callable[[], None]) -> QMessageBox:
        """Ask whether this place may be written over; nobody waits for the answer."""
        box = message(
            QMessageBox.Icon.Question,
            tr("Replace {file}?", file=place.name),
            tr("{file} is there already, with other content.", file=place),
            more=tr("What it holds now is lost if you replace it."),
            parent=self,
        )
        box.setObjectName("replace")
        replace = box.addButton(tr("Replace"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(tr("Keep it"), QMessageBox.ButtonRole.RejectRole))
        replace.clicked.connect(yes)
        box.open()
        return box

    def _say(self, text: str) -> None:
        self.done.setText(text)

    def _ready(self) -> None:
        named = bool(self.name.text())
        self.to_station.setEnabled(named and bool(self.station.currentText()))
        self.to_file.setEnabled(named)

    def _lay_out(self) -> None:
        first, second, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        first.addWidget(label(tr("Name"), role="quiet", parent=self))
        first.addWidget(self.name, 1)
        first.addWidget(label(tr("Station"), role="quiet", parent=self))
        first.addWidget(self.station)
        second.addWidget(self.done, 1)
        second.addWidget(self.to_station)
        second.addWidget(self.to_file)
        column.addLayout(first)
        column.addWidget(self.bar)
        column.addLayout(second)
        self._ready()
