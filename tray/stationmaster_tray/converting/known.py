"""The converters that a station knows, with their options, and those that do not load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from stationmaster.control.trial_protocol import ConverterFault, ConverterOption, Converters, ConverterView
from stationmaster_tray.call import CallBar
from stationmaster_tray.converting.station_choice import show_stations
from stationmaster_tray.desk import Desk
from stationmaster_tray.in_window import in_window
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import NONE, number, plural, tr
from stationmaster_tray.widgets.columns import keep_widths
from stationmaster_tray.widgets.label import label
from stationmaster_tray.widgets.plain_table import Line, PlainTable


class Known(QWidget):
    """List above, what is chosen below. `learned` carries station and `Converters`."""

    learned = Signal(str, object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        """Ask for nothing yet."""
        super().__init__(parent)
        self._desk = desk
        self._of: str | None = None
        self.station = QComboBox(self)
        self.station.setAccessibleName(tr("Station"))
        self.bar = CallBar(desk.tasks, self)
        self.note = label(role="quiet", parent=self)
        titles = (
            tr("Converter"),
            tr("Version"),
            tr("Origin"),
            tr("Takes"),
            tr("Used by"),
            tr("What it reads"),
        )
        self.table = PlainTable(titles, (22, 10, 12, 18, 30), tr("Converters"), self)
        keep_widths(self.table.horizontalHeader(), desk.memory, "converters")
        self.details = QPlainTextEdit(self)
        self.details.setReadOnly(True)
        self.details.setAccessibleName(tr("About the chosen converter"))
        again = QPushButton(tr("Look again"), self)
        again.setToolTip(tr("Load the converters anew, to see what a change of yours did"))
        head = QHBoxLayout()
        head.addWidget(label(tr("Station"), role="quiet", parent=self))
        head.addWidget(self.station)
        head.addWidget(again)
        head.addWidget(self.note, 1)
        split = QSplitter(Qt.Orientation.Vertical, self)
        for widget, stretch in ((self.table, 3), (self.details, 2)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(split, 1)
        again.clicked.connect(self.load)
        self.station.currentIndexChanged.connect(lambda _row: self.load())
        self.table.selectionModel().currentChanged.connect(lambda *_: self._choose())

    def show_seen(self, seen: Seen) -> None:
        """Offer the stations there are."""
        if show_stations(self.station, seen) and self.isVisible():
            self.load()

    def entered(self) -> None:
        """Ask for the converters of the chosen station, unless they are shown."""
        show_stations(self.station, self._desk.seen)
        if self._of != self.station.currentText():
            self.load()

    def left(self) -> None:
        """Nobody waits for an answer."""
        self.bar.cancel()

    def forget(self) -> None:
        """There may be others by now: ask again when it is seen the next time."""
        self._of = None

    def load(self) -> None:
        """Ask for the converters of the chosen station."""
        station = self.station.currentText()
        self._of = None
        if not station:
            self.table.plain.show_lines(())
            self.details.clear()
            self.note.setText(tr("Converters are known to a station, and none is set up yet."))
            return
        self.bar.run(
            lambda: self._desk.client.converters(station),
            lambda found: self._show(station, found),
            what=tr("Loading the converters of {station}...", station=station),
        )

    # ---------------------------------------------------------------- inside
    def _show(self, station: str, found: Converters) -> None:
        self._of = station
        faults = [
            Line(
                cells=(one.subject, "", tr("own"), tr("✗ does not load"), "", one.text),
                colour="call",
                item=one,
            )
            for one in found.faults
        ]
        self.table.plain.show_lines([*faults, *(_line(one) for one in found.converters)])
        said = plural(len(found.converters), "{count} converter", "{count} converters")
        if found.faults:
            said += ", " + plural(len(found.faults), "✗ {count} does not load", "✗ {count} do not load")
        self.note.setText(said)
        self.table.selectRow(0)
        self._choose()
        self.learned.emit(station, found)

    def _choose(self) -> None:
        chosen = self.table.chosen
        if isinstance(chosen, ConverterView):
            self.details.setPlainText("\n".join(about(chosen)))
        elif isinstance(chosen, ConverterFault):
            self.details.setPlainText("\n".join(about_fault(chosen)))
        else:
            self.details.clear()


def _line(one: ConverterView) -> Line:
    used = (*one.folders, *(tr("source {name}", name=name) for name in one.sources))
    cells = (one.name, one.version, _origin(one), _kinds(one), ", ".join(used) or NONE, one.summary)
    return Line(cells=cells, item=one)


def _origin(one: ConverterView) -> str:
    words = {"built-in": tr("built-in"), "file": tr("own"), "entry point": tr("installed")}
    return words.get(one.origin, one.origin)


def _kinds(one: ConverterView) -> str:
    words = {"file": tr("files"), "folder": tr("folders"), "fetching": tr("sources")}
    return ", ".join(words.get(kind, kind) for kind in one.kinds)


def about(one: ConverterView) -> Iterator[str]:
    """A converter in words."""
    yield tr("{name} {version}", name=one.name, version=one.version).strip()
    if one.summary:
        yield one.summary
    yield tr("Comes from {place}", place=one.place)
    yield (
        tr("Tells by itself whether a file is one of its own.")
        if one.detects
        else tr("Does not tell whether a file is its own: name it where it is to read a folder's files.")
    )
    yield ""
    if not one.options:
        yield tr("It has no options.")
        return
    yield tr("Options:")
    for option in one.options:
        yield from _about_option(option)


def _about_option(option: ConverterOption) -> Iterator[str]:
    kinds = {
        "text": tr("text"),
        "whole number": tr("whole number"),
        "number": tr("number"),
        "bool": tr("yes or no"),
        "choice": tr("one of {choices}", choices=", ".join(map(str, option.choices))),
        "list": tr("list"),
        "table": tr("table"),
    }
    usual = tr("required") if option.required else tr("else {value}", value=_usual(option.default))
    yield f"  {option.name}: {kinds.get(option.kind, option.kind)}, {usual}"
    if option.doc:
        yield f"      {option.doc}"


def _usual(value: Any) -> str:
    if value is None or value in ("", [], {}, ()):
        return tr("none")
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return number(value) if isinstance(value, int) else str(value)


def about_fault(one: ConverterFault) -> Iterator[str]:
    """Why one does not load, in words."""
    yield tr("✗ {subject} does not load: {why}", subject=one.subject, why=one.text)
    if one.next_step:
        yield f"→ {in_window(one.next_step)}"
    if one.detail:
        yield ""
        yield one.detail
