"""Where reports go, and the token for it."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QRadioButton

from stationmaster_tray.desk import Desk
from stationmaster_tray.text import tr
from stationmaster_tray.wizard.draft import Draft
from stationmaster_tray.wizard.step import Step
from stationmaster_tray.wizard.try_server import TryServer


class ServerStep(Step):
    """The address of a server, or the built-in one."""

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """A server of one's own is what most have."""
        super().__init__(desk, draft, server)
        self.say(tr("A station sends its reports to one server."))
        self.own = QRadioButton(tr("My WATS server"), self)
        self.address = QLineEdit(self)
        self.address.setAccessibleName(tr("Address of the server"))
        self.address.setPlaceholderText("https://company.wats.com")
        self.built_in = QRadioButton(tr("The built-in server, to try things"), self)
        self.own.setChecked(True)
        self.column.addWidget(self.own)
        self.column.addWidget(self.address)
        self.column.addSpacing(8)
        self.column.addWidget(self.built_in)
        self.say(
            tr(
                "It runs in the agent and listens on this computer alone. No token is needed. You can go "
                "over to your own server later."
            )
        )
        self.column.addStretch(1)
        self.own.toggled.connect(self._toggled)
        self.address.textChanged.connect(self.changed)

    @property
    def title(self) -> str:
        """See `Step`."""
        return tr("Which server?")

    @property
    def ready(self) -> bool:
        """An address, or the built-in one."""
        return self.built_in.isChecked() or bool(self.address.text().strip())

    async def check(self) -> None:
        """Switch the built-in server on, or look at the address."""
        self.draft.embedded = self.built_in.isChecked()
        if self.draft.embedded:
            self.draft.server = await self.server.on()
        else:
            self.draft.server = self.address.text().strip()
            await self.refuse("server")

    def _toggled(self) -> None:
        self.address.setEnabled(self.own.isChecked())
        self.changed.emit()


class TokenStep(Step):
    """The token: it goes to the agent, and is shown and kept nowhere else."""

    def __init__(self, desk: Desk, draft: Draft, server: TryServer) -> None:
        """Empty."""
        super().__init__(desk, draft, server)
        self.say(
            tr(
                "The server knows the station by a token. Make one in WATS, in the control panel; it needs "
                "the right to send reports. It is handed to the agent and is not shown again."
            )
        )
        self.token = QLineEdit(self)
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        form = QFormLayout()
        form.addRow(tr("Token"), self.token)
        self.column.addLayout(form)
        self.in_file = QCheckBox(tr("Keep it in a file that only the agent's account can read"), self)
        self.column.addWidget(self.in_file)
        self.say(
            tr("Otherwise the agent keeps it in the system's keyring. A computer without one needs the file.")
        )
        self.column.addStretch(1)
        self.token.textChanged.connect(self.changed)

    @property
    def title(self) -> str:
        """See `Step`."""
        return tr("The server's token")

    @property
    def needed(self) -> bool:
        """The built-in server takes any."""
        return not self.draft.embedded

    @property
    def ready(self) -> bool:
        """There is one."""
        return bool(self.token.text().strip())

    async def check(self) -> None:
        """Only remember it: the next step tries it."""
        self.draft.token = self.token.text().strip()
        self.draft.in_file = self.in_file.isChecked()

    def forget(self) -> None:
        """Keep the token no longer."""
        self.token.clear()
        self.draft.token = ""
