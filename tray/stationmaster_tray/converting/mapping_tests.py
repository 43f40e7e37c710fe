"""How the tests that a mapping carries ended, in the words of the command line."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from stationmaster.control.command_answer import MappingTests
from stationmaster_tray.text import number, plural, tr
from stationmaster_tray.widgets.label import label


class MappingTestsView(QWidget):
    """Empty until `show_tests`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Nothing is shown."""
        super().__init__(parent)
        self.verdict = label(role="title", parent=self)
        self.lines = QPlainTextEdit(self)
        self.lines.setReadOnly(True)
        self.lines.setAcceptDrops(False)  # files that are dropped are for the page
        self.lines.setAccessibleName(tr("Tests of the mapping"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.verdict)
        column.addWidget(self.lines, 1)

    def show_tests(self, found: MappingTests) -> None:
        """Say how each ended."""
        self.verdict.setText(_verdict(found))
        self.lines.setPlainText("\n".join(found.lines()))


def _verdict(found: MappingTests) -> str:
    total = len(found.tests)
    if found.ok:
        passed = plural(total, "{count} test passed", "{count} tests passed")
        return tr("✓ {name}: {passed}", name=found.mapping, passed=passed)
    failed, of = number(found.failed), plural(total, "{count} test", "{count} tests")
    return tr("✗ {name}: {failed} of {tests} failed", name=found.mapping, failed=failed, tests=of)
