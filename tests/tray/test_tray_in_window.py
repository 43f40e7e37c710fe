"""Next steps of the agent name commands; the window names its own places instead."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import stationmaster
from stationmaster_tray.in_window import in_window

COMMAND = re.compile(r"stationmaster (agent|instance|queue|converter|config|log) (\w+)")

NO_TWIN = {
    "agent install",
    "agent uninstall",
    "converter canary",
    "converter new",
    "instance register",
    "instance import",
}
"""What only the command line can do."""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "See them: stationmaster queue list --instance line1 --state error",
            "See them: the page Queue & Errors",
        ),
        ("Start it with: stationmaster agent start", "Start it with: Start the agent, in this window"),
        ("Make one with `stationmaster instance add`.", "Make one with Add station, on the page Settings."),
        (
            "Send the log to support, then start it again: stationmaster agent resume line1",
            "Send the log to support, then start it again: Resume, on the page Overview",
        ),
        (
            "Hand over a valid one: stationmaster instance edit line1 --token-stdin",
            "Hand over a valid one: Set token, on the page Settings",
        ),
        (
            "Correct the converter's name or options; stationmaster converter list tells which there are.",
            "Correct the converter's name or options; the page Converters tells which there are.",
        ),
        ("Look at `stationmaster log tail`; it may be busy.", "Look at the page Log; it may be busy."),
        ("stationmaster config edit --set metrics.port=9465", "the page Settings, for the agent"),
        (
            "Correct the converter: stationmaster converter check odd FILE",
            "Correct the converter: Test a file, on the page Converters",
        ),
        (
            "Start the agent anew: stationmaster agent stop, then: stationmaster agent start",
            "Start the agent anew: Quit > Tray and agent in the menu, then start the tray",
        ),
        (
            "See them: stationmaster converter canary show line1; if that is as it should be, promote it.",
            "See them: Differences, on the page Converters; if that is as it should be, promote it.",
        ),
        (
            "Propose a mapping: stationmaster converter map FILE; or name its converter.",
            "Propose a mapping: Make a mapping, on the page Converters; or name its converter.",
        ),
        ("Name it: stationmaster converter new NAME", "Name it: stationmaster converter new NAME"),
        ("The folder /etc/stationmaster is not there.", "The folder /etc/stationmaster is not there."),
    ],
)
def test_a_command_becomes_the_place_in_the_window(said: str, shown: str) -> None:
    assert in_window(said) == shown


def texts_of_the_agent() -> list[str]:
    """All texts outside of the command line that name a command; what is filled in is a word."""
    root = Path(stationmaster.__file__).parent
    found = list[str]()
    for path in root.rglob("*.py"):
        if path.is_relative_to(root / "cli") or path.is_relative_to(root / "embedded_server"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = (one.value if isinstance(one, ast.Constant) else "X1" for one in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
                found.append(node.value)
    return [text for text in found if COMMAND.search(text)]


def test_no_command_that_the_window_can_do_is_left() -> None:
    texts = texts_of_the_agent()
    assert len(texts) > 20
    left = {" ".join(found) for text in texts for found in COMMAND.findall(in_window(text))}
    assert left <= NO_TWIN
