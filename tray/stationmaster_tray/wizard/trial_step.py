"""A dry run: what becomes of a sample file. Nothing is stored or sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton

from stationmaster.control.trial_protocol import Trial, TrialReport
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk
from stationmaster_tray.in_window import in_window
from stationmaster_tray.sample import read_sample
from stationmaster_tray.text import NONE, plural, result, tr
from stationmaster_tray.widgets.label import label, set_role
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.step import Step
from stationmaster_tray.wizard.try_server import TryServer

_MOST = 8
"""Reports and remarks that are listed each."""


class TrialStep(Step):
    """Optional: one can go on without."""

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """No file yet."""
        super().__init__(desk, draft, server)
        self.bar = CallBar(desk.tasks, self)
        self.trial: Trial | None = None
        self.say(
            tr(
                "Choose a result file of your tester to see what becomes of it. Nothing is stored or sent, "
                "and you can go on without."
            )
        )
        choose = QPushButton(tr("Choose a file..."), self)
        choose.clicked.connect(self._choose)
        self._file = label(role="quiet", parent=self)
        line = QHBoxLayout()
        line.addWidget(choose)
        line.addWidget(self._file, 1)
        self.column.addLayout(line)
        self.column.addWidget(self.bar)
        self._verdict = label(parent=self)
        self._verdict.setObjectName("trial")
        self._reports = label(parent=self)
        self._remarks = label(role="quiet", parent=self)
        for made in (self._verdict, self._reports, self._remarks):
            self.column.addWidget(made)
            made.hide()
        self.column.addStretch(1)

    @property
    def title(self) -> str:
        """See `Step`."""
        return tr("Try a file")

    def entered(self) -> None:
        """Another converter may be chosen by now: what was tried before says nothing."""
        self.trial = None
        self._file.clear()
        self._say()

    def left(self) -> None:
        """An answer is not wanted any more."""
        self.bar.cancel()

    def try_file(self, path: Path) -> None:
        """Let the agent read it."""
        self._file.setText(path.name)
        self._say()
        converter, options = self.draft.converter, dict(self.draft.options)

        async def work() -> Trial:
            content = await asyncio.to_thread(read_sample, path)
            return await self.desk.client.try_file(
                "", content, filename=path.name, converter=converter, options=options
            )

        self.bar.run(work, self._tried, what=tr("Reading the file..."))

    # ---------------------------------------------------------------- inside
    def _choose(self) -> None:
        dialog = QFileDialog(self, tr("A sample file"), self.draft.folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda chosen: self.try_file(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _tried(self, trial: Trial) -> None:
        self.trial = trial
        if trial.ok:
            count = plural(trial.count, "{count} report", "{count} reports")
            verdict = tr("✓ This file becomes {count}.", count=count)
        elif trial.error is None:
            verdict = tr("✗ A report of this file breaks a rule: it would not be sent.")
        else:
            error = trial.error
            place = f" ({error.place})" if error.place else ""
            verdict = tr("✗ This file becomes no report: {text}", text=f"{error.text}{place}")
        set_role(self._verdict, "good" if trial.ok else "call")
        self._say(verdict, map(_line, trial.reports[:_MOST]), _remarks(trial)[:_MOST])

    def _say(self, verdict: str = "", reports: Iterable[str] = (), remarks: Iterable[str] = ()) -> None:
        """What has nothing to say takes no room."""
        for made, text in (
            (self._verdict, verdict),
            (self._reports, "\n".join(reports)),
            (self._remarks, "\n".join(remarks)),
        ):
            made.setText(text)
            made.setVisible(bool(text))


def _line(report: TrialReport) -> str:
    return tr(
        "{serial}  {part}  {result}",
        serial=report.serial_number or NONE,
        part=report.part_number or NONE,
        result=result(report.result),
    )


def _remarks(trial: Trial) -> list[str]:
    found = [f"→ {in_window(trial.error.next_step)}"] if trial.error and trial.error.next_step else []
    for report in trial.reports:
        found += [f"{issue.place}: {issue.text}" for issue in report.issues]
        found += list(report.warnings)
    return list(dict.fromkeys(found))
