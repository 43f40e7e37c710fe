"""PURE: what the agent says for the command line, said for who sits before the window.

The agent's next steps name commands, as the command line shows them. Each one that the window has a twin of
becomes the place in the window; the others stay, for there is no other way.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stationmaster_tray.text import tr

_FLAGS = r"(?: --?[\w-]+(?:[ =](?!-)[^\s`;,?)]+)?)*"
_WORD = r"(?: (?!-)[^\s`;,?)]+)?"
_TWINS: tuple[tuple[str, Callable[[], str]], ...] = (
    (
        rf"agent stop, then: `?stationmaster agent start{_FLAGS}",
        lambda: tr("Quit > Tray and agent in the menu, then start the tray"),
    ),
    (rf"agent (?:start|run){_FLAGS}", lambda: tr("Start the agent, in this window")),
    (rf"agent resume{_WORD}", lambda: tr("Resume, on the page Overview")),
    (rf"agent status{_FLAGS}", lambda: tr("the page Overview")),
    (rf"config edit{_FLAGS}", lambda: tr("the page Settings, for the agent")),
    (rf"converter canary show{_WORD}{_FLAGS}", lambda: tr("Differences, on the page Converters")),
    (rf"converter canary stop{_WORD}{_FLAGS}", lambda: tr("Stop, on the page Converters")),
    (rf"converter (?:check|test){_WORD}{_WORD}{_FLAGS}", lambda: tr("Test a file, on the page Converters")),
    (rf"converter map{_WORD}{_FLAGS}", lambda: tr("Make a mapping, on the page Converters")),
    (rf"converter list{_FLAGS}", lambda: tr("the page Converters")),
    (rf"instance add{_WORD}{_FLAGS}", lambda: tr("Add station, on the page Settings")),
    (rf"instance edit{_WORD} --token-stdin", lambda: tr("Set token, on the page Settings")),
    (rf"instance edit{_WORD}{_FLAGS}", lambda: tr("the page Settings")),
    (rf"log tail{_FLAGS}", lambda: tr("the page Log")),
    (rf"queue (?:list|show|find){_FLAGS}", lambda: tr("the page Queue & Errors")),
    (rf"queue retry{_WORD}{_FLAGS}", lambda: tr("Retry, on the page Queue & Errors")),
)  # fmt: skip
"""Commands, and where the window has the same."""

_ANY = re.compile("|".join(rf"`?stationmaster ({command})`?" for command, _ in _TWINS))


def in_window(text: str) -> str:
    """`text` with places of the window instead of commands."""
    return _ANY.sub(_place, text) if "stationmaster" in text else text


def _place(found: re.Match[str]) -> str:
    return _TWINS[(found.lastindex or 1) - 1][1]()
