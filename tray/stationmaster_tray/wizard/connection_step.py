"""The way to the server, hop by hop, in the doctor's words."""

from __future__ import annotations

import contextlib

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QPushButton, QScrollArea, QWidget

from stationmaster.model import Check, CheckState
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.in_window import in_window
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.step import Step
from stationmaster_tray.wizard.try_server import TryServer

_ROLES = {
    CheckState.OK: "good",
    CheckState.WARNING: "calm",
    CheckState.FAILED: "call",
    CheckState.SKIPPED: "quiet",
}


class ConnectionStep(Step):
    """Tries the way as soon as it is seen."""

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """Nothing is tried yet."""
        super().__init__(desk, draft, server)
        self.bar = CallBar(desk.tasks, self)
        self.bar.stopped.connect(self._stopped)
        self.checks: tuple[Check, ...] = ()
        self._head = label(parent=self)
        self._head.setObjectName("verdict")
        self._grid = QGridLayout()
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._again = QPushButton(tr("Test again"), self)
        self._again.clicked.connect(self._test)
        self.all_the_same = QCheckBox(tr("Go on all the same: reports wait here until this is right"), self)
        self.all_the_same.toggled.connect(self.changed)
        self.column.addWidget(self._head)
        self.column.addWidget(self.bar)
        self.column.addWidget(self._scroll, 1)
        self.column.addWidget(self.all_the_same)
        self.column.addWidget(self._again, 0, Qt.AlignmentFlag.AlignLeft)

    @property
    def title(self) -> str:
        """See `Step`."""
        return tr("Is the server reached?")

    @property
    def ready(self) -> bool:
        """All is well, or a person wants it so."""
        return self._well or (bool(self.checks or self.bar.error) and self.all_the_same.isChecked())

    @property
    def _well(self) -> bool:
        return bool(self.checks) and all(one.state is not CheckState.FAILED for one in self.checks)

    def entered(self) -> None:
        """Try it."""
        self.all_the_same.setChecked(False)
        self._test()

    def left(self) -> None:
        """An answer is not wanted any more."""
        self.bar.cancel()

    def _test(self) -> None:
        self.checks = ()
        self.all_the_same.hide()
        self._head.setText(tr("Testing the way to {server}...", server=self.draft.server))
        self._clear()
        request = self.draft.test_request()

        async def work() -> tuple[Check, ...]:
            made = []
            async with contextlib.aclosing(self.desk.client.test_connection(request)) as checks:
                async for check in checks:
                    made.append(check)
                    self._add(check)
            return tuple(made)

        self.bar.run(work, self._tested, what=tr("Each hop in turn..."))
        self.changed.emit()

    def _stopped(self) -> None:
        """Without an answer: what was passed so far stays to be read."""
        self._head.setText(tr("The test did not come to its end."))
        self.changed.emit()

    def _tested(self, checks: tuple[Check, ...]) -> None:
        self.checks = checks
        failed = next((one for one in checks if one.state is CheckState.FAILED), None)
        if failed is None:
            self._head.setText(tr("The server is reached and takes reports."))
        else:
            self._head.setText(tr("It fails here: {hop}.", hop=failed.label or failed.title))
        self.all_the_same.setVisible(failed is not None)
        self.changed.emit()

    def _clear(self) -> None:
        rows = QWidget(self)
        self._grid = grid = QGridLayout(rows)
        grid.setContentsMargins(0, 4, 8, 4)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._scroll.setWidget(rows)

    def _add(self, one: Check) -> None:
        """A hop is behind us: a row more."""
        rows, row = self._scroll.widget(), self._grid.rowCount()
        sign = label(_words()[one.state], role=_ROLES[one.state], parent=rows)
        sign.setWordWrap(False)
        text = in_window(one.text if not one.next_step else f"{one.text}\n→ {one.next_step}")
        hop = label(one.label or one.title, parent=rows)
        hop.setWordWrap(False)
        for column, made in enumerate((sign, hop, label(text, role="quiet", parent=rows))):
            self._grid.addWidget(made, row, column, Qt.AlignmentFlag.AlignTop)


def _words() -> dict[CheckState, str]:
    return {
        CheckState.OK: tr("✓ ok"),
        CheckState.WARNING: tr("! warning"),
        CheckState.FAILED: tr("✗ failed"),
        CheckState.SKIPPED: tr("\N{EN DASH} not tried"),
    }
