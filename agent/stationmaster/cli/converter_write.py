"""`stationmaster converter new` and `converter install`: from nothing to a converter in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationmaster.cli.output import answer, say
from stationmaster.cli.session import fail, home, run, use_files
from stationmaster.config.atomic import read_text, replace_text
from stationmaster.config.lock import FileLock
from stationmaster.config.store import ConfigStore
from stationmaster.convert.built_in import KINDS
from stationmaster.convert.check import find
from stationmaster.convert.dry_run import list_converters
from stationmaster.convert.job import ConverterInfo
from stationmaster.convert.scaffold import GROWING, Kind, Scaffold, check_name, quoted
from stationmaster.errors import ConfigError
from stationmaster.sentence import an, joined


def new(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and -, as in bench-csv.")],
    *,
    kind: Annotated[Kind, typer.Option(help="What the tester writes.")] = Kind.CSV,
    growing: Annotated[
        bool, typer.Option("--growing", help="The tester appends unit after unit (csv, text).")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where to write it; by default a new folder of its name.")
    ] = None,
    instance: Annotated[
        str, typer.Option("--instance", "-i", help="Write it into this instance's converters folder.")
    ] = "",
) -> None:
    """Begin a converter: a module to change, its test, a sample, and the next commands."""
    try:
        _begin(name, kind, folder, instance, growing=growing)
    except ConfigError as error:
        fail(error)


def _begin(name: str, kind: Kind, folder: Path | None, instance: str, *, growing: bool) -> None:
    if growing and kind not in GROWING:
        raise ConfigError(
            f"The tester writes {an(kind)} file once: it cannot grow unit by unit.",
            next_step="Leave --growing out, or take --kind csv or text.",
        )
    place = _place(name, folder, instance)
    infos, _ = run(list_converters(place if place.is_dir() else None))
    check_name(name, {info.name: info.origin for info in infos})
    scaffold = Scaffold(name, kind, growing)
    here = ("--instance", instance) if instance else ("--dir", str(place))
    sample = place / scaffold.sample_file
    commands = {
        "test": quoted("python", "-m", "pytest", place / scaffold.test_file),
        "try": quoted("stationmaster", "converter", "test", sample, "--converter", name, *here),
        "check": quoted("stationmaster", "converter", "check", name, sample, *here),
        "use": _use(name, instance)
        if instance
        else quoted("stationmaster", "converter", "install", place / scaffold.converter_file, "--instance")
        + " INSTANCE",
    }
    for path in scaffold.write(place, commands):
        answer(str(path))
    say("\nNext, in this order; it works as it is, so change it step by step:")
    say(f"  1. Run its test:       {commands['test']}")
    say(f"  2. See what it makes:  {commands['try']}")
    say(f"  3. Make it yours:      put a real file in the place of {scaffold.sample_file},")
    say(f"                         change {scaffold.converter_file} and its test")
    say(f"  4. Have it tried hard: {commands['check']}")
    say(f"  5. Use it:             {commands['use']}")


def _place(name: str, folder: Path | None, instance: str) -> Path:
    if instance and folder is not None:
        raise ConfigError("--dir and --instance do not go together.", next_step="Give one of the two.")
    if instance:
        use_files()
        ConfigStore(home()).load(instance)
        return home().converters(instance)
    return folder if folder is not None else Path(name)


def install(
    file: Annotated[
        Path, typer.Argument(help="The converter's module, or a mapping.", exists=True, dir_okay=False)
    ],
    *,
    instance: Annotated[str, typer.Option("--instance", "-i", help="The instance that shall have it.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a converter of that file name.")
    ] = False,
) -> None:
    """Copy a converter into an instance's converters folder; a running agent takes it up within seconds."""
    try:
        info, changed = _install(file.absolute(), instance, replace=replace)
    except ConfigError as error:
        fail(error)
    say(f"{'Installed' if changed else 'There already:'} {info.name} version {info.version} in {instance}.")
    config = ConfigStore(home()).load(instance)
    used = [one.path for one in config.watch if info.name in one.converters]
    used += [f"The source {one.name}" for one in config.fetch if one.converter == info.name]
    if used:
        say(f"{used[0]} uses it; a running agent takes it up within seconds.")
    else:
        _tell_use(info, instance)


def _tell_use(info: ConverterInfo, instance: str) -> None:
    """What to put into the settings, by what the converter can."""
    place = home().instance_file(instance)
    if info.fetches:
        say(f"It fetches. Say how often in {place}, or with --set fetch.0.every=60 and so on:")
        answer(f'[[fetch]]\nname = "{info.name}"\nconverter = "{info.name}"\nevery = 60.0')
        own = sorted(info.option_names)
        if own:
            say(f"Its options stand there as well, as options = {{ ... }}: {', '.join(own)}.")
    elif info.folders:
        say(f"It takes folders. Say in {place} which file tells that a folder is complete:")
        answer(f'[[watch]]\npath = "/srv/results"\nconverters = ["{info.name}"]\nmarker = "done.txt"')
    else:
        say(f"No watch folder uses it yet. Next: {_use(info.name, instance)}")


def _install(file: Path, instance: str, *, replace: bool) -> tuple[ConverterInfo, bool]:
    use_files()
    ConfigStore(home()).load(instance)
    if file.suffix not in KINDS:
        raise ConfigError(
            f"{file.name} is neither a Python module nor a mapping.",
            next_step="Name the converter's .py or .toml file.",
        )
    infos, failures = run(list_converters(file.parent))
    mine = [info for info in infos if info.target.rpartition(":")[0] == str(file)]
    if not mine:
        why = [one.text for one in failures if one.subject == file.name][:1]
        raise ConfigError(
            joined(f"{file} holds no converter that can be loaded.", *why),
            next_step="Correct that, then try again." if why else "Run its test, then try again.",
        )
    place = home().converters(instance) / file.name
    text = read_text(file) or ""
    home().ensure_instance(instance)
    with FileLock(home().lock, timeout=10.0):
        there = read_text(place)
        if there == text:
            return mine[0], False
        if there is not None and not replace:
            raise ConfigError(
                f"{place} is there already, with other content.",
                next_step="Add --replace to put this one in its place.",
            )
        replace_text(place, text)
    return run(find(mine[0].name, place.parent)), True


def _use(name: str, instance: str) -> str:
    return quoted("stationmaster", "instance", "edit", instance, "--set", f"watch.0.converters={name}")
