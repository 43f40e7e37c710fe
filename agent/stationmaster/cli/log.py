"""`stationmaster log tail`: what the agent says."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.output import answer, print_json, say
from stationmaster.cli.session import fail, home, run
from stationmaster.errors import StationmasterError
from stationmaster.runtime.log import LOG_FILE, Records

app = typer.Typer(help="What the agent says.", no_args_is_help=True)
_POLL = 0.25
"""Seconds between two looks at the file while following."""


@app.command()
def tail(
    *,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many of the last lines; with --json: records.")
    ] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    json: Json = False,
) -> None:
    """Show the end of the agent's log."""
    path = home().log / LOG_FILE
    if not path.exists():
        fail(StationmasterError(f"There is no log yet at {path}.", next_step="Has the agent run?"))
    found, position = _read(path, 0)
    records = Records()
    if not json:
        _print(deque(found, maxlen=lines))
    else:
        last = deque(chain(records.feed(found), records.flush()), maxlen=lines)
        if follow:
            _print_records(last)
        else:
            print_json("log", list(last))
    if follow:
        if not json:
            say(f"Following {path}; Ctrl+C ends it.")
        run(_follow(path, position, records if json else None))


async def _follow(path: Path, position: int, records: Records | None) -> None:
    while True:
        sys.stdout.flush()  # a pipe gets each line as it comes
        await asyncio.sleep(_POLL)
        found, position = _read(path, position)
        if records is None:
            _print(found)
        else:
            # A record is whole when another one begins, or when nothing more comes.
            _print_records(records.feed(found) if found else records.flush())


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        answer(line)


def _print_records(records: Iterable[object]) -> None:
    for record in records:
        print_json("log-record", record, line=True)


def _read(path: Path, position: int) -> tuple[list[str], int]:
    """The whole lines from there on, and where the next ones begin."""
    try:
        if path.stat().st_size < position:
            position = 0  # the log was rotated
        with path.open("rb") as file:
            file.seek(position)
            content = file.read()
    except FileNotFoundError:
        return [], 0  # between two files of a rotation
    except OSError as error:
        raise StationmasterError(
            f"{path} cannot be read: {error.strerror}.", next_step="Check its rights."
        ) from error
    whole, end, _ = content.rpartition(b"\n")
    text = whole.decode("utf-8", errors="replace")
    return [line.rstrip("\r") for line in text.split("\n")] if end else [], position + len(whole) + len(end)
