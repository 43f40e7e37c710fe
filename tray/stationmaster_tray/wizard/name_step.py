"""What the station is called, here and in reports."""

from __future__ import annotations

import platform

from PySide6.QtWidgets import QFormLayout, QLineEdit

from stationmaster_tray.desk import Desk
from stationmaster_tray.text import tr
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.step import Step
from stationmaster_tray.wizard.try_server import TryServer


class NameStep(Step):
    """Two names: most stations need only the first."""

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """Suggest one that is free."""
        super().__init__(desk, draft, server)
        self.say(tr("The short name stands in this window, in commands and in file names."))
        self.name = QLineEdit(self)
        self.station = QLineEdit(self)
        self.station.setPlaceholderText(platform.node())
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        form.addRow(tr("Short name"), self.name)
        form.addRow(tr("Station name in reports"), self.station)
        self.column.addLayout(form)
        self.say(tr("Reports carry the name of this computer, where no other one is given."))
        self.column.addStretch(1)
        self.name.textChanged.connect(self.changed)
        self.station.textChanged.connect(self.changed)

    @property
    def title(self) -> str:
        """See `Step`."""
        return tr("What is the station called?")

    @property
    def ready(self) -> bool:
        """It has a name."""
        return bool(self.name.text().strip())

    def entered(self) -> None:
        """Suggest a name."""
        if not self.name.text():
            status = self.desk.seen.status
            taken = {one.name for one in status.instances} if status else set()
            self.name.setText(next(name for name in _names() if name not in taken))

    async def check(self) -> None:
        """Is it free, and can it be one?"""
        self.draft.name = self.name.text().strip()
        self.draft.station = self.station.text().strip()
        await self.refuse("name", "station")


def _names() -> list[str]:
    return [f"station{number}" for number in range(1, 1000)]
