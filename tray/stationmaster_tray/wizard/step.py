"""One step of the wizard."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from stationmaster.errors import StationmasterError
from stationmaster_tray.desk import Desk
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.try_server import TryServer


class Step(QWidget):
    """A page of the wizard. `changed`: somebody entered something, or `ready` may be another one."""

    changed = Signal()

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """Nothing is asked of the agent yet.

        Args:
            desk: the session and what goes with it.
            draft: what was entered so far; `check` adds to it.
            server: switches the built-in server.
        """
        super().__init__()
        self.desk = desk
        self.draft = draft
        self.server = server
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(10)

    @property
    def title(self) -> str:
        """What the step is about."""
        raise NotImplementedError

    @property
    def next_text(self) -> str:
        """What the button says that leads on."""
        return tr("Next")

    @property
    def needed(self) -> bool:
        """The draft so far asks for this step."""
        return True

    @property
    def ready(self) -> bool:
        """Enough is entered to go on."""
        return True

    def entered(self) -> None:
        """The step is seen now."""

    def left(self) -> None:
        """Another step is seen, or the wizard is closed."""

    async def check(self) -> None:
        """Put what was entered into the draft, and let the agent look at it.

        Raises:
            StationmasterError: it cannot go on with this, in words.
        """

    def say(self, text: str) -> None:
        """Explain, quietly."""
        self.column.addWidget(label(text, role="quiet", parent=self))

    async def refuse(self, *keys: str) -> None:
        """Raise what the agent finds wrong with settings whose keys begin like this."""
        faults = await self.desk.client.check_new(self.draft.check_request())
        for fault in faults:
            if fault.key.startswith(keys):
                raise StationmasterError(fault.text, next_step=fault.next_step)
