"""`stationmaster log tail`: what the agent says."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from stationmaster.cli.output import answer, say
from stationmaster.cli.session import fail, home, run
from stationmaster.errors import StationmasterError
from stationmaster.runtime.log import LOG_FILE

app = typer.Typer(help="What the agent says.", no_args_is_help=True)
_POLL = 0.25
"""Seconds between two looks at the file while following."""


@app.command()
def tail(
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
) -> None:
    """Show the end of the agent's log."""
    path = home().log / LOG_FILE
    if not path.exists():
        fail(StationmasterError(f"There is no log yet at {path}.", next_step="Has the agent run?"))
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=lines):
            answer(line.rstrip("\n"))
        position = file.tell()
    if follow:
        say(f"Following {path}; Ctrl+C ends it.")
        run(_follow(path, position))


async def _follow(path: Path, position: int) -> None:
    while True:
        await asyncio.sleep(_POLL)
        position = _print_from(path, position)


def _print_from(path: Path, position: int) -> int:
    try:
        if path.stat().st_size < position:
            position = 0  # the log was rotated
        with path.open(encoding="utf-8", errors="replace") as file:
            file.seek(position)
            for line in file:
                answer(line.rstrip("\n"))
            return file.tell()
    except FileNotFoundError:
        return 0  # between two files of a rotation
