"""What the settings page asks before it does something: a token, and whether a station shall go."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label
from stationmaster_tray.widgets.message import message


class TokenDialog(QDialog):
    """Asks for a token; `given` carries it, and it is kept nowhere."""

    given = Signal(str)

    def __init__(self, name: str, parent: QWidget) -> None:
        """Empty."""
        super().__init__(parent)
        self.setWindowTitle(tr("Token of {name}", name=name))
        self.setObjectName("token")
        self.token = QLineEdit(self)
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(tr("Set"))
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self._ok.setEnabled(False)
        self.token.textChanged.connect(lambda text: self._ok.setEnabled(bool(text.strip())))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(self.deleteLater)
        form = QFormLayout()
        form.addRow(tr("Token"), self.token)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        text = tr("The agent keeps it and uses it at once; the old one is forgotten. It is not shown again.")
        column.addWidget(label(text, role="quiet", parent=self))
        column.addLayout(form)
        column.addWidget(self.buttons)
        self.resize(460, self.sizeHint().height())

    def accept(self) -> None:
        """Hand it over, and forget it."""
        token = self.token.text().strip()
        self.token.clear()
        super().accept()
        self.given.emit(token)

    def reject(self) -> None:
        """Forget it."""
        self.token.clear()
        super().reject()


def ask_removal(name: str, parent: QWidget, yes: Callable[[], None]) -> QMessageBox:
    """Ask; nobody waits for the answer."""
    box = message(
        QMessageBox.Icon.Question,
        tr("Remove {name}?", name=name),
        tr("Remove the station {name}?", name=name),
        more=tr(
            "Its settings and its token go. Its spool stays on disk, with all reports that wait: "
            "a new station of the same name goes on with it."
        ),
        parent=parent,
    )
    box.setObjectName("removal")
    remove = box.addButton(tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton(tr("Keep it"), QMessageBox.ButtonRole.RejectRole))
    remove.clicked.connect(yes)
    box.open()
    return box
