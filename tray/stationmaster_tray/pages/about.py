"""About: versions and places, updates, and the zip for support."""

from __future__ import annotations

import asyncio
import platform
from datetime import datetime
from pathlib import Path

import PySide6
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from stationmaster import __version__
from stationmaster.errors import StationmasterError
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.opening import opened
from stationmaster_tray.seen import Seen
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import card, label

DIAGNOSTICS = "diagnostics"
"""Argument of the page: save diagnostics."""
UPDATING = "how-to/install"
"""Page of the guide that tells where new versions come from."""


class AboutPage(Page):
    """The page."""

    def __init__(self, desk: Desk) -> None:
        """Ask for nothing yet."""
        super().__init__(desk)
        self.bar = CallBar(desk.tasks, self)
        self._saved: Path | None = None
        desk.tasks.start(self._tell_system())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._versions())
        column.addWidget(self._support())
        column.addWidget(self._updates())
        column.addStretch(1)

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Draw the agent's part."""
        status = seen.status
        if status is None:
            self._agent.setText(tr("not running"))
        else:
            self._agent.setText(tr("{version}, process {pid}", version=status.version, pid=status.pid))

    def entered(self, argument: object = None) -> None:
        """With the argument `DIAGNOSTICS` ask where the zip goes."""
        if argument == DIAGNOSTICS:
            self.ask_where()

    def left(self) -> None:
        """A zip that is being made is not wanted any more."""
        self.bar.cancel()

    # ---------------------------------------------------------------- diagnostics
    def ask_where(self) -> None:
        """Let a person choose the file, then save it; nobody waits."""
        name = f"stationmaster-diagnostics-{datetime.now().astimezone():%Y%m%d-%H%M}.zip"
        dialog = QFileDialog(self, tr("Save diagnostics"), str(Path.home() / name), tr("Zip files (*.zip)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("zip")
        dialog.fileSelected.connect(lambda chosen: self.save(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path) -> None:
        """Let the agent make the zip, and write it."""
        self._result.hide()
        self._show.hide()
        payloads = self.payloads.isChecked()

        async def work() -> Path:
            content = await self.desk.client.diagnostics(payloads=payloads)
            await asyncio.to_thread(_write, path, content)
            return path

        self.bar.run(work, self._written, what=tr("Collecting: this may take a minute..."))

    def _written(self, path: Path) -> None:
        self._saved = path
        self._result.setText(tr("Saved as {path}. Secrets and names are not in it.", path=path))
        self._result.show()
        self._show.show()

    def _open_folder(self) -> None:
        if self._saved is not None:
            folder = self._saved.parent
            self.bar.run(lambda: opened(folder), lambda _done: None, what=tr("Opening..."))

    # ---------------------------------------------------------------- inside
    async def _tell_system(self) -> None:
        self._system.setText(await asyncio.to_thread(_system))  # Python may ask another program

    def _versions(self) -> QWidget:
        made = card(self)
        self._agent, self._system = label(parent=made), label(parent=made)
        home = self.desk.session.launcher.home
        self._rows = (
            (tr("Stationmaster"), label(__version__, parent=made)),
            (tr("Agent"), self._agent),
            (tr("System"), self._system),
            (tr("Settings"), label(str(home.config), parent=made)),
            (tr("Data"), label(str(home.data), parent=made)),
            (tr("Log files"), label(str(home.log), parent=made)),
            (tr("Licence"), label("Apache-2.0; Qt and PySide6: LGPL-3.0", parent=made)),
        )
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        for title, value in self._rows:
            value.setAccessibleName(title)
            form.addRow(label(title, role="quiet", parent=made), value)
        copy = QPushButton(tr("Copy"), made)
        copy.setAccessibleName(tr("Copy versions and places"))
        copy.clicked.connect(self.copy)
        line = QHBoxLayout(made)
        line.setContentsMargins(16, 14, 16, 14)
        line.addLayout(form, 1)
        line.addWidget(copy)
        return made

    def _support(self) -> QWidget:
        made = card(self)
        column = QVBoxLayout(made)
        column.setContentsMargins(16, 14, 16, 14)
        column.addWidget(label(tr("For support"), role="title", parent=made))
        text = tr(
            "One zip with versions, settings, Problems and the log. Passwords and tokens are removed; serial "
            "numbers, names and places are replaced."
        )
        column.addWidget(label(text, role="quiet", parent=made))
        self.payloads = QCheckBox(tr("With the reports that failed, their names replaced"), made)
        column.addWidget(self.payloads)
        save = QPushButton(tr("Save diagnostics..."), made)
        save.clicked.connect(self.ask_where)
        self._show = QPushButton(tr("Open folder"), made)
        self._show.clicked.connect(self._open_folder)
        self._show.hide()
        line = QHBoxLayout()
        line.addWidget(save)
        line.addWidget(self._show)
        line.addStretch(1)
        column.addLayout(line)
        column.addWidget(self.bar)
        self._result = label(role="good", parent=made)
        self._result.setObjectName("saved")
        self._result.hide()
        column.addWidget(self._result)
        return made

    def _updates(self) -> QWidget:
        made = card(self)
        column = QVBoxLayout(made)
        column.setContentsMargins(16, 14, 16, 14)
        column.addWidget(label(tr("Updates"), role="title", parent=made))
        text = tr(
            "Version {version} is installed. Stationmaster does not look for new ones by itself: they come "
            "from where you got this one. The guide tells how one is installed over it; settings and what "
            "waits are kept.",
            version=__version__,
        )
        column.addWidget(label(text, role="quiet", parent=made))
        how = QPushButton(tr("How to update"), made)
        how.clicked.connect(lambda: self.desk.wanted.emit("docs", "", UPDATING))
        column.addWidget(how, 0, Qt.AlignmentFlag.AlignLeft)
        return made

    def copy(self) -> None:
        """Copy versions and places as text."""
        lines = [f"{title}: {value.text()}" for title, value in self._rows]
        QGuiApplication.clipboard().setText("\n".join(lines))


def _system() -> str:
    return f"{platform.platform()}, Python {platform.python_version()}, Qt {PySide6.__version__}"


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StationmasterError(
            tr("{path} cannot be written: {reason}.", path=path, reason=error.strerror or str(error)),
            next_step=tr("Choose another folder."),
        ) from error
