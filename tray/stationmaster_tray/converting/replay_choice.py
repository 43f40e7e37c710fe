"""What is replayed: station, the converter of now, the other one, and which files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from stationmaster.control.command_answer import ArchivedDay
from stationmaster.control.trial_protocol import Converters
from stationmaster_tray.call import CallBar
from stationmaster_tray.converting.station_choice import show_stations
from stationmaster_tray.desk import Desk
from stationmaster_tray.markup import tip
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import number, tr
from stationmaster_tray.widgets.columns import keep_widths
from stationmaster_tray.widgets.label import label
from stationmaster_tray.widgets.plain_table import Line, PlainTable

USUAL = 200
MOST = 10_000
_FILE = "*.py *.toml"
_LINES = 4


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A replay, as the command line is told.

    Attributes:
        other: the file of the other version, or a name.
        wanted: days, zips, folders, files.
    """

    station: str
    present: str
    other: str
    wanted: tuple[str, ...]
    pattern: str = "*"
    limit: int = USUAL

    @property
    def words(self) -> tuple[str, ...]:
        """What follows `stationmaster converter`."""
        named = ("--present", self.present, "--name", self.pattern, "--limit", str(self.limit))
        return ("replay", "--instance", self.station, *named, "--lines", "--", self.other, *self.wanted)


class ReplayChoice(QWidget):
    """Filled as the agent and the archive answer. `changed`: `order` may be another."""

    changed = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        """Nothing is known yet."""
        super().__init__(parent)
        self._desk = desk
        self._known: dict[str, Converters] = {}
        self._days: tuple[ArchivedDay, ...] = ()
        self._paths: tuple[Path, ...] = ()
        self._listed = ""
        self._file = ""
        """The other version, where it is a file."""
        self.bar = CallBar(desk.tasks, self)
        self.station = QComboBox(self)
        self.present = QComboBox(self)
        self.other = QComboBox(self)
        self.pattern = QLineEdit("*", self)
        self.limit = QSpinBox(self)
        titles = (tr("Day or path"), tr("Files"), tr("Where"))
        self.files = PlainTable(titles, (24, 10), tr("Files to replay"), self)
        self.choose_other = QPushButton(tr("Choose a file..."), self)
        self.add_folder = QPushButton(tr("Add a folder..."), self)
        self.add_files = QPushButton(tr("Add files..."), self)
        self._dress()
        self._lay_out()
        self.station.currentIndexChanged.connect(lambda _row: self._turned())
        self.choose_other.clicked.connect(self._choose_other)
        self.add_folder.clicked.connect(lambda: self._choose_files(folder=True))
        self.add_files.clicked.connect(lambda: self._choose_files(folder=False))
        for box in (self.present, self.other):
            box.currentIndexChanged.connect(lambda _row: self.changed.emit())
        self.files.selectionModel().selectionChanged.connect(lambda *_: self.changed.emit())

    @property
    def order(self) -> Order | None:
        """What is chosen, None while something is missing."""
        rows = sorted(index.row() for index in self.files.selectionModel().selectedRows())
        wanted = tuple(str(self.files.plain.lines[row].item) for row in rows)
        present, other = self.present.currentText(), self.other.currentData() or ""
        station = self.station.currentText()
        if not (station and present and other and wanted):
            return None
        return Order(
            station=station,
            present=present,
            other=other,
            wanted=wanted,
            pattern=self.pattern.text() or "*",
            limit=self.limit.value(),
        )

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Offer the stations there are."""
        if show_stations(self.station, seen):
            self._turned()

    def entered(self) -> None:
        """Ask for the days of the archive, unless they are listed."""
        if self.station.currentText() and self._listed != self.station.currentText():
            self.list_days()

    def learn(self, station: str, found: Converters) -> None:
        """The converters of a station are known now."""
        self._known[station] = found
        if station == self.station.currentText():
            self._offer()

    def take(self, paths: Sequence[Path]) -> None:
        """Files and folders that were dropped: a converter is the other version, all else is replayed."""
        code = [path for path in paths if path.suffix in {".py", ".toml"}]
        if code:
            self._take_other(code[0])
        rest = tuple(path for path in paths if path not in code)
        if rest:
            self._paths = tuple(dict.fromkeys((*self._paths, *rest)))
            self._show_files()
            first = len(self._paths) - len(rest)
            self.files.clearSelection()
            for row in range(first, len(self._paths)):
                self.files.selectRow(row)

    def list_days(self) -> None:
        """Ask what the station's archive holds."""
        station = self.station.currentText()
        self._listed = station
        command = self._desk.session.launcher.command("archive", "list", "--instance", station, "--json")
        self.bar.run(
            lambda: command.answer(tuple[ArchivedDay, ...]),
            self._show_days,
            what=tr("Looking into the archive of {station}...", station=station),
        )

    # ---------------------------------------------------------------- inside
    def _turned(self) -> None:
        """Another station."""
        self._days = ()
        self._listed = ""
        self._show_files()
        self._offer()
        if self.isVisible():
            self.entered()

    def _show_days(self, days: tuple[ArchivedDay, ...]) -> None:
        self._days = days[::-1]
        self._show_files()
        if not self.files.selectionModel().hasSelection() and self.files.plain.lines:
            self.files.selectRow(0)
        self.changed.emit()

    def _show_files(self) -> None:
        chosen = {index.row() for index in self.files.selectionModel().selectedRows()}
        before = [self.files.plain.lines[row].item for row in sorted(chosen)]
        paths = [Line(cells=(path.name, "", str(path.parent)), item=str(path)) for path in self._paths]
        days = [
            Line(cells=(one.day, number(one.files + one.loose), one.root), item=one.day) for one in self._days
        ]
        self.files.plain.show_lines(())
        self.files.plain.show_lines([*paths, *days])
        for row, one in enumerate(self.files.plain.lines):
            if one.item in before:
                self.files.selectRow(row)

    def _offer(self) -> None:
        """The converters of the chosen station, as far as they are known; those in use first."""
        found = self._known.get(self.station.currentText())
        read = [one for one in (found.converters if found else ()) if "file" in one.kinds]
        names = [one.name for one in sorted(read, key=lambda one: not (one.folders or one.sources))]
        for box in (self.present, self.other):
            chosen = box.currentData()
            box.blockSignals(True)
            box.clear()
            if box is self.other:
                text = Path(self._file).name if self._file else tr("A file, or another converter")
                box.addItem(text, self._file)
            for name in names:
                box.addItem(name, name)
            box.setCurrentIndex(max(0, box.findData(chosen)) if box.count() else -1)
            box.blockSignals(False)
        self.changed.emit()

    def _take_other(self, path: Path) -> None:
        self._file = str(path.absolute())
        self._offer()
        self.other.setCurrentIndex(self.other.findData(self._file))
        self.other.setToolTip(tip(self._file))
        row = self.present.findData(path.stem)
        if row >= 0:
            self.present.setCurrentIndex(row)

    def _choose_other(self) -> None:
        dialog = QFileDialog(self, tr("The other version"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(tr("Converters and mappings ({patterns})", patterns=_FILE))
        dialog.fileSelected.connect(lambda chosen: self._take_other(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _choose_files(self, *, folder: bool) -> None:
        dialog = QFileDialog(self, tr("Files to replay"))
        mode = QFileDialog.FileMode
        dialog.setFileMode(mode.Directory if folder else mode.ExistingFiles)
        dialog.filesSelected.connect(lambda chosen: self._add([Path(one) for one in chosen]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _add(self, paths: Sequence[Path]) -> None:
        """Chosen as files to be read, whatever they are called."""
        self.take([path for path in paths if path.suffix not in {".py", ".toml"}])

    def _dress(self) -> None:
        self.station.setAccessibleName(tr("Station"))
        self.present.setAccessibleName(tr("Converter of now"))
        self.other.setAccessibleName(tr("Other version"))
        self.pattern.setAccessibleName(tr("Only files whose name fits"))
        self.pattern.setAcceptDrops(False)  # files that are dropped are for the page
        self.pattern.setToolTip(tr("A pattern, such as *.csv; * for all"))
        self.limit.setAccessibleName(tr("Files at most"))
        self.limit.setRange(1, MOST)
        self.limit.setValue(USUAL)
        self.files.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        keep_widths(self.files.horizontalHeader(), self._desk.memory, "replay-files")
        row = self.files.verticalHeader().defaultSectionSize()
        head = self.files.horizontalHeader().sizeHint().height()
        self.files.setFixedHeight(head + row * _LINES + 2 * self.files.frameWidth())
        for box in (self.station, self.present, self.other):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)

    def _lay_out(self) -> None:
        grid, beside = QGridLayout(), QHBoxLayout()
        beside.addWidget(self.other, 1)
        beside.addWidget(self.choose_other)
        grid.addWidget(label(tr("Station"), role="quiet", parent=self), 0, 0)
        grid.addWidget(self.station, 0, 1)
        grid.addWidget(label(tr("Converter of now"), role="quiet", parent=self), 1, 0)
        grid.addWidget(self.present, 1, 1)
        grid.addWidget(label(tr("Compare with"), role="quiet", parent=self), 2, 0)
        grid.addLayout(beside, 2, 1)
        grid.setColumnStretch(1, 1)
        buttons, bounds = QHBoxLayout(), QHBoxLayout()
        buttons.addWidget(label(tr("Files: days of the archive, or others"), role="quiet", parent=self), 1)
        buttons.addWidget(self.add_folder)
        buttons.addWidget(self.add_files)
        bounds.addWidget(label(tr("Only files named"), role="quiet", parent=self))
        bounds.addWidget(self.pattern, 1)
        bounds.addWidget(label(tr("at most"), role="quiet", parent=self))
        bounds.addWidget(self.limit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(grid)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.files)
        column.addLayout(bounds)
