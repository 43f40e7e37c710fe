"""Make a mapping from a file: the proposal as a text to edit, what the file becomes by it, and saving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from stationmaster.control.command_answer import MappedSample
from stationmaster_tray.call import CallBar
from stationmaster_tray.converting.mapped import propose, try_mapping
from stationmaster_tray.converting.mapping_save import MappingSave
from stationmaster_tray.converting.result import TrialResult
from stationmaster_tray.desk import Desk
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import number, tr
from stationmaster_tray.widgets.blank import Blank
from stationmaster_tray.widgets.code_editor import CodeEditor
from stationmaster_tray.widgets.label import label
from stationmaster_tray.widgets.message import message
from stationmaster_tray.widgets.stack import Stack

REST = 1000
"""Milliseconds without a key after which a change is tried by itself."""
_PARTS = (400, 600)
"""Text and report, as long as nobody moved their border: shares of the room."""
_BESIDE = 130
"""Letters of width from which on text and report stand side by side."""


class MappingPanel(QWidget):
    """Empty until a sample is chosen or dropped.

    Attributes:
        save: name, station, and the ways to save.
    """

    def __init__(self, desk: Desk, result: TrialResult, parent: QWidget | None = None) -> None:
        """No sample yet. What becomes of files is shown in `result`."""
        super().__init__(parent)
        self._desk = desk
        self._sample: Path | None = None
        self._kept = ""
        """The text that was proposed or saved last: what differs from it is a person's work."""
        self._tried = ("", "")
        self.bar = CallBar(desk.tasks, self)
        self.editor = CodeEditor(tr("Mapping"), self)
        self.result = result
        self.save = MappingSave(desk, lambda: self.editor.content, self)
        self._file = label(role="quiet", parent=self)
        self._given = label(role="quiet", parent=self)
        self._choose = QPushButton(tr("Choose a sample..."), self)
        self.again = QPushButton(tr("Try again"), self)
        self._blank = Blank(self)
        self._stack = Stack(self)
        self._split = QSplitter(Qt.Orientation.Vertical, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._lay_out()
        self._choose.clicked.connect(self.choose)
        self.again.clicked.connect(self.try_now)
        self._blank.pressed.connect(lambda _action: self.choose())
        self._timer.timeout.connect(self._rested)
        self.editor.edited.connect(self._edited)
        self.save.name.textEdited.connect(lambda _text: self._edited())
        self.save.saved.connect(self._saved)
        self.bar.stopped.connect(self._stopped)
        self._say_empty()

    @property
    def changed(self) -> bool:
        """A person changed the text, and did not save it."""
        return self._sample is not None and self.editor.content != self._kept

    def show_seen(self, seen: Seen) -> None:
        """Offer the stations there are."""
        self.save.show_seen(seen)

    def left(self) -> None:
        """Nobody waits for an answer."""
        self._timer.stop()
        self.bar.cancel()
        self._stopped()

    # ---------------------------------------------------------------- the sample
    def choose(self) -> None:
        """Let a person choose a sample; nobody waits."""
        dialog = QFileDialog(self, tr("A sample file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        if self._sample is not None:
            dialog.setDirectory(str(self._sample.parent))
        dialog.fileSelected.connect(lambda chosen: self.open((Path(chosen),)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open(self, files: Sequence[Path]) -> None:
        """Propose a mapping for the first of these files; ask where changes would be lost."""
        if not files:
            return
        if self.changed:
            self.ask(lambda: self._propose(files[0]))
        else:
            self._propose(files[0])

    def _propose(self, sample: Path) -> None:
        self._timer.stop()
        self._sample = None
        self._file.setText(sample.name)
        self._blank.say(tr("A mapping for {name} is being made...", name=sample.name))
        self._stack.setCurrentWidget(self._blank)
        self._ready()
        self.bar.run(
            lambda: propose(self._desk.session.launcher, sample),
            lambda found: self._proposed(sample, found),
            what=tr("Looking at {name}...", name=sample.name),
        )

    def _proposed(self, sample: Path, found: MappedSample) -> None:
        self._sample, self._kept = sample, found.toml
        self._tried = (found.name, found.toml)
        self.editor.show_text(found.toml)
        self.save.begin(found.name)
        self._stack.setCurrentWidget(self._split)
        self._ready()
        self._show(found)

    # ---------------------------------------------------------------- trying
    def try_now(self) -> None:
        """Convert the sample by the text of now."""
        self._timer.stop()
        sample, name, text = self._sample, self.save.name.text(), self.editor.content
        if sample is None or not name:
            return
        self._tried = (name, text)
        self.bar.run(
            lambda: try_mapping(self._desk.session.launcher, sample, name, text),
            self._show,
            what=tr("Trying the mapping with {name}...", name=sample.name),
        )

    def _edited(self) -> None:
        self.save.done.clear()
        self._timer.start()

    def _rested(self) -> None:
        if (self.save.name.text(), self.editor.content) != self._tried:
            self.try_now()

    def _show(self, found: MappedSample) -> None:
        fault = found.fault
        if fault is None:
            self.editor.show_fault("")
        else:
            said = f"{fault.text[:1].upper()}{fault.text[1:].rstrip('.')}."
            where = tr(
                "✗ Line {line}, column {column}: {text}",
                line=number(fault.line),
                column=number(fault.column),
                text=said,
            )
            text = where if fault.line else tr("✗ {text}", text=said)
            self.editor.show_fault(f"{text} {fault.next_step}".strip(), fault.line, fault.column)
        self._given.setText(self._said_of(found))
        self._given.setVisible(bool(self._given.text()))
        if found.trial is not None and self._sample is not None:
            self.result.show_trial(self._sample.name, found.trial)

    def _said_of(self, found: MappedSample) -> str:
        if found.fault is not None:
            return tr("The report is that of the last text that was a mapping.")
        if not found.given:
            return ""
        return tr(
            "For this preview {options} was assumed: neither file nor mapping says it. Set your own in the "
            "mapping, or as an option of the watch folder.",
            options=", ".join(f"{name} = {value}" for name, value in found.given.items()),
        )

    def _saved(self, text: str, _station: str) -> None:
        self._kept = text

    def _stopped(self) -> None:
        if self._sample is None:
            self._say_empty()

    # ---------------------------------------------------------------- inside
    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Put text and report beside each other where there is room for that, else one above the other."""
        super().resizeEvent(event)
        beside = self.width() >= self.fontMetrics().averageCharWidth() * _BESIDE
        wanted = Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical
        if wanted is not self._split.orientation():
            self._split.setOrientation(wanted)
            self._split.setSizes(_PARTS)

    def _ready(self) -> None:
        there = self._sample is not None
        self.again.setEnabled(there)
        self.save.setVisible(there)
        if not there:
            self._given.hide()

    def ask(self, yes: Callable[[], None]) -> QMessageBox:
        """Ask whether the changes may be lost; nobody waits for the answer."""
        box = message(
            QMessageBox.Icon.Question,
            tr("Another sample?"),
            tr("Your changes of the mapping are not saved."),
            more=tr("They are lost if a mapping for another file is proposed."),
            parent=self,
        )
        box.setObjectName("changes")
        leave = box.addButton(tr("Throw them away"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(tr("Keep them"), QMessageBox.ButtonRole.RejectRole))
        leave.clicked.connect(yes)
        box.open()
        return box

    def _say_empty(self) -> None:
        self._blank.say(
            tr(
                "Choose or drop a result file that no converter reads: a mapping is proposed, a text that "
                "says how such files become reports. You see the report at once, correct the text, and "
                "save it as a converter. Nothing is stored or sent."
            ),
            tr("Choose a sample..."),
            "choose",
        )

    def _lay_out(self) -> None:
        self.again.setToolTip(tr("F5; it happens by itself when you stop typing"))
        self.again.setShortcut("F5")
        for place, (part, stretch) in enumerate(((self.editor, 2), (self.result, 3))):
            self._split.addWidget(part)
            self._split.setStretchFactor(place, stretch)
        self._split.setChildrenCollapsible(False)
        self._split.setSizes(_PARTS)
        for widget in (self._blank, self._split):
            self._stack.addWidget(widget)
        head = QHBoxLayout()
        head.addWidget(self._file, 1)
        head.addWidget(self.again)
        head.addWidget(self._choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self._given)
        column.addWidget(self._stack, 1)
        column.addWidget(self.save)
        self._ready()
