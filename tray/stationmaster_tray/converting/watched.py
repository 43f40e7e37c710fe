"""What watches what: a list of watch folders and sources; files dropped onto a folder are copied into it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from stationmaster_tray.call import CallBar
from stationmaster_tray.converting.canary import CanaryLines
from stationmaster_tray.converting.handover import HandOver
from stationmaster_tray.converting.place import Place, names, places
from stationmaster_tray.desk import Desk
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import plural, tr
from stationmaster_tray.widgets.blank import Blank
from stationmaster_tray.widgets.columns import keep_widths
from stationmaster_tray.widgets.drop import accept_copy, files_of
from stationmaster_tray.widgets.label import label
from stationmaster_tray.widgets.message import message
from stationmaster_tray.widgets.plain_table import Line, PlainTable


class PlaceTable(PlainTable):
    """Rows are `Place`. `dropped` carries the files and the place they were dropped onto, or None."""

    dropped = Signal(tuple, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Empty at first."""
        titles = (
            tr("Station"),
            tr("Folder or source"),
            tr("Converters"),
            tr("Files afterwards"),
            tr("State"),
        )
        super().__init__(titles, (13, 40, 24, 26), tr("What watches what"), parent)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAcceptDrops(True)

    # ---------------------------------------------------------------- Qt's calls
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take files."""
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802 - Qt's name
        """Show onto which row they would fall."""
        if not files_of(event.mimeData()):
            event.ignore()
            return
        place = self._below(event.position().toPoint())
        row = next((row for row, one in enumerate(self.plain.lines) if one.item is place), -1)
        if place is not None and place.path:
            self.selectRow(row)
        else:
            self.clearSelection()
        accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Tell what fell where."""
        accept_copy(event)
        self.dropped.emit(files_of(event.mimeData()), self._below(event.position().toPoint()))

    def _below(self, point: QPoint) -> Place | None:
        row = self.rowAt(point.y())
        found = self.plain.lines[row].item if row >= 0 else None
        return found if isinstance(found, Place) else None


class Watched(QWidget):
    """The list with its buttons. `test_wanted` carries files that are to be tested, not submitted."""

    test_wanted = Signal(tuple)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        """Ask for nothing yet."""
        super().__init__(parent)
        self._desk = desk
        self._settings: dict[str, Mapping[str, Any]] = {}
        self._asked: object = None
        self._last: Place | None = None
        self._bar = CallBar(desk.tasks, self)
        self.copying = CallBar(desk.tasks, self)
        self.canaries = CanaryLines(desk, self)
        self.table = PlaceTable(self)
        keep_widths(self.table.horizontalHeader(), desk.memory, "watched")
        self._open = QPushButton(tr("Open folder"), self)
        self._submit = QPushButton(tr("Submit a file..."), self)
        self._change = QPushButton(tr("Settings"), self)
        self._queue = QPushButton(tr("Queue and errors"), self)
        self._done = label(role="good", parent=self)
        self._done.setObjectName("submitted")
        self._blank = Blank(self)
        self._stack = QStackedWidget(self)
        self._lay_out()
        self.table.dropped.connect(self._dropped)
        self.table.selectionModel().currentChanged.connect(lambda *_: self._ready())
        self.table.activated.connect(lambda _index: self._open_folder())
        self._open.clicked.connect(self._open_folder)
        self._submit.clicked.connect(self._choose)
        self._change.clicked.connect(self._settings_wanted)
        self._queue.clicked.connect(self._queue_wanted)
        self._blank.pressed.connect(lambda action: desk.wanted.emit(action, "", ""))
        self._ready()

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Draw the snapshot; ask for the settings anew where they may have changed."""
        self.canaries.show_seen(seen)
        found = places(seen.status, self._settings, self._desk.now())
        self.table.plain.show_lines([_line(place) for place in found])
        if found and self._place is None:
            self.table.selectRow(0)
        self._ready()
        if not found:
            self._say_empty(seen)
        self._stack.setCurrentWidget(self.table if found else self._blank)
        asked = names(seen.status)
        if asked and asked != self._asked and self.isVisible():
            self._asked = asked
            self._bar.run(
                lambda: self._read([name for name, _, _ in asked]),
                self._learned,
                what=tr("Reading the settings..."),
            )

    def entered(self) -> None:
        """It is seen now: settings may have been changed meanwhile."""
        self._asked = None
        self.show_seen(self._desk.seen)

    def left(self) -> None:
        """Ask for nothing; a copy that is being made goes on in its thread."""
        self._bar.cancel()

    # ---------------------------------------------------------------- submitting
    def offer(self, files: Sequence[Path], place: Place) -> QMessageBox | None:
        """Ask whether these files are to be copied into the folder, and do so; the question, if any."""
        refusals = {why for file in files if (why := place.refusal(file.name))}
        if refusals:
            self._done.hide()
            self._tell(files, place, " ".join(sorted(refusals)))
            return None
        count = plural(len(files), "{name}", "{count} files", name=files[0].name)
        box = message(
            QMessageBox.Icon.Question,
            tr("Submit files"),
            tr("Copy {what} into {folder}?", what=count, folder=place.path),
            more=tr(
                "{station} takes copies like every other file there: they are converted and sent to its "
                "server. To see first what would become of a file, test it.",
                station=place.station,
            ),
            parent=self,
        )
        yes = box.addButton(tr("Copy and send"), QMessageBox.ButtonRole.AcceptRole)
        test = box.addButton(tr("Test only"), QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        yes.clicked.connect(lambda: self.submit(files, place))
        test.clicked.connect(lambda: self.test_wanted.emit(tuple(files)))
        box.open()
        return box

    def submit(self, files: Sequence[Path], place: Place) -> None:
        """Copy files into the folder, and say what became of that."""
        self._done.hide()
        self._queue.hide()
        self._last = place
        copying = HandOver(files, Path(place.path))

        async def work() -> tuple[Path, ...]:
            unwanted = threading.Event()
            try:
                return await asyncio.to_thread(copying.run, unwanted)
            finally:
                unwanted.set()  # Cancel: the thread would go on with all files

        self.copying.run(
            work,
            lambda made: self._submitted(made, place),
            what=tr("Copying into {folder}...", folder=place.path),
        )

    def _submitted(self, made: Sequence[Path], place: Place) -> None:
        self._done.setText(
            plural(
                len(made),
                "✓ Copied into {folder} as {name}. {station} takes it in a moment.",
                "✓ {count} files were copied into {folder}. {station} takes them in a moment.",
                name=made[0].name,
                folder=place.path,
                station=place.station,
            )
        )
        self._done.show()
        self._queue.show()

    def _tell(self, files: Sequence[Path], place: Place, why: str) -> None:
        said = plural(len(files), "{name} would not be taken.", "Not all files would be taken.",
                      name=files[0].name)  # fmt: skip
        box = message(
            QMessageBox.Icon.Information,
            tr("Submit files"),
            said,
            more=f"{why} {tr('Nothing was copied into {folder}.', folder=place.path)}",
            parent=self,
        )
        box.addButton(QMessageBox.StandardButton.Close)
        box.open()

    def _dropped(self, files: tuple[Path, ...], place: Place | None) -> None:
        if place is not None and place.path:
            self.offer(files, place)
        else:
            self.test_wanted.emit(files)

    def _choose(self) -> None:
        place = self._place
        if place is None or not place.path:
            return
        dialog = QFileDialog(self, tr("Files for {folder}", folder=place.path))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda chosen: self.offer([Path(one) for one in chosen], place))
        dialog.open()

    # ---------------------------------------------------------------- inside
    @property
    def _place(self) -> Place | None:
        chosen = self.table.chosen
        return chosen if isinstance(chosen, Place) else None

    def _ready(self) -> None:
        place = self._place
        self._open.setEnabled(place is not None and bool(place.path))
        self._submit.setEnabled(place is not None and bool(place.path))
        self._change.setEnabled(place is not None)

    def _open_folder(self) -> None:
        if self._place is not None and self._place.path:
            self._desk.wanted.emit("watch-folder", self._place.station, self._place.path)

    def _settings_wanted(self) -> None:
        if self._place is not None:
            self._desk.wanted.emit("settings", self._place.station, "")

    def _queue_wanted(self) -> None:
        if self._last is not None:
            self._desk.page_wanted.emit("queue", self._last.station)

    async def _read(self, stations: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        return {name: (await self._desk.client.config(name)).values for name in stations}

    def _learned(self, settings: dict[str, Mapping[str, Any]]) -> None:
        self._settings = settings
        self.show_seen(self._desk.seen)

    def _say_empty(self, seen: Seen) -> None:
        if seen.status is None:
            self._blank.say(tr("The agent does not run, so nothing is watched."))
        elif seen.status.instances:
            self._blank.say(
                tr("No station watches a folder yet. Add one in the settings."), tr("Settings"), "settings"
            )
        else:
            self._blank.say(tr("No station is set up yet."), tr("Set up a station..."), "add-station")

    def _lay_out(self) -> None:
        for widget in (self.table, self._blank):
            self._stack.addWidget(widget)
        self._done.hide()
        self._queue.hide()
        buttons = QHBoxLayout()
        for button in (self._open, self._submit, self._change):
            buttons.addWidget(button)
        buttons.addStretch(1)
        hint = label(
            tr("Files dropped onto a folder are copied into it and sent."), role="quiet", parent=self
        )
        hint.setWordWrap(False)
        buttons.addWidget(hint)
        result = QHBoxLayout()
        result.addWidget(self._done, 1)
        result.addWidget(self._queue)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self._bar)
        column.addWidget(self._stack, 1)
        column.addWidget(self.canaries)
        column.addLayout(buttons)
        column.addWidget(self.copying)
        column.addLayout(result)


def _line(place: Place) -> Line:
    return Line(
        cells=(place.station, place.name, ", ".join(place.converters), place.after, place.state),
        colour="call" if place.wrong else "",
        item=place,
    )
