"""The result of a dry run: the verdict in words, the findings, and the reports as a tree with charts."""

from __future__ import annotations

import asyncio

import msgspec
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from stationmaster.control.trial_protocol import Trial, TrialReport
from stationmaster_tray import clipboard
from stationmaster_tray.call import CallBar
from stationmaster_tray.converting import finding
from stationmaster_tray.desk import Desk
from stationmaster_tray.report import plain
from stationmaster_tray.report.document import Document, Path, path_of, read
from stationmaster_tray.slices import sliced
from stationmaster_tray.text import number, plural, tr
from stationmaster_tray.widgets.columns import keep_widths
from stationmaster_tray.widgets.label import card, label, set_role
from stationmaster_tray.widgets.plain_table import PlainTable
from stationmaster_tray.widgets.report_charts import ReportCharts
from stationmaster_tray.widgets.report_tree import ReportTree

_INDENTED = 1024 * 1024
"""Bytes of a report up to which JSON is copied with a line for each value: beyond that nobody reads it."""
_LINES = 4
"""Findings that are seen without scrolling."""


class TrialResult(QWidget):
    """Empty until `show_trial`."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        """Nothing is shown."""
        super().__init__(parent)
        self._name = ""
        self._trial = Trial(ok=False)
        self._document: Document | None = None
        self._next = 0
        self.bar = CallBar(desk.tasks, self)
        self.verdict = label(role="title", parent=self)
        self.reader = label(role="quiet", parent=self)
        self.candidates = label(role="quiet", parent=self)
        self.error = label(role="call", parent=self)
        self.detail = QPlainTextEdit(self)
        self.findings = PlainTable((tr("Finding"), tr("Place"), tr("What")), (13, 34), tr("Findings"), self)
        self.which = QComboBox(self)
        self.count = label(role="quiet", parent=self)
        self.failed = QPushButton(tr("Next failed step"), self)
        self.tree = ReportTree(self)
        self.charts = ReportCharts(desk.tasks, self)
        self._split = QSplitter(Qt.Orientation.Vertical, self)
        keep_widths(self.findings.horizontalHeader(), desk.memory, "findings")
        keep_widths(self.tree.header(), desk.memory, "report")
        self._dress()
        self._lay_out()
        self.which.currentIndexChanged.connect(lambda _row: self._read())
        self.failed.clicked.connect(self.go_to_next_failed)
        self.findings.activated.connect(self._go_to_place)
        self.findings.clicked.connect(self._go_to_place)
        self.tree.row_chosen.connect(self.charts.show_row)

    @property
    def report(self) -> TrialReport | None:
        """The report that is shown."""
        place = self.which.currentIndex()
        return self._trial.reports[place] if 0 <= place < len(self._trial.reports) else None

    def show_trial(self, name: str, trial: Trial) -> None:
        """Show what became of the file with this name."""
        self._name, self._trial = name, trial
        self.verdict.setText(finding.heading(name, trial))
        set_role(self.verdict, "title")
        self.reader.setText(finding.reader(trial))
        _say(self.candidates, finding.candidates(trial))
        _say(self.error, "\n".join(finding.error(trial)))
        detail = trial.error.detail if trial.error else ""
        self.detail.setPlainText(detail)
        self.detail.setVisible(bool(detail))
        count = len(trial.reports)
        self.which.blockSignals(True)
        self.which.clear()
        self.which.addItems(
            [finding.title(one, place, trial.count) for place, one in enumerate(trial.reports)]
        )
        self.which.setCurrentIndex(0 if count else -1)
        self.which.blockSignals(False)
        self._split.setVisible(bool(count))
        self._head.setVisible(bool(count))
        self._rest.setVisible(not count)
        self._read()

    def go_to_next_failed(self) -> None:
        """Choose the next failed step, after the last one the first again."""
        if self._document is not None and self._document.failures:
            self.tree.go_to(self._document.failures[self._next % len(self._document.failures)])
            self._next += 1

    # ---------------------------------------------------------------- one report
    def _read(self) -> None:
        report = self.report
        self._document = None
        self._ready()
        self.tree.show_document(None)
        self.charts.show_row(None)
        found = finding.findings(report) if report else []
        self.findings.plain.show_lines(found)
        self.findings.setVisible(bool(found))
        self._fit_findings(len(found))
        if report is None:
            self.bar.cancel()
            return
        self.bar.run(
            lambda: asyncio.to_thread(lambda: read(bytes(report.report))),
            self._show_document,
            what=tr("Reading the report..."),
        )

    def _show_document(self, document: Document) -> None:
        self._document, self._next = document, 0
        self.tree.show_document(document)
        self._next = 1
        self._ready()

    def _ready(self) -> None:
        document = self._document
        self.failed.setEnabled(document is not None and bool(document.failures))
        said = plural(document.steps, "{count} step", "{count} steps") if document else ""
        if document and document.failed:
            said += tr(", ✗ {count} failed", count=number(document.failed))
        more = self._trial.count - len(self._trial.reports)
        if more > 0:
            said += tr("; the first {count} reports are shown", count=number(len(self._trial.reports)))
        self.count.setText(said)

    def _go_to_place(self, index: QModelIndex) -> None:
        place, document = self.findings.plain.lines[index.row()].item, self._document
        if isinstance(place, str) and document is not None:
            self.bar.run(lambda: asyncio.to_thread(path_of, document, place), self._go_to)

    def _go_to(self, path: Path | None) -> None:
        if path is not None:
            self.tree.go_to(path)

    # ---------------------------------------------------------------- copying
    def copy_json(self) -> None:
        """Copy the report, or the whole answer where there is none."""
        report = self.report

        def made() -> bytes:
            return _indented(bytes(report.report) if report else msgspec.json.encode(self._trial))

        self.bar.run(lambda: asyncio.to_thread(made), clipboard.put, what=tr("Copying..."))

    def copy_text(self) -> None:
        """Copy verdict, findings and report as text."""
        said, document = finding.as_text(self._name, self._trial, self.report), self._document

        async def work() -> str:
            # In a thread it would take the interpreter's lock from the window, at each of its calls.
            made: list[str] = []
            if document is not None:
                await sliced(map(made.append, plain.lines(document)))
            return "\n".join((said, *made, "")) if made else said

        self.bar.run(work, clipboard.put, what=tr("Copying..."))

    # ---------------------------------------------------------------- inside
    def _dress(self) -> None:
        self.verdict.setObjectName("verdict")
        self.detail.setReadOnly(True)
        self.detail.setAccessibleName(tr("What the converter said last"))
        self.which.setAccessibleName(tr("Report of the file"))
        self.which.setSizePolicy(
            self.which.sizePolicy().Policy.Expanding, self.which.sizePolicy().Policy.Fixed
        )
        self.count.setWordWrap(False)
        self.failed.setShortcut("F3")
        self.failed.setToolTip(tr("F3"))

    def _lay_out(self) -> None:
        panel = card(self)
        said = QVBoxLayout()
        for widget in (self.verdict, self.reader, self.candidates, self.error):
            said.addWidget(widget)
        buttons = QVBoxLayout()
        for text, does in ((tr("Copy as JSON"), self.copy_json), (tr("Copy as text"), self.copy_text)):
            button = QPushButton(text, panel)
            button.clicked.connect(does)
            buttons.addWidget(button)
        buttons.addStretch(1)
        inside = QHBoxLayout(panel)
        inside.setContentsMargins(16, 10, 16, 10)
        inside.addLayout(said, 1)
        inside.addLayout(buttons)
        self._head = QFrame(self)
        line = QHBoxLayout(self._head)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.which, 1)
        line.addWidget(self.count)
        line.addWidget(self.failed)
        for place, (part, stretch) in enumerate(((self.tree, 5), (self.charts, 2))):
            self._split.addWidget(part)
            self._split.setStretchFactor(place, stretch)
        self._split.setChildrenCollapsible(False)
        self._rest = QWidget(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for row in (panel, self.detail, self.findings, self._head, self.bar):
            column.addWidget(row)
        column.addWidget(self._split, 1)
        column.addWidget(self._rest, 1)

    def _fit_findings(self, count: int) -> None:
        row = self.findings.verticalHeader().defaultSectionSize()
        head = self.findings.horizontalHeader().sizeHint().height()
        self.findings.setFixedHeight(head + row * min(count, _LINES) + 2 * self.findings.frameWidth())


def _say(widget: QWidget, text: str) -> None:
    widget.setProperty("text", text)
    widget.setVisible(bool(text))


def _indented(content: bytes) -> bytes:
    return msgspec.json.format(content, indent=2) if len(content) <= _INDENTED else content
