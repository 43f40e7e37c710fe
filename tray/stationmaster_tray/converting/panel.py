"""Test a file: choose one or drop it, and see what would become of it; a mapping runs its own tests."""

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

from stationmaster.control.command_answer import MappingTests
from stationmaster.control.trial_protocol import Converters, Trial
from stationmaster_tray.call import CallBar
from stationmaster_tray.converting.mapped import ENDING, run_tests
from stationmaster_tray.converting.mapping_tests import MappingTestsView
from stationmaster_tray.converting.result import TrialResult
from stationmaster_tray.converting.station_choice import show_stations
from stationmaster_tray.desk import Desk
from stationmaster_tray.sample import read_sample
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.blank import Blank
from stationmaster_tray.widgets.flow import Flow
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
        self.tests = MappingTestsView(self)
        self._choose = QPushButton(tr("Choose a file..."), self)
        self._again = QPushButton(tr("Test again"), self)
        self._map = QPushButton(tr("Make a mapping from it..."), self)
        self.test_mapping = QPushButton(tr("Test a mapping..."), self)
        self._note = label(role="quiet", parent=self)
        self._blank = Blank(self)
        self._stack = QStackedWidget(self)
        self._lay_out()
        self._choose.clicked.connect(self.choose)
        self._again.clicked.connect(self._test_again)
        self._map.clicked.connect(self._map_it)
        self.test_mapping.clicked.connect(self.choose_mapping)
        self._blank.pressed.connect(self._pressed)
        self.station.currentIndexChanged.connect(lambda _row: self._offer())
        self._offer()

    def show_seen(self, seen: Seen) -> None:
        """Offer the stations there are."""
        if show_stations(self.station, seen):
            self._offer()
        self._choose.setEnabled(bool(self.station.count()))
        self._ready()
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
        self._dialog(tr("Test a file")).fileSelected.connect(lambda chosen: self.test((Path(chosen),)))

    def choose_mapping(self) -> None:
        """Let a person choose a mapping, then run its tests; nobody waits."""
        dialog = self._dialog(tr("Test a mapping"))
        dialog.setNameFilter(tr("Mappings (*.toml)"))
        dialog.fileSelected.connect(lambda chosen: self.run_tests(Path(chosen)))

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        if self._file is not None:
            dialog.setDirectory(str(self._file.parent))
        dialog.open()
        return dialog

    def test(self, files: Sequence[Path]) -> None:
        """Test the first of these files; of a mapping, where no converter is named, run its own tests."""
        station, converter = self.station.currentText(), self.converter.currentData() or ""
        if not files:
            return
        if files[0].suffix == ENDING and not converter:
            self.run_tests(files[0])
            return
        if not station:
            return
        file = self._file = files[0]
        self._note.setText(
            tr("One file at a time: {name} is tested.", name=file.name) if len(files) > 1 else ""
        )
        self._note.setVisible(len(files) > 1)
        self._begin(file)
        self.bar.run(
            lambda: self._tested(file, station, converter),
            lambda trial: self._show(file, trial),
            what=tr("Testing {name} with the settings of {station}...", name=file.name, station=station),
        )

    def run_tests(self, mapping: Path) -> None:
        """Run the tests that a mapping carries."""
        self._file = mapping
        self._note.hide()
        self._begin(mapping)
        self.bar.run(
            lambda: run_tests(self._desk.session.launcher, mapping),
            self._show_tests,
            what=tr("Running the tests of {name}...", name=mapping.name),
        )

    def _begin(self, file: Path) -> None:
        self._ready()
        self._map.hide()
        self._blank.say(tr("{name} is being tested...", name=file.name))
        self._stack.setCurrentWidget(self._blank)

    def _show_tests(self, found: MappingTests) -> None:
        self._stack.setCurrentWidget(self.tests)
        self.tests.show_tests(found)

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
    def _ready(self) -> None:
        """A mapping's tests need no station."""
        of_mapping = self._file is not None and self._file.suffix == ENDING
        self._again.setEnabled(of_mapping or (self._file is not None and bool(self.station.count())))

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
        self.test_mapping.setToolTip(tr("Run the tests that a mapping carries, each with its sample"))
        for widget in (self._blank, self.result, self.tests):
            self._stack.addWidget(widget)
        choices = QWidget(self)
        line = QHBoxLayout(choices)
        line.setContentsMargins(0, 0, 12, 0)
        line.addWidget(label(tr("Station"), role="quiet", parent=choices))
        line.addWidget(self.station)
        line.addSpacing(12)
        line.addWidget(label(tr("Converter"), role="quiet", parent=choices))
        line.addWidget(self.converter)
        head = Flow()  # in a narrow window it goes on in the next line
        head.setSpacing(6)
        for part in (choices, self._choose, self._again, self.test_mapping, self._map):
            head.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addLayout(head)
        column.addWidget(self._note)
        column.addWidget(self.bar)
        column.addWidget(self._stack, 1)
