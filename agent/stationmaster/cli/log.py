"""`stationmaster log ...`: what the agent says, and how much."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.moment import past_moment
from stationmaster.cli.output import answer, print_json, say, table
from stationmaster.cli.session import fail, home, run, with_agent
from stationmaster.config.schema import LogLevel
from stationmaster.config.store import ConfigStore
from stationmaster.diagnostics.log_reader import Mark, Query, after, files, last, wanted
from stationmaster.diagnostics.log_record import LOG_FILE, Record, Records
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.sentence import closed

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient

app = typer.Typer(help="What the agent says, and how much.", no_args_is_help=True)
_POLL = 0.25
"""Seconds between two looks at the file while following."""

DEFAULT = "default"
"""The word for the level that holds where none is set."""


@app.command()
def tail(
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last records.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    instance: Annotated[str, typer.Option(help="Only what is about this instance.")] = "",
    level: Annotated[LogLevel | None, typer.Option(help="At least this level.")] = None,
    entry: Annotated[int | None, typer.Option(help="Only what is about this entry of the queue.")] = None,
    grep: Annotated[
        str, typer.Option(metavar="PATTERN", help="Only what matches this regular expression, in any case.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Such as 15min, 2h, 1d, 17:30 or 2026-03-02T17:30.")
    ] = "",
    json: Json = False,
) -> None:
    """Show the end of the agent's log, its older files included."""
    folder = home().log
    try:
        if not files(folder):
            raise StationmasterError(
                f"There is no log yet at {folder / LOG_FILE}.", next_step="Has the agent run?"
            )
        if instance:
            _check_instance(folder, instance)
        query = Query(
            instance=instance,
            level=level or "",
            entry=entry,
            since=past_moment(since, datetime.now(UTC)) if since else None,
            pattern=_pattern(grep),
        )
        found, mark = last(folder, query, limit=lines)
    except StationmasterError as error:
        fail(error)
    if json and not follow:
        print_json("log", found)
        return
    _print(found, json=json)
    if not found and not follow:
        say(f"Nothing in the log fits. It lies in {folder}.")
    if follow:
        if not json:
            say(f"Following {folder / LOG_FILE}; Ctrl+C ends it.")
        run(_follow(folder, mark, query, json=json))


def _check_instance(folder: Path, name: str) -> None:
    """The instance must be there; one that was removed is known while the log still tells of it.

    Raises:
        ConfigError: it is not.
    """
    names = home().names()
    if name not in names and not last(folder, Query(instance=name), limit=1)[0]:
        raise ConfigError(
            f'There is no instance "{name}", and the log tells of none of this name.',
            next_step=f"Stations: {', '.join(names) or 'none'}.",
        )


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE | re.MULTILINE) if text else None
    except re.error as error:
        raise ConfigError(
            closed(f'"{text}" is no regular expression: {error}'),
            next_step="Put a backslash before . ( [ * +",
        ) from error


async def _follow(folder: Path, mark: Mark, query: Query, *, json: bool) -> None:
    records = Records()
    while True:
        sys.stdout.flush()  # a pipe gets each line as it comes
        await asyncio.sleep(_POLL)
        lines, mark = after(folder, mark)
        _print(wanted(records, lines, query), json=json)


def _print(records: Iterable[Record], *, json: bool) -> None:
    for record in records:
        if json:
            print_json("log-record", record, line=True)
        else:
            answer(_line(record))


def _line(record: Record) -> str:
    """The record as a person reads it; what has no time is a line that somebody else wrote."""
    if record.time is None:
        return record.text
    where = "" if record.entry is None else f"[{record.entry}] "
    time = record.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    head = f"{time} {record.level.upper():<7} {record.instance or '-'} {where}{record.text}"
    return "\n".join(part for part in (head, record.exception) if part)


@app.command()
def level(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LOGGER] LEVEL", help="debug, info, warning, error; default takes it back."),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Change how much the log tells, at once and without a restart; without words show it."""
    try:
        if not words:
            _show_levels(json=json)
            return
        patch = _level_patch(words)
    except StationmasterError as error:
        fail(error)

    async def online(client: ControlClient) -> None:
        await client.configure_agent(patch)

    async def offline() -> None:
        ConfigStore(home()).edit_agent(patch)

    run(with_agent(online, offline))
    say(f"The log level of {words[0] if len(words) > 1 else 'everything'} is {words[-1]} now.")


def _level_patch(words: list[str]) -> dict[str, Any]:
    if len(words) > 2:
        raise ConfigError("Too many words.", next_step="For example: stationmaster log level deliver debug")
    name, word = ("", words[0]) if len(words) == 1 else (_logger(words[0]), words[1])
    if word != DEFAULT and word not in set(LogLevel):
        raise ConfigError(f'"{word}" is no level.', next_step=f"Use {', '.join(LogLevel)} or {DEFAULT}.")
    key = "log_level"
    if name:
        key = f'log_levels."{name}"' if "." in name else f"log_levels.{name}"
    return {key: None if word == DEFAULT else word}


def _logger(name: str) -> str:
    """The logger's name without "stationmaster."; such a part of the program must be there.

    Raises:
        ConfigError: there is none.
    """
    from importlib.util import find_spec  # noqa: PLC0415 - only here

    name = name.removeprefix("stationmaster.")
    try:
        known = re.fullmatch(r"\w+(\.\w+)*", name) and find_spec(f"stationmaster.{name}")
    except (ImportError, ValueError):
        known = None
    if not known:
        raise ConfigError(
            f'No part of the program is called "{name}".',
            next_step="Parts are, for example: convert, deliver, ingest, runtime, spool, wats, deliver.link.",
        )
    return name


def _show_levels(*, json: bool) -> None:
    config = ConfigStore(home()).load_agent()
    if json:
        print_json("log-levels", {"log_level": config.log_level, "log_levels": config.log_levels})
        return
    rows = [("everything else" if config.log_levels else "everything", str(config.log_level))]
    table("", ("Logger", "Level"), [*((name, str(own)) for name, own in config.log_levels.items()), *rows])
