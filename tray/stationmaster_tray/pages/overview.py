"""Overview: how all is, what needs a person, and each station with what waits and what went."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from stationmaster.model import AgentStatus, Problem, ProblemCode, Severity
from stationmaster_tray import icons
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.in_window import in_window
from stationmaster_tray.presenter import TrayView, present
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import tr
from stationmaster_tray.tray_icon import window_variant
from stationmaster_tray.widgets.label import card, label
from stationmaster_tray.widgets.station import StationCard

_LEADS_TO = {
    ProblemCode.ENTRIES_IN_ERROR: "queue",
    ProblemCode.REPORT_PARKED: "queue",
    ProblemCode.CLIENT_CERTIFICATE: "settings",
    ProblemCode.CONFIG_INVALID: "settings",
    ProblemCode.CONVERTER_MISSING: "settings",
    ProblemCode.FOLDER_MISSING: "settings",
    ProblemCode.FOLDER_OVERLAP: "settings",
    ProblemCode.LOGIN_REFUSED: "settings",
    ProblemCode.TOKEN_MISSING: "settings",
}
"""Problems about which a person does something on a page of the window."""


class OverviewPage(Page):
    """The first page. Everything on it is drawn from the snapshot; charts are asked for while it is seen."""

    def __init__(self, desk: Desk) -> None:
        """Draw from what is known."""
        super().__init__(desk)
        self._stations: dict[str, StationCard] = {}
        self._problems: tuple[Problem, ...] = ()
        self._seen_now = False
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(12)
        self._top = self._head()
        whole.addWidget(self._top)
        self._list = QVBoxLayout()
        self._list.setSpacing(12)
        self._problem_list = QVBoxLayout()
        self._problem_list.setSpacing(8)
        self._empty = self._first_station()
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        column.addLayout(self._problem_list)
        column.addWidget(self._empty)
        column.addLayout(self._list)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        whole.addWidget(scroll, 1)

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """The list scrolls by itself: the window need not have room for all of it, and scroll too."""
        return False

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Draw it."""
        view = present(seen, self.desk.now())
        self._state.setText(view.tooltip)
        ratio = self.devicePixelRatioF()
        side = round(self.fontMetrics().height() * 2)
        picture = icons.pixmap(view.state.value, window_variant(), round(side * ratio))
        picture.setDevicePixelRatio(ratio)
        self._picture.setPixmap(picture)
        self._buttons(view, running=seen.status is not None)
        status = seen.status
        first = status is not None and not status.instances and not status.problems
        self._top.setHidden(first)  # the card below says it, with a button
        self._show_problems(seen.status)
        self._show_stations(seen.status)

    def entered(self, argument: object = None) -> None:
        """Ask for the charts."""
        del argument
        self._seen_now = True
        for one in self._stations.values():
            one.follow(on=True)

    def left(self) -> None:
        """Ask for nothing."""
        self._seen_now = False
        for one in self._stations.values():
            one.follow(on=False)

    # ---------------------------------------------------------------- inside
    def _head(self) -> QWidget:
        head = card(self)
        self._picture = QLabel(head)
        self._state = label(role="title", parent=head)
        self._state.setObjectName("state")
        self._pause = QPushButton(tr("Pause for 1 hour"), head)
        self._pause.clicked.connect(lambda: self.desk.wanted.emit("pause-60", "", ""))
        self._resume = QPushButton(tr("Resume"), head)
        self._resume.clicked.connect(lambda: self.desk.wanted.emit("resume", "", ""))
        self._send = QPushButton(tr("Send now"), head)
        self._send.clicked.connect(lambda: self.desk.wanted.emit("send-now", "", ""))
        line = QHBoxLayout(head)
        line.setContentsMargins(16, 12, 16, 12)
        line.setSpacing(14)
        line.addWidget(self._picture)
        line.addWidget(self._state, 1)
        for button in (self._send, self._pause, self._resume):
            line.addWidget(button)
        return head

    def _buttons(self, view: TrayView, *, running: bool) -> None:
        some = running and bool(view.instances)
        self._send.setVisible(some)
        self._pause.setVisible(some and view.can_pause)
        self._resume.setVisible(some and view.can_resume)

    def _first_station(self) -> QWidget:
        empty = card(self)
        column = QVBoxLayout(empty)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(10)
        column.addWidget(label(tr("No station is set up yet"), role="title", parent=empty))
        text = tr(
            "A station watches folders for result files and sends their reports to one server. "
            "Setting one up takes about two minutes; a server to try things with is built in."
        )
        column.addWidget(label(text, role="quiet", parent=empty))
        button = QPushButton(tr("Set up a station..."), empty)
        button.setObjectName("first-station")
        button.clicked.connect(lambda: self.desk.wanted.emit("add-station", "", ""))
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        empty.hide()
        return empty

    def _show_problems(self, status: AgentStatus | None) -> None:
        problems = status.problems if status else ()
        if problems == self._problems:
            return
        self._problems = problems
        while (item := self._problem_list.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        everywhere = len(status.instances) if status else 0
        for stations, problem in grouped(problems):
            where = tr("All stations") if len(stations) == everywhere > 1 else ", ".join(stations)
            self._problem_list.addWidget(self._problem(problem, where))

    def _problem(self, problem: Problem, where: str) -> QWidget:
        info = problem.severity is Severity.INFO
        made = card(self, role="card" if info else "problem")
        made.setObjectName(f"problem-{problem.code.value}")
        column = QVBoxLayout(made)
        column.setContentsMargins(16, 10, 16, 10)
        column.setSpacing(4)
        sign = "i" if info else "!"
        station = f"{where}: " if where else ""
        title = label(f"{sign}  {station}{problem.title}", parent=made)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        column.addWidget(title)
        column.addWidget(label(in_window(problem.text), parent=made))
        if problem.next_step:
            column.addWidget(label(f"→ {in_window(problem.next_step)}", role="quiet", parent=made))
        if problem.code in _LEADS_TO:
            column.addWidget(self._lead(problem, made), 0, Qt.AlignmentFlag.AlignLeft)
        return made

    def _lead(self, problem: Problem, parent: QWidget) -> QPushButton:
        """A button to where a person does something about it."""
        page = _LEADS_TO[problem.code]
        button = QPushButton(tr("Show them") if page == "queue" else tr("Open settings"), parent)
        button.setAccessibleDescription(problem.title)
        button.clicked.connect(lambda: self.desk.page_wanted.emit(page, problem.instance))
        return button

    def _show_stations(self, status: AgentStatus | None) -> None:
        self._empty.setVisible(status is not None and not status.instances)
        if status is None:
            for one in self._stations.values():
                one.show_unknown()
            return
        names = [one.name for one in status.instances]
        for name in [name for name in self._stations if name not in names]:
            gone = self._stations.pop(name)
            gone.follow(on=False)
            self._list.removeWidget(gone)
            gone.deleteLater()
        for row, instance in enumerate(status.instances):
            shown = self._stations.get(instance.name)
            if shown is None:
                shown = self._stations[instance.name] = StationCard(self.desk, instance.name)
                self._list.insertWidget(row, shown)
                shown.follow(on=self._seen_now)
            shown.show_instance(instance)


def grouped(problems: Sequence[Problem]) -> list[tuple[tuple[str, ...], Problem]]:
    """What several stations have alike is said once, with their names; the most urgent first.

    Not what a person does something about on a page of one station.
    """
    found: dict[object, list[Problem]] = {}
    for one in sorted(problems, key=_urgency):
        alike = (one.code, one.severity, one.title, one.text, one.next_step)
        found.setdefault(one.key if one.code in _LEADS_TO else alike, []).append(one)
    return [(tuple(one.instance for one in same if one.instance), same[0]) for same in found.values()]


def _urgency(problem: Problem) -> tuple[bool, bool, str]:
    return (
        problem.severity is not Severity.ERROR,
        problem.severity is Severity.INFO,
        problem.since.isoformat(),
    )
