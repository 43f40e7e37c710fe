"""What a person can do from icon and menu: one table, each with the command that does the same."""

from __future__ import annotations

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be done.

    Attributes:
        id: stable word; menus, shortcuts and tests name it.
        twin: the command line that does the same, () for what only a window can do, with `why` there is none.
    """

    id: str
    twin: tuple[str, ...] = ()
    why: str = ""


_OWN = "It is about the tray app itself."

ACTIONS: tuple[Action, ...] = (
    Action(id="open", twin=("agent", "status")),
    Action(id="find", twin=("queue", "find")),
    Action(id="start-agent", twin=("agent", "start")),
    Action(id="watch-folder", twin=("instance", "show")),
    Action(id="errors", twin=("queue", "list", "--state", "error")),
    Action(id="pause-15", twin=("agent", "pause", "--for", "15")),
    Action(id="pause-60", twin=("agent", "pause", "--for", "60")),
    Action(id="pause-tomorrow", twin=("agent", "pause", "--until", "tomorrow")),
    Action(id="pause-forever", twin=("agent", "pause")),
    Action(id="resume", twin=("agent", "resume")),
    Action(id="send-now", twin=("queue", "send")),
    Action(id="settings", twin=("instance", "edit")),
    Action(id="test-file", twin=("converter", "test")),
    Action(id="make-mapping", twin=("converter", "map")),
    Action(id="replay", twin=("converter", "replay", "--lines")),
    Action(id="add-station", twin=("instance", "add")),
    Action(id="docs", why="It opens the browser."),
    Action(id="diagnostics", twin=("diagnostics",)),
    Action(id="about", twin=("--version",)),
    Action(id="check-updates", why="Updates come from where Stationmaster was installed from, for now."),
    Action(id="snooze-30", why=_OWN),
    Action(id="snooze-60", why=_OWN),
    Action(id="snooze-480", why=_OWN),
    Action(id="snooze-end", why=_OWN),
    Action(id="autostart", why="It is about the tray app: stationmaster-tray --autostart on|off."),
    Action(id="quit-tray", why=_OWN),
    Action(id="quit-all", twin=("agent", "stop")),
)
