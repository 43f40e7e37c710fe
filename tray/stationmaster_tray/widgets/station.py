"""One station on the overview: its state, its numbers, its charts, its last uploads."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from stationmaster.errors import NoAgentError
from stationmaster.model import Entry, InstanceStatus, Lifecycle, Link
from stationmaster_tray.chart_data import throughput, waiting
from stationmaster_tray.desk import Desk
from stationmaster_tray.text import NONE, clock, number, result, span, tr
from stationmaster_tray.widgets.chart import Chart
from stationmaster_tray.widgets.label import label, set_role

_LOG = logging.getLogger(__name__)

HOURS = 8.0
"""How far back the charts go: a shift."""
LAST = 5
"""Uploads that are listed."""
REFRESH_EVERY = 5.0
"""Seconds between two questions for the last uploads, while somebody looks."""
REFRESH_AT_LEAST = 60.0
"""Seconds between two questions at most, however often they fail."""
CHART_EVERY = timedelta(seconds=60)
"""Time between two questions for the charts: they cost the agent more."""


class StationCard(QFrame):
    """Drawn from the snapshot; what the snapshot does not say is asked for while it is followed."""

    def __init__(self, desk: Desk, name: str) -> None:
        """Empty at first."""
        super().__init__()
        self.setProperty("role", "card")
        self.setObjectName(f"station-{name}")
        self.setAccessibleName(tr("Station {name}", name=name))
        self._desk = desk
        self._name = name
        self._task: asyncio.Task[None] | None = None
        self._entries: tuple[Entry, ...] = ()
        self._charted_at: datetime | None = None
        self._state = label(parent=self)
        self._server = label(role="quiet", parent=self)
        self._numbers: dict[str, QLabel] = {}
        self._uploads = label(role="quiet", parent=self)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(10)
        column.addLayout(self._head(name))
        column.addWidget(self._server)
        column.addLayout(self._grid())
        self.delivered = Chart(self)
        self.oldest = Chart(self)
        charts = QHBoxLayout()
        charts.setSpacing(32)
        charts.addWidget(self.delivered, 3)
        charts.addWidget(self.oldest, 2)
        column.addLayout(charts)
        column.addWidget(self._uploads)

    def show_unknown(self) -> None:
        """No agent tells how it is: what is shown was so once."""
        self.setEnabled(False)
        self._state.setText(tr("Not known: the agent does not run"))
        set_role(self._state, "quiet")

    def show_instance(self, one: InstanceStatus) -> None:
        """Draw the snapshot."""
        self.setEnabled(True)
        now = self._desk.now()
        text, role = _state(one, paused=one.paused_until is not None and one.paused_until > now)
        self._state.setText(text)
        set_role(self._state, role)
        self._server.setText(_place(one))
        waiting = one.counts.queued + one.counts.processing
        age = span(now - one.oldest_queued_at) if one.oldest_queued_at and waiting else NONE
        last = one.upload.last_upload_at
        for name, value in (
            ("waiting", number(waiting)),
            ("oldest", age),
            ("errors", number(one.counts.error)),
            ("delivered", number(one.counts.completed)),
            ("last", clock(last, now) if last else NONE),
        ):
            self._numbers[name].setText(value)
        set_role(self._numbers["errors"], "call" if one.counts.error else "")

    def follow(self, *, on: bool) -> None:
        """Ask for charts and last uploads from time to time, or stop."""
        if on and self._task is None:
            self._task = self._desk.tasks.start(self._ask(), trouble=lambda _error: None)
        elif not on and self._task is not None:
            self._task.cancel()
            self._task = None

    # ---------------------------------------------------------------- inside
    def _head(self, name: str) -> QHBoxLayout:
        title = label(name, role="title", parent=self)
        errors = QPushButton(tr("Queue and errors"), self)
        errors.clicked.connect(lambda: self._desk.page_wanted.emit("queue", name))
        settings = QPushButton(tr("Settings"), self)
        settings.clicked.connect(lambda: self._desk.wanted.emit("settings", name, ""))
        line = QHBoxLayout()
        line.addWidget(title)
        line.addWidget(self._state, 1)
        line.addWidget(errors)
        line.addWidget(settings)
        return line

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(28)
        grid.setVerticalSpacing(2)
        titles = (
            ("waiting", tr("Waiting")),
            ("oldest", tr("Oldest waits")),
            ("errors", tr("Errors")),
            ("delivered", tr("Delivered")),
            ("last", tr("Last upload")),
        )
        for column, (name, title) in enumerate(titles):
            head = label(title, role="quiet", parent=self)
            value = label(NONE, parent=self)
            font = value.font()
            font.setPointSizeF(font.pointSizeF() * 1.25)
            value.setFont(font)
            value.setAccessibleName(title)
            self._numbers[name] = value
            grid.addWidget(head, 0, column)
            grid.addWidget(value, 1, column, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(len(titles), 1)
        return grid

    async def _ask(self) -> None:
        pause = REFRESH_EVERY
        while True:
            try:
                await self._ask_once()
                pause = REFRESH_EVERY
            except NoAgentError:  # the page says so itself; it may come back
                pause = REFRESH_EVERY
            except Exception:  # noqa: BLE001 - whatever it is, the card must not stand still for good
                _LOG.info("the figures of %s cannot be had now", self._name, exc_info=True)
                pause = min(2 * pause, REFRESH_AT_LEAST)
            await asyncio.sleep(pause)

    async def _ask_once(self) -> None:
        client = self._desk.client
        now = self._desk.now()
        if self._charted_at is None or now - self._charted_at >= CHART_EVERY:
            activity = await client.activity(self._name, hours=HOURS)
            self._charted_at = now
            self.delivered.show_data(throughput(activity))
            self.oldest.show_data(waiting(activity))
        entries = await client.entries(self._name, state="completed", limit=LAST)
        if entries != self._entries:
            self._entries = entries
            self._uploads.setText("\n".join(_upload(one, clock(one.updated_at, now)) for one in entries))


def _state(one: InstanceStatus, *, paused: bool) -> tuple[str, str]:
    """The state in words, and the role of its colour."""
    if one.lifecycle is not Lifecycle.RUNNING:
        words = {
            Lifecycle.STOPPED: tr("Stopped: resume it to go on"),
            Lifecycle.STARTING: tr("Starting"),
            Lifecycle.DRAINING: tr("Draining: delivers what waits, then stops"),
            Lifecycle.STOPPING: tr("Stopping"),
            Lifecycle.FAILED: tr("Failed: it is tried again"),
        }
        return words[one.lifecycle], "call" if one.lifecycle is Lifecycle.FAILED else "calm"
    if paused:
        return tr("Paused: files are still taken and kept"), "calm"
    links = {
        Link.ONLINE: (tr("Running, online"), "good"),
        Link.OFFLINE: (tr("Running, server not reached"), "calm"),
        Link.NEEDS_LOGIN: (tr("Running, the server refuses the token"), "call"),
    }
    return links[one.link]


def _place(one: InstanceStatus) -> str:
    folders = ", ".join(folder.path for folder in one.folders if not folder.own)
    if not folders:
        return tr("To {server}. No folder is watched.", server=one.server)
    return tr("From {folders} to {server}", folders=folders, server=one.server)


def _upload(entry: Entry, time: str) -> str:
    return tr(
        "{time}  {serial}  {part}  {result}",
        time=time,
        serial=entry.serial_number or NONE,
        part=entry.part_number or NONE,
        result=result(entry.result),
    )
