"""The charts beside a report's tree: what belongs to the row that is chosen."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QHBoxLayout, QWidget

from stationmaster_tray.report.document import Part, rows_of, steps_of
from stationmaster_tray.report.measure import Wave, measured_below, waves_of
from stationmaster_tray.report.row import Row
from stationmaster_tray.task import Tasks
from stationmaster_tray.widgets.measure_chart import LimitChart, WaveChart


class ReportCharts(QWidget):
    """Measurements of the chosen step, or of the group it stands in; its waveform where it has one."""

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        """Empty at first."""
        super().__init__(parent)
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self._shown: Part | None = None
        self.limits = LimitChart(self)
        self.wave = WaveChart(self)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 4, 0, 0)
        line.setSpacing(24)
        line.addWidget(self.limits, 1)
        line.addWidget(self.wave, 1)
        self.show_row(None)

    def show_row(self, row: Row | None) -> None:
        """Draw what belongs to this row."""
        step = row.step if row else None
        group = _group(row)
        if group is None or group is not self._shown:
            self._shown = group
            self.limits.show_measured(measured_below(group) if group else ())
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.limits.setVisible(row is not None)
        self.wave.setVisible(bool(step and step.get("chart")))
        self.wave.show_wave(None)
        if step and step.get("chart"):
            self._task = self._tasks.start(self._draw(step))

    async def _draw(self, step: Part) -> None:
        waves: tuple[Wave, ...] = await asyncio.to_thread(waves_of, step)
        self.wave.show_wave(waves[0] if waves else None)


def _group(row: Row | None) -> Part | None:
    """The step whose measurements are drawn: the chosen one if it has several, else the one above it."""
    step = row.step if row else None
    if step is None or row is None:
        return None
    if steps_of(step) or len(rows_of(step, "numericMeas")) > 1:
        return step
    above = row.parent
    while above is not None and (above.step is None or above.step is step):
        above = above.parent
    return above.step if above is not None and above.step is not None else step
