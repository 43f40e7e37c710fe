"""The icon in the panel: shows a view, and comes back when the panel does."""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QSystemTrayIcon

from stationmaster_tray import icons, theme
from stationmaster_tray.markup import unmarked
from stationmaster_tray.menu import menu
from stationmaster_tray.menu_widget import Chosen, TrayMenu
from stationmaster_tray.presenter import State, TrayView

if sys.platform == "linux":
    from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher

_WATCHER = "org.kde.StatusNotifierWatcher"
_TITLE_MAX, _TEXT_MAX = 120, 500
"""Characters of a notification: a desktop shows a few lines, and the window the rest."""
_LOOK_EVERY = 5000
"""Milliseconds between two looks for a panel, where nobody tells us of one."""


class TrayIcon(QObject):
    """The icon, its tooltip and its menu. `opened`: it was clicked; `available`: a panel shows it, or not."""

    opened = Signal()
    available = Signal(bool)
    message_clicked = Signal()

    def __init__(self, chosen: Chosen, variant: Callable[[], icons.Variant]) -> None:
        """Show nothing yet.

        Args:
            chosen: told of each line of the menu that is chosen.
            variant: which palette the panel wants now.
        """
        super().__init__()
        self.menu = TrayMenu(chosen)
        self._variant = variant
        self._view: TrayView | None = None
        self._icon = self._made()
        self._shown = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_EVERY)
        if sys.platform == "linux":
            # A registration that nobody heard is not repeated by Qt: make the icon anew for each new panel.
            self._names = QDBusServiceWatcher(
                _WATCHER,
                QDBusConnection.sessionBus(),
                QDBusServiceWatcher.WatchModeFlag.WatchForOwnerChange,
                self,
            )
            self._names.serviceRegistered.connect(lambda _name: self._anew())
            self._names.serviceUnregistered.connect(lambda _name: self._look())

    @property
    def is_available(self) -> bool:
        """A panel shows icons."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show_view(self, view: TrayView) -> None:
        """Show this view; the first one shows the icon."""
        old, self._view = self._view, view
        self.menu.show_items(menu(view))
        if old is None or old.state is not view.state:
            self._icon.setIcon(self._picture())
        if old is None or old.tooltip != view.tooltip:
            self._icon.setToolTip(unmarked(view.tooltip))
        if old is None:
            self._icon.show()
            self._look()

    def repaint(self) -> None:
        """The palette changed."""
        if self._view is not None:
            self._icon.setIcon(self._picture())

    def notify(self, title: str, text: str, *, urgent: bool) -> None:
        """Show a notification."""
        kind = QSystemTrayIcon.MessageIcon
        self._icon.showMessage(
            unmarked(title, _TITLE_MAX),
            unmarked(text, _TEXT_MAX),
            kind.Warning if urgent else kind.Information,
        )

    def close(self) -> None:
        """Take the icon away."""
        self._timer.stop()
        self._icon.hide()

    def _picture(self) -> QIcon:
        state = self._view.state if self._view else State.NO_AGENT
        return icons.icon(state.value, self._variant())

    def _made(self) -> QSystemTrayIcon:
        made = QSystemTrayIcon(self)
        made.setContextMenu(self.menu)
        made.activated.connect(self._activated)
        made.messageClicked.connect(self.message_clicked)
        return made

    def _anew(self) -> None:
        old, self._icon = self._icon, self._made()
        old.hide()
        old.deleteLater()
        if self._view is not None:
            self._icon.setIcon(self._picture())
            self._icon.setToolTip(unmarked(self._view.tooltip))
            self._icon.show()
        self._look()

    def _look(self) -> None:
        shown = self.is_available
        if shown != self._shown:
            self._shown = shown
            self.available.emit(shown)
            if shown and sys.platform != "linux":
                self._icon.show()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        wanted = QSystemTrayIcon.ActivationReason
        if reason in {wanted.Trigger, wanted.DoubleClick}:
            self.opened.emit()


def panel_variant() -> icons.Variant:
    """The palette for this desktop's panel: macOS colours icons itself, others follow the colour scheme."""
    if sys.platform == "darwin":
        return icons.Variant.MONOCHROME
    dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return icons.Variant.DARK if dark else icons.Variant.LIGHT


def window_variant() -> icons.Variant:
    """The palette for our own windows."""
    return icons.Variant.DARK if theme.is_dark() else icons.Variant.LIGHT
