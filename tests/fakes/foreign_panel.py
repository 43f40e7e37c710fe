"""A panel that is not ours: trayer, which embeds an icon's window, with a mouse that really clicks."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

Kind = Literal["icon", "menu", "window"]

_AT_MOST: tuple[tuple[int, Kind], ...] = ((64, "icon"), (600, "menu"), (10_000, "window"))
"""Pixels: how wide each of them is at most."""


class Place(NamedTuple):
    """Where something is seen."""

    width: int
    height: int
    left: int
    top: int


def lacks() -> str:
    """Why it cannot run here; "" where it can."""
    absent = [program for program in ("trayer", "xdotool") if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextlib.contextmanager
def foreign_panel(variables: Mapping[str, str]) -> Iterator[None]:
    """Run the panel on this screen."""
    env = {**os.environ, **variables}
    place = ("--edge", "top", "--align", "left", "--widthtype", "request", "--height", "32")
    panel = subprocess.Popen(["trayer", *place, "--SetDockType", "false"], env=env)
    try:
        yield
    finally:
        panel.terminate()
        panel.wait(timeout=20)


def places(variables: Mapping[str, str]) -> dict[Kind, Place]:
    """What of the tray is seen, and where."""
    tree = _told(variables, "xwininfo", "-root", "-tree")
    found = re.findall(
        r'^\s+(0x\w+) "Stationmaster[^"]*".*?(\d+)x(\d+)\+-?\d+\+-?\d+  \+(-?\d+)\+(-?\d+)',
        tree,
        re.MULTILINE,
    )
    seen = [
        Place(*map(int, place))
        for number, *place in found
        if "Map State: IsViewable" in _told(variables, "xwininfo", "-id", number)
    ]
    return {next(kind for most, kind in _AT_MOST if place.width <= most): place for place in seen}


def press(variables: Mapping[str, str], *words: str) -> None:
    """Let mouse and keyboard do something, in the words of xdotool."""
    subprocess.run(["xdotool", *words], env={**os.environ, **variables}, check=True)


def click(variables: Mapping[str, str], place: Place, button: int = 1) -> None:
    """Click into the middle of something."""
    across, down = place.left + place.width // 2, place.top + place.height // 2
    press(variables, "mousemove", str(across), str(down), "click", str(button))


def _told(variables: Mapping[str, str], *command: str) -> str:
    """What a program says; it fails where a window goes while it looks."""
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    ).stdout
