"""`stationmaster converter ...`: which there are, what one makes of a file, one of your own."""

from __future__ import annotations

from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from stationmaster.api import Station
from stationmaster.cli.agent import Json
from stationmaster.cli.converter_canary import app as canary
from stationmaster.cli.converter_check import check
from stationmaster.cli.converter_map import map_file, try_mapping
from stationmaster.cli.converter_option import OptionWords, given_options
from stationmaster.cli.converter_replay import replay
from stationmaster.cli.converter_write import install, new
from stationmaster.cli.dry_run_text import show_dry_run
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import print_json, say, table
from stationmaster.cli.place import full_path
from stationmaster.cli.progress import progress
from stationmaster.cli.session import fail, home, run, use_files
from stationmaster.config.store import ConfigStore
from stationmaster.convert.built_in import MAPPING
from stationmaster.convert.dry_run import DryRun, dry_run, list_converters
from stationmaster.convert.scaffold import quoted
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.runtime.trial import dry_run_for

app = typer.Typer(help="See which converters there are, try one, write one.", no_args_is_help=True)

Instance = Annotated[
    str, typer.Option("--instance", "-i", help="With this instance's converters, options and names.")
]
Folder = Annotated[
    Path | None, typer.Option("--dir", help="With the converters in this folder.", file_okay=False)
]


@app.command("list")
def list_all(*, instance: Instance = "", folder: Folder = None, json: Json = False) -> None:
    """List converters: built in, from packages, and from an instance's folder."""
    infos, failures = run(list_converters(_converters_folder(instance, folder)))
    if json:
        print_json("converters", {"converters": infos, "failures": failures})
        return
    rows = [(info.name, info.version, info.origin, info.summary) for info in infos]
    table("", ("Converter", "Version", "From", "Reads"), rows)
    for failure in failures:
        say(f"✗ {failure.subject}: {failure.text}")


@app.command("test")
def try_file(
    file: Annotated[Path, typer.Argument(help="A file, or a folder that is one source.", exists=True)],
    *,
    converter: Annotated[
        list[str] | None, typer.Option(help="Which; without it the most confident one.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Ask every converter how sure it is, and list the answers.")
    ] = False,
    instance: Instance = "",
    folder: Folder = None,
    option: OptionWords = None,
    marker: Annotated[
        str, typer.Option(help="Of a folder: the pattern of its marker, as in the settings.")
    ] = "",
    json: Json = False,
) -> None:
    """Dry run: show the reports a file would become, and what validation says. Nothing is stored or sent.

    Of a mapping (NAME.toml), run the tests that it carries.
    """
    if file.suffix == MAPPING and not converter:
        try_mapping(file, json=json)
        return
    place = _converters_folder(instance, folder)
    try:
        if every and converter:
            raise ConfigError(
                "--all asks every converter, --converter one.", next_step="Leave one of the two out."
            )
        if option and not converter:
            raise ConfigError(
                "--option is for one converter, and none is named.",
                next_step="Say which: --converter NAME.",
            )
        options = given_options(option, converter or (), place)
        # The worker that converts runs in a folder of its own: the path must not depend on ours.
        with progress("Converting", quiet=json):
            of = (full_path(file), tuple(converter or ()), instance, place, options)
            outcome = run(_dry_run(*of, marker=marker, every=every))
    except ConfigError as error:
        fail(error)
    except OSError as error:
        fail(
            StationmasterError(
                f"{file} cannot be read: {error.strerror}.",
                next_step="Check its rights, and that it is one file or the folder of one test.",
            )
        )
    if json:
        print_json("dry-run", _plain(outcome))
    else:
        if every:
            _show_confidences(outcome)
        where = ("--instance", instance) if instance else ("--dir", str(folder)) if folder else ()
        show_dry_run(replace_fields(outcome, file=quoted(file), here=quoted(*where)))
    if not outcome.ok:
        raise typer.Exit(Exit.ERROR)


def _converters_folder(instance: str, folder: Path | None) -> Path | None:
    """The folder with further converters, where one is named."""
    if instance and folder is not None:
        fail(ConfigError("--dir and --instance do not go together.", next_step="Give one of the two."))
    if instance:
        use_files()
        return home().converters(instance)
    return full_path(folder) if folder is not None else None


app.command("new")(new)
app.command("map")(map_file)
app.command("check")(check)
app.command("install")(install)
app.command("replay")(replay)
app.add_typer(canary, name="canary")


async def _dry_run(
    file: Path,
    converters: tuple[str, ...],
    instance: str,
    folder: Path | None,
    options: dict[str, Any],
    *,
    marker: str,
    every: bool,
) -> DryRun:
    if not instance:
        chosen = dict.fromkeys(converters, options) if options else {}
        return await dry_run(
            file,
            converters=converters,
            options=chosen,
            station=_somewhere(),
            folder=folder,
            marker=marker,
        )
    use_files()
    config, place = ConfigStore(home()).load(instance), home().converters(instance)
    return await dry_run_for(
        config, place, file, converters=converters, every=every, options=options, marker=marker
    )


def _somewhere() -> Station:
    return Station(name="this-station", location="-", purpose="-")


def _plain(outcome: DryRun) -> dict[str, Any]:
    return {
        "converter": outcome.converter,
        "confidences": dict(outcome.confidences),
        "count": outcome.count,
        "ok": outcome.ok,
        "trouble": {"reason": outcome.why, "next_step": outcome.next_step} if outcome.trouble else None,
        "reports": [
            {
                "meta": one.meta,
                "issues": [msgspec.to_builtins(issue) for issue in one.issues],
                "report": msgspec.Raw(one.payload),
            }
            for one in outcome.reports
        ],
    }


def _show_confidences(outcome: DryRun) -> None:
    """How sure those are that know the file, and how many do not."""
    some = [(value, name) for name, value in outcome.confidences.items() if value]
    for value, name in sorted(some, key=lambda one: -one[0]):
        say(f"{value:>3} {name}")
    rest = len(outcome.confidences) - len(some)
    if rest:
        others = "others " if some else ""
        say(f"  0 {rest} {others}do not know it" if rest > 1 else "  0 one does not know it")
