"""PURE: what the icon's menu offers for a view of the tray. `menu_widget` makes Qt's menu of it."""

from __future__ import annotations

from pathlib import PurePath

import msgspec

from stationmaster_tray.presenter import State, TrayView
from stationmaster_tray.text import number, tr


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the menu.

    Attributes:
        action: id of the action; "" for a heading, a sub-menu or a line between.
        instance: whom it is for; "" for all.
        argument: what else the action needs: a folder's path.
    """

    text: str = ""
    action: str = ""
    instance: str = ""
    argument: str = ""
    enabled: bool = True
    checked: bool | None = None
    """Switched on or off; None: it is no switch."""
    items: tuple[Item, ...] = ()

    @property
    def is_line(self) -> bool:
        """A line between groups."""
        return not self.text


LINE = Item()
QUITS = frozenset({"quit-tray", "quit-all"})
"""Actions after which the window is no more."""


def menu(view: TrayView) -> tuple[Item, ...]:
    """The whole menu."""
    running = view.state is not State.NO_AGENT
    head = (
        Item(text=view.tooltip, enabled=False) if running else Item(text=view.tooltip, action="start-agent"),
        LINE,
        Item(text=tr("Open window"), action="open"),
    )
    work = (
        _folders(view),
        Item(
            text=tr("Errors ({count})...", count=number(view.errors)) if view.errors else tr("Errors..."),
            action="errors",
            enabled=running and view.errors > 0,
        ),
        Item(text=tr("Find a serial number..."), action="find", enabled=running),
        LINE,
        Item(text=tr("Pause"), items=_pauses(), enabled=running and view.can_pause),
        Item(text=tr("Resume"), action="resume", enabled=running and view.can_resume),
        Item(text=tr("Send now"), action="send-now", enabled=running and bool(view.instances)),
    )
    stations = tuple(_station(name) for name in view.instances) if len(view.instances) > 1 else ()
    return (*head, *work, *((LINE, *stations) if stations else ()), LINE, *_rest(view))


def _folders(view: TrayView) -> Item:
    many = len(view.instances) > 1
    items = tuple(
        Item(
            text=tr("{instance}: {folder}", instance=instance, folder=_short(path)) if many else _short(path),
            action="watch-folder",
            instance=instance,
            argument=path,
        )
        for instance, path in view.folders
    )
    return Item(text=tr("Watch folder"), items=items, enabled=bool(items))


def _pauses(instance: str = "") -> tuple[Item, ...]:
    return (
        Item(text=tr("15 minutes"), action="pause-15", instance=instance),
        Item(text=tr("1 hour"), action="pause-60", instance=instance),
        Item(text=tr("Until tomorrow"), action="pause-tomorrow", instance=instance),
        Item(text=tr("Until I resume"), action="pause-forever", instance=instance),
    )


def _station(name: str) -> Item:
    return Item(
        text=name,
        items=(
            Item(text=tr("Errors..."), action="errors", instance=name),
            Item(text=tr("Pause"), items=_pauses(name)),
            Item(text=tr("Resume"), action="resume", instance=name),
            Item(text=tr("Send now"), action="send-now", instance=name),
            Item(text=tr("Settings..."), action="settings", instance=name),
        ),
    )


def _snooze(view: TrayView) -> Item:
    until = view.own.snoozed_until
    text = tr("Notifications") if until is None else tr("Notifications: quiet")
    return Item(
        text=text,
        items=(
            Item(text=tr("Quiet for 30 minutes"), action="snooze-30"),
            Item(text=tr("Quiet for 1 hour"), action="snooze-60"),
            Item(text=tr("Quiet for 8 hours"), action="snooze-480"),
            Item(text=tr("Show them again"), action="snooze-end", enabled=until is not None),
        ),
    )


def _rest(view: TrayView) -> tuple[Item, ...]:
    return (
        Item(text=tr("Settings..."), action="settings"),
        _snooze(view),
        Item(
            text=tr("Start at log-in"),
            action="autostart",
            enabled=view.own.autostart is not None,
            checked=bool(view.own.autostart),
        ),
        Item(
            text=tr("Help"),
            items=(
                Item(text=tr("Documentation"), action="docs"),
                Item(text=tr("Save diagnostics..."), action="diagnostics"),
                Item(text=tr("About Stationmaster"), action="about"),
            ),
        ),
        Item(text=tr("Version and updates..."), action="check-updates"),
        LINE,
        Item(
            text=tr("Quit"),
            items=(
                Item(text=tr("Tray only: the agent goes on"), action="quit-tray"),
                Item(text=tr("Tray and agent"), action="quit-all"),
            ),
        ),
    )


def _short(path: str) -> str:
    """The end of a path: what tells folders apart."""
    parts = PurePath(path).parts
    return path if len(parts) <= 3 else str(PurePath("…", *parts[-2:]))
