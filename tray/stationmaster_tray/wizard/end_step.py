"""The summary, and the one moment in which something is made."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QFormLayout, QWidget

from stationmaster.control.protocol import TIMEOUT, AddRequest
from stationmaster.errors import ControlError, StationmasterError
from stationmaster_tray.autostart import Autostart
from stationmaster_tray.desk import Desk
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.step import Step
from stationmaster_tray.wizard.try_server import TryServer


class SummaryStep(Step):
    """What will be made; going on from here makes it."""

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """Drawn when it is seen."""
        super().__init__(desk, draft, server)
        self._rows: QWidget | None = None
        self.column.addStretch(1)

    @property
    def title(self) -> str:
        """See `Step`."""
        return tr("Set up {name}?", name=self.draft.name)

    @property
    def next_text(self) -> str:
        """It is no mere next page."""
        return tr("Set up")

    def entered(self) -> None:
        """Say what was chosen."""
        if self._rows is not None:
            self.column.removeWidget(self._rows)
            self._rows.deleteLater()
        draft = self.draft
        folder = tr("{folder} (it is made)", folder=draft.folder) if draft.make_folder else draft.folder
        self._rows = QWidget(self)
        form = QFormLayout(self._rows)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        for title, value in (
            (tr("Server"), draft.server),
            (tr("Short name"), draft.name),
            (tr("Name in reports"), draft.station or tr("the name of this computer")),
            (tr("Folder"), folder),
            (tr("Converter"), draft.converter),
        ):
            form.addRow(label(title, role="quiet", parent=self._rows), label(value, parent=self._rows))
        self.column.insertWidget(0, self._rows)

    async def check(self) -> None:
        """Make the folder and the station; who cancels meanwhile finds neither."""
        made = await asyncio.to_thread(_make, Path(self.draft.folder)) if self.draft.make_folder else []
        adding = asyncio.ensure_future(self._add(self.draft.add_request()))
        try:
            # The agent carries an order out once it has it: to cancel means to take it back then.
            await asyncio.shield(adding)
        except asyncio.CancelledError:
            back = self._take_back(adding, made, self.draft.name)
            self.desk.tasks.start(back, trouble=self.desk.trouble, last=True)
            raise
        except StationmasterError:
            await asyncio.to_thread(_unmake, made)
            raise
        if not self.draft.embedded:
            await self.server.off()

    async def _add(self, request: AddRequest) -> None:
        """Make the station. Where the answer came too late, look whether it was made."""
        try:
            await self.desk.client.add_instance(request)
        except ControlError as error:
            if error.code != TIMEOUT or not await self._is_ours(request):
                raise

    async def _is_ours(self, request: AddRequest) -> bool:
        """There is a station of this name, with our server and our folders: not one of somebody else."""
        try:
            values = (await self.desk.client.config(request.name)).values
        except StationmasterError:
            return False
        folders = [one["path"] for one in values["watch"]]
        wanted = [one["path"] for one in request.watch]
        return bool(values["server"]["url"] == request.server and folders == wanted)

    async def _take_back(self, adding: Awaitable[None], made: list[Path], name: str) -> None:
        try:
            await adding
        except StationmasterError:
            pass  # there is nothing to take back
        else:
            await self.desk.client.remove_instance(name)
        await asyncio.to_thread(_unmake, made)


class EndStep(Step):
    """It works."""

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """Drawn when it is seen."""
        super().__init__(desk, draft, server)
        self._text = label(parent=self)
        self._text.setObjectName("end")
        self.column.addWidget(self._text)
        self.at_log_in = QCheckBox(tr("Start Stationmaster when I log in"), self)
        self.at_log_in.setEnabled(False)
        self.at_log_in.clicked.connect(self._switch)
        self.column.addWidget(self.at_log_in)
        self.say(tr("The overview shows what comes of it. Further folders and all else are in Settings."))
        self.column.addStretch(1)

    @property
    def title(self) -> str:
        """See `Step`."""
        return tr("{name} is set up", name=self.draft.name)

    @property
    def next_text(self) -> str:
        """There is nothing more."""
        return tr("Close")

    def entered(self) -> None:
        """Say how to go on."""
        self._text.setText(
            tr(
                "Put a result file into {folder}: its report is at {server} a moment later.",
                folder=self.draft.folder,
                server=self.draft.server,
            )
        )
        self.desk.tasks.start(self._look(), trouble=self.desk.trouble)

    async def _look(self) -> None:
        """Show whether it starts by itself already."""
        switch = Autostart(self.desk.session.launcher.home.scope.value)
        self.at_log_in.setChecked(await asyncio.to_thread(lambda: switch.is_on))
        self.at_log_in.setEnabled(True)

    def _switch(self, on: bool) -> None:  # noqa: FBT001 - a slot
        self.desk.wanted.emit("autostart", "", "on" if on else "off")


def _make(folder: Path) -> list[Path]:
    """Make the folder with those above it; returns what was not there before, the deepest first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _unmake(missing)
        raise StationmasterError(
            tr("{folder} cannot be made: {reason}.", folder=folder, reason=error.strerror or str(error)),
            next_step=tr("Go back and choose another folder."),
        ) from error
    return missing


def _unmake(made: list[Path]) -> None:
    """Remove what we made, unless somebody put something into it."""
    with contextlib.suppress(OSError):
        for folder in made:
            folder.rmdir()
