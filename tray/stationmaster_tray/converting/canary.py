"""Canaries: other versions of converters that run beside the live ones, with Stop and Promote."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMessageBox, QPushButton, QVBoxLayout, QWidget

from stationmaster.canary import Canary, CanaryStatus, Ended
from stationmaster.control.canary_protocol import Promoted
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import number, tr
from stationmaster_tray.widgets.label import label
from stationmaster_tray.widgets.message import message


class CanaryLine(QWidget):
    """The canary of one station: what it found so far, and what may be done with it.

    Attributes:
        settled: an answer came, after which it may be gone.
    """

    settled = Signal()

    def __init__(self, desk: Desk, station: str, parent: QWidget | None = None) -> None:
        """Nothing is known yet."""
        super().__init__(parent)
        self._desk = desk
        self._station = station
        self._canary: CanaryStatus | None = None
        self._text = label(parent=self)
        self.differences = QPushButton(tr("Differences..."), self)
        self.stop = QPushButton(tr("Stop"), self)
        self.promote = QPushButton(tr("Promote..."), self)
        self.bar = CallBar(desk.tasks, self)
        line = QHBoxLayout()
        line.addWidget(self._text, 1)
        line.addWidget(self.differences)
        line.addWidget(self.stop)
        line.addWidget(self.promote)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self.bar)
        self.differences.clicked.connect(self._ask_for_differences)
        self.stop.clicked.connect(self.ask_to_stop)
        self.promote.clicked.connect(self.ask)

    @property
    def text(self) -> str:
        """What is said of it."""
        return self._text.text()

    def show_canary(self, canary: CanaryStatus) -> None:
        """Draw it."""
        self._canary = canary
        self._text.setText(_said(self._station, canary))
        self.stop.setVisible(canary.ended is None)
        self.differences.setVisible(canary.compared > canary.same or canary.skipped > 0)

    def ask(self) -> QMessageBox | None:
        """Ask whether it is to go live; the question."""
        canary = self._canary
        if canary is None:
            return None
        box = message(
            QMessageBox.Icon.Question,
            tr("Promote"),
            tr(
                "Let {converter} version {version} take the place of {beside} at {station}?",
                converter=canary.converter,
                version=canary.version,
                beside=canary.beside,
                station=self._station,
            ),
            more=canary.doubts,
            parent=self,
        )
        despite = QCheckBox(tr("Promote it all the same"), box)
        if canary.doubts:
            box.setCheckBox(despite)
        yes = box.addButton(tr("Promote"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        yes.clicked.connect(lambda: self._promote(canary.id, despite=despite.isChecked()))
        box.open()
        return box

    def ask_to_stop(self) -> QMessageBox | None:
        """Ask whether it is to end; the question."""
        canary = self._canary
        if canary is None:
            return None
        box = message(
            QMessageBox.Icon.Question,
            tr("Stop"),
            tr(
                "Stop the canary {converter} version {version} beside {beside} at {station}?",
                converter=canary.converter,
                version=canary.version,
                beside=canary.beside,
                station=self._station,
            ),
            more=tr(
                "It has seen {compared} of {files} files. What it found stays with the station.",
                compared=number(canary.compared),
                files=number(canary.files),
            ),
            parent=self,
        )
        yes = box.addButton(tr("Stop"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(tr("Let it run"), QMessageBox.ButtonRole.RejectRole))
        yes.clicked.connect(lambda: self._stop(canary.id))
        box.open()
        return box

    def _stop(self, asked: str) -> None:
        """End the canary that was asked about (its id), and no other that took its place meanwhile."""
        self.bar.run(
            lambda: self._desk.client.stop_canary(self._station, canary=asked),
            lambda _: self.settled.emit(),
        )

    def _ask_for_differences(self) -> None:
        self.bar.run(lambda: self._desk.client.canary(self._station), self._show_differences)

    def _show_differences(self, canary: Canary) -> None:
        """The last files that did not come out the same, the newest first; last the first skipped one."""
        box = message(
            QMessageBox.Icon.Information,
            tr("Differences"),
            _said(self._station, canary),
            parent=self.window(),
        )
        box.setDetailedText("\n".join("\n".join(file.lines()) for file in reversed(canary.told)))
        box.addButton(QMessageBox.StandardButton.Close)
        box.open()

    def _promote(self, asked: str, *, despite: bool) -> None:
        """Let the canary go live that was asked about, and no other that took its place meanwhile.

        Args:
            asked: its id.
            despite: also where the agent would refuse, for files that came out otherwise by now.
        """
        self.bar.run(
            lambda: self._desk.client.promote_canary(
                self._station, despite_differences=despite, canary=asked
            ),
            self._promoted,
        )

    def _promoted(self, done: Promoted) -> None:
        box = message(
            QMessageBox.Icon.Information,
            tr("Promote"),
            "\n".join(done.changed),
            more="\n".join((tr("To go back:"), *done.back)),
            parent=self.window(),
        )
        box.addButton(QMessageBox.StandardButton.Close)
        box.open()
        self.settled.emit()


class CanaryLines(QWidget):
    """One line for each canary that runs, or has seen all its files; hidden where there is none."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        """Hidden at first."""
        super().__init__(parent)
        self._desk = desk
        self.lines: dict[str, CanaryLine] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def show_seen(self, seen: Seen) -> None:
        """Draw the snapshot."""
        found = {
            one.name: one.canary
            for one in (seen.status.instances if seen.status else ())
            if one.canary is not None and one.canary.ended in {None, Ended.DONE}
        }
        for station in self.lines.keys() - found.keys():
            if self.lines[station].bar.busy:
                continue  # a promotion stops it first: its answer is still to be told
            line = self.lines.pop(station)
            line.hide()
            line.deleteLater()
        for station, canary in found.items():
            if station not in self.lines:
                self.lines[station] = CanaryLine(self._desk, station, self)
                self.lines[station].settled.connect(lambda: self.show_seen(self._desk.seen))
                self._column.addWidget(self.lines[station])
            self.lines[station].show_canary(canary)
        self.setVisible(bool(self.lines))


def _said(station: str, canary: CanaryStatus) -> str:
    return tr(
        "{station}: canary {converter} version {version} beside {beside}: {compared} of {files} files,"
        " {same} the same, {different} different, {failed} failed, {refused} refused, {skipped} skipped.",
        station=station,
        converter=canary.converter,
        version=canary.version,
        beside=canary.beside,
        compared=number(canary.compared),
        files=number(canary.files),
        same=number(canary.same),
        different=number(canary.different),
        failed=number(canary.failed),
        refused=number(canary.refused),
        skipped=number(canary.skipped),
    )
