"""Test a file: choose one or drop it, and see what would become of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from stationmaster.control.trial_protocol import Converters, Trial
from stationmaster_tray.call import CallBar
from stationmaster_tray.converting.result import TrialResult
from stationmaster_tray.converting.station_choice import show_stations
from stationmaster_tray.desk import Desk
from stationmaster_tray.sample import read_sample
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.blank import Blank
from stationmaster_tray.widgets.label import label


class TrialPanel(QWidget):
    """Choices above, the result below. `map_wanted` carries a file that no converter reads."""

    map_wanted = Signal(tuple)

    def __init__(self, desk: Desk, result: TrialResult, parent: QWidget | None = None) -> None:
        """Nothing is tested yet. What becomes of files is shown in `result`."""
        super().__init__(parent)
        self._desk = desk
        self._file: Path | None = None
        self._known: dict[str, tuple[str, ...]] = {}
        self.station = QComboBox(self)
        self.converter = QComboBox(self)
        self.bar = CallBar(desk.tasks, self)
        self.result = result
        self._choose = QPushButton(tr("Choose a file..."), self)
        self._again = QPushButton(tr("Test again"), self)
        self._map = QPushButton(tr("Make a mapping from it..."), self)
        self._note = label(role="quiet", parent=self)
        self._blank = Blank(self)
        self._stack = QStackedWidget(self)
        self._lay_out()
        self._choose.clicked.connect(self.choose)
        self._again.clicked.connect(self._test_again)
        self._map.clicked.connect(self._map_it)
        self._blank.pressed.connect(self._pressed)
        self.station.currentIndexChanged.connect(lambda _row: self._offer())
        self._offer()

    def show_seen(self, seen: Seen) -> None:
        """Offer the stations there are."""
        if show_stations(self.station, seen):
            self._offer()
        has_station = bool(self.station.count())
        self._choose.setEnabled(has_station)
        self._again.setEnabled(has_station and self._file is not None)
        if self._stack.currentWidget() is self._blank:
            self._say_empty(seen)

    def left(self) -> None:
        """Nobody waits for an answer."""
        self.bar.cancel()

    def learn(self, station: str, found: Converters) -> None:
        """The converters of a station are known now."""
        self._known[station] = tuple(one.name for one in found.converters if "file" in one.kinds)
        if station == self.station.currentText():
            self._offer()

    # ---------------------------------------------------------------- testing
    def choose(self) -> None:
        """Let a person choose a file, then test it; nobody waits."""
        dialog = QFileDialog(self, tr("Test a file"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        if self._file is not None:
            dialog.setDirectory(str(self._file.parent))
        dialog.fileSelected.connect(lambda chosen: self.test((Path(chosen),)))
        dialog.open()

    def test(self, files: Sequence[Path]) -> None:
        """Test the first of these files."""
        station, converter = self.station.currentText(), self.converter.currentData() or ""
        if not files or not station:
            return
        file = self._file = files[0]
        self._note.setText(
            tr("One file at a time: {name} is tested.", name=file.name) if len(files) > 1 else ""
        )
        self._note.setVisible(len(files) > 1)
        self._again.setEnabled(True)
        self._map.hide()
        self._blank.say(tr("{name} is being tested...", name=file.name))
        self._stack.setCurrentWidget(self._blank)
        self.bar.run(
            lambda: self._tested(file, station, converter),
            lambda trial: self._show(file, trial),
            what=tr("Testing {name} with the settings of {station}...", name=file.name, station=station),
        )

    async def _tested(self, file: Path, station: str, converter: str) -> Trial:
        content = await asyncio.to_thread(read_sample, file)
        return await self._desk.client.try_file(station, content, filename=file.name, converter=converter)

    def _test_again(self) -> None:
        if self._file is not None:
            self.test((self._file,))

    def _show(self, file: Path, trial: Trial) -> None:
        self._stack.setCurrentWidget(self.result)
        self.result.show_trial(file.name, trial)
        self._map.setVisible(not trial.converter)

    def _map_it(self) -> None:
        if self._file is not None:
            self.map_wanted.emit((self._file,))

    # ---------------------------------------------------------------- inside
    def _offer(self) -> None:
        """The converters of the chosen station, as far as they are known."""
        chosen = self.converter.currentData()
        self.converter.clear()
        self.converter.addItem(tr("As the watch folders choose"), "")
        for name in self._known.get(self.station.currentText(), ()):
            self.converter.addItem(name, name)
        self.converter.setCurrentIndex(max(0, self.converter.findData(chosen)))

    def _pressed(self, action: str) -> None:
        if action == "choose":
            self.choose()
        else:
            self._desk.wanted.emit(action, "", "")

    def _say_empty(self, seen: Seen) -> None:
        if self.bar.busy:
            return
        if seen.status is None:
            self._blank.say(tr("The agent does not run: it tests the files."))
        elif not seen.status.instances:
            self._blank.say(
                tr("No station is set up yet; a file is tested with the settings of one."),
                tr("Set up a station..."),
                "add-station",
            )
        else:
            self._blank.say(
                tr(
                    "Drop a result file here to see the reports that it would become. It is a dry run: "
                    "nothing is stored or sent, and the file stays where it is."
                ),
                tr("Choose a file..."),
                "choose",
            )

    def _lay_out(self) -> None:
        self.station.setAccessibleName(tr("Station"))
        self.converter.setAccessibleName(tr("Converter"))
        self.converter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._again.setEnabled(False)
        self._note.hide()
        self._map.hide()
        for widget in (self._blank, self.result):
            self._stack.addWidget(widget)
        head = QHBoxLayout()
        head.addWidget(label(tr("Station"), role="quiet", parent=self))
        head.addWidget(self.station)
        head.addSpacing(12)
        head.addWidget(label(tr("Converter"), role="quiet", parent=self))
        head.addWidget(self.converter)
        head.addStretch(1)
        head.addWidget(self._map)
        head.addWidget(self._again)
        head.addWidget(self._choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addLayout(head)
        column.addWidget(self._note)
        column.addWidget(self.bar)
        column.addWidget(self._stack, 1)
