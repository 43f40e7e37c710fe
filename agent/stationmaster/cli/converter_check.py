"""`stationmaster converter check`: all that a factory does to a converter, done to it now."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stationmaster.api import Station
from stationmaster.api.trial.finding import Finding, Severity
from stationmaster.cli.agent import Json
from stationmaster.cli.converter_option import OptionWords, given_options
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import answer, print_json, say
from stationmaster.cli.place import full_path
from stationmaster.cli.progress import Bar, progress
from stationmaster.cli.session import fail, home, run, use_files
from stationmaster.config.option import options_by_converter
from stationmaster.config.station import station_of
from stationmaster.config.store import ConfigStore
from stationmaster.convert.built_in import KINDS
from stationmaster.convert.check import check as check_in_workers
from stationmaster.convert.dry_run import list_converters
from stationmaster.convert.plugin import FILE
from stationmaster.errors import ConfigError
from stationmaster.sentence import closed

MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTE: "·"}


def check(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The converter's name, or its module or folder.")
    ],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Files that it reads, or folders.", exists=True),
    ],
    *,
    instance: Annotated[
        str, typer.Option("--instance", "-i", help="With this instance's converters, options and names.")
    ] = "",
    folder: Annotated[
        Path | None, typer.Option("--dir", help="With the converters in this folder.", file_okay=False)
    ] = None,
    option: OptionWords = None,
    marker: Annotated[
        str, typer.Option(help="Of folders: the pattern of their marker, as in the settings.")
    ] = "",
    json: Json = False,
) -> None:
    """Try a converter hard with sample files, in worker processes, and tell in words what is wrong."""
    try:
        name, folder = _named(name, folder, instance)
        place, options, station = _surroundings(name, instance, folder, option)
    except ConfigError as error:
        fail(error)
    paths = [full_path(file) for file in files]
    with progress("Checking", quiet=json) as bar:
        found = run(_checked(name, paths, place, options, station, marker, bar))
    errors = any(one.severity is Severity.ERROR for one in found)
    if json:
        print_json("check", {"converter": name, "files": len(paths), "ok": not errors, "findings": found})
    else:
        _show(name, paths, found)
    if errors:
        raise typer.Exit(Exit.ERROR)


def _named(name: str, folder: Path | None, instance: str) -> tuple[str, Path | None]:
    """Name and folder of the converter, also where a module or a folder with one was named instead.

    Raises:
        ConfigError: there is none in it, or more than one.
    """
    path = full_path(Path(name))
    is_module = name.endswith(KINDS)
    if not is_module and not (path.is_dir() and os.sep in name):
        return name, folder
    if instance or folder is not None:
        raise ConfigError(
            f"{name} says where the converter is: --dir and --instance do not go together with it.",
            next_step="Leave them out, or give the converter's name.",
        )
    if not path.exists():
        raise ConfigError(f"There is no file {path}.")
    if (path / "__init__.py").exists():
        raise ConfigError(
            f"{path} is a Python package, which has to be installed.",
            next_step="Install it beside the agent (pip install), then give the converter's name.",
        )
    home_of = path.parent if is_module else path
    infos, failures = run(list_converters(home_of))
    places = {info.name: Path(info.target.rpartition(":")[0]) for info in infos if info.origin == FILE}
    found = [one for one, place in places.items() if place == path or not is_module]
    if len(found) == 1:
        return found[0], home_of
    why = " ".join(one.text for one in failures if not is_module or one.subject == path.name)
    if not found:
        raise ConfigError(
            f"{path} holds no converter that can be loaded.{why and ' ' + why}",
            next_step="Name the module of the converter, or a folder that holds it.",
        )
    raise ConfigError(
        f"{path} holds several converters: {', '.join(found)}.",
        next_step=f"Give the name of one: stationmaster converter check {found[0]} FILE --dir {home_of}",
    )


async def _checked(
    name: str,
    paths: list[Path],
    folder: Path | None,
    options: dict[str, Any],
    station: Station,
    marker: str,
    bar: Bar,
) -> list[Finding]:
    try:
        return await check_in_workers(
            name,
            paths,
            folder=folder,
            options=options,
            station=station,
            marker=marker,
            told=lambda done: bar.update(done, len(paths)),
        )
    except OSError as error:
        reason = error.strerror or errno.errorcode.get(error.errno or 0, "no reason is given")
        raise ConfigError(
            closed(f"A file cannot be read: {reason}"), next_step="Check its rights."
        ) from error


def _surroundings(
    name: str, instance: str, folder: Path | None, words: Sequence[str] | None
) -> tuple[Path | None, dict[str, Any], Station]:
    """Folder of converters, options and station: those of the instance where one is named."""
    if not instance:
        place = full_path(folder) if folder else None
        station = Station(name="this-station", location="-", purpose="-")
        return place, given_options(words, [name], place), station
    if folder is not None:
        raise ConfigError("--dir and --instance do not go together.", next_step="Give one of the two.")
    use_files()
    config = ConfigStore(home()).load(instance)
    known, place = options_by_converter(config.watch).get(name, {}), home().converters(instance)
    return place, {**known, **given_options(words, [name], place)}, station_of(config.station)


def _show(name: str, paths: Sequence[Path], found: Sequence[Finding]) -> None:
    for one in found:
        where = ", ".join(filter(None, (one.file, one.place)))
        answer(f"{MARKS[one.severity]} {where + ': ' if where else ''}{one.text} [{one.code}]")
        if one.next_step:
            answer(f"  → {one.next_step}")
    counts = Counter(one.severity for one in found)
    told = ", ".join(
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in Severity
        if counts[severity]
    )
    many = f"{len(paths)} file{'' if len(paths) == 1 else 's'}"
    say(f"{name}, tried with {many}: {told or 'nothing is wrong'}.")
