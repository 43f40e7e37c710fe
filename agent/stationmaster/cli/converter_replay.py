"""`stationmaster converter replay`: convert files again with another version of a converter, and compare."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from stationmaster.archive.look import FILLED_BY
from stationmaster.archive.place import DAY
from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import print_json, say
from stationmaster.cli.place import full_path
from stationmaster.cli.progress import Bar, progress
from stationmaster.cli.session import fail, home, run, use_files
from stationmaster.config.store import ConfigStore
from stationmaster.control.command_answer import Replayed, ReplayPlan
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.runtime.replay import Replay, files_of, replay_of

_SHOWN = 8
"""Differences of one file that are shown; `--json` has more."""


def replay(
    candidate: Annotated[
        str,
        typer.Argument(metavar="CONVERTER", help="The other version: a .py or .toml file, or a name."),
    ],
    wanted: Annotated[
        list[str],
        typer.Argument(metavar="DAY|ZIP|FOLDER|FILE...", help="Days of the archive, zips, folders or files."),
    ],
    *,
    instance: Annotated[str, typer.Option("--instance", "-i", help="Whose converter, options and archive.")],
    present: Annotated[
        str, typer.Option("--present", help="The converter of now; without it, the one of the same name.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="Only files that fit this pattern.")] = "*",
    limit: Annotated[int, typer.Option(min=1, help="So many files at most.")] = 200,
    json: Json = False,
    lines: Annotated[
        bool, typer.Option("--lines", help="Answer in JSON, a line for each file as it is done.")
    ] = False,
) -> None:
    """Convert files with the present converter and with another version of it, and show what differs.

    Nothing is stored, sent or changed. Ends with 1 where something differs.
    """
    try:
        use_files()
        config = ConfigStore(home()).load(instance)
        compared = run(replay_of(config, home().converters(instance), candidate, present))
        meant = [_meant(one) for one in wanted]
        of = partial(files_of, meant, home(), config, instance, pattern=name)
        count = sum(1 for _ in islice(of(unpack=False), limit))
        if not count:
            raise _nothing(wanted, name, instance)
        with closing(of()) as files, progress("Replaying", quiet=lines) as bar:
            found = run(_replayed(compared, islice(files, limit), count, bar, lines=lines))
    except StationmasterError as error:
        fail(error)
    except OSError as error:
        fail(ConfigError(f"{error.filename}: {error.strerror}.", next_step="Check the path and its rights."))
    if json and not lines:
        info = compared.other.info
        print_json("replay", {"converter": info.name, "version": info.version, "files": found})
    elif not lines:
        _show(compared, found)
    if not all(one.alike for one in found):
        raise typer.Exit(Exit.ERROR)


def _nothing(wanted: list[str], pattern: str, instance: str) -> ConfigError:
    """There is no file to compare: what could have been meant, and what fills the archive."""
    fits = "" if pattern == "*" else f" whose name fits {pattern}"
    step = f"What its archive holds: stationmaster archive list -i {instance}. {FILLED_BY}"
    return ConfigError(f"There is no file in {', '.join(wanted)}{fits}.", next_step=step)


def _meant(wanted: str) -> str:
    """Days stay, and what is not there; of files and folders the whole path."""
    path = Path(wanted)
    return str(full_path(path)) if path.exists() and not DAY.fullmatch(wanted) else wanted


async def _replayed(
    compared: Replay, files: Iterable[Path], count: int, bar: Bar, *, lines: bool
) -> list[Replayed]:
    if lines:
        print_json("replay-plan", _plan(compared, count), line=True)
        sys.stdout.flush()
    found = []
    async for one in compared.run(files):
        if lines:
            print_json("replayed", one, line=True)
            sys.stdout.flush()  # a pipe gets each line as it comes
            one = msgspec.structs.replace(one, differences=())  # noqa: PLW2901 - it is told
        found.append(one)
        bar.update(len(found), count)
    return found


def _plan(compared: Replay, files: int) -> ReplayPlan:
    present, other = compared.present.info, compared.other.info
    return ReplayPlan(
        present=present.name,
        present_version=present.version,
        converter=other.name,
        version=other.version,
        files=files,
    )


def _show(compared: Replay, found: list[Replayed]) -> None:
    for one in found:
        if one.alike:
            continue
        if one.count:
            say(f"≠ {one.name}: {one.count} value{'' if one.count == 1 else 's'}")
            for value in one.differences[:_SHOWN]:
                say(f"    {value.path}: {value.old} → {value.new}")
            if one.count > _SHOWN:
                say(f"    ... and {one.count - _SHOWN} more (--json has more).")
        elif one.new and one.old:
            say(f"≠ {one.name}: neither reads it, and they say different things.")
            say(f"    present: {one.old}")
            say(f"    other: {one.new}")
        elif one.new:
            say(f"✗ {one.name}: only the present one reads it. {one.new}")
        else:
            say(f"+ {one.name}: only the other one reads it. {one.old}")
    alike = sum(one.alike for one in found)
    files = f"{len(found)} file{'' if len(found) == 1 else 's'}"
    present, info = compared.present.info, compared.other.info
    say(f"{info.name} version {info.version}: {files}, {alike} alike, {len(found) - alike} not.")
    if (present.name, present.version) == (info.name, info.version) and present.code != info.code:
        say(f"Both call themselves version {info.version}: raise it in the other one, for reports to tell.")
