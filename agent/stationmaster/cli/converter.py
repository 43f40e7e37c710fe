"""`stationmaster converter ...`: which there are, and what one makes of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from stationmaster.api import Station
from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import console, print_json, say, table
from stationmaster.cli.progress import progress
from stationmaster.cli.session import fail, home, run
from stationmaster.cli.tree import report_tree
from stationmaster.config.option import options_by_converter
from stationmaster.config.station import station_of
from stationmaster.config.store import ConfigStore
from stationmaster.convert.dry_run import DryReport, DryRun, dry_run, list_converters
from stationmaster.convert.job import Failed
from stationmaster.errors import ConfigError, StationmasterError

app = typer.Typer(help="Which converters there are, and what one makes of a file.", no_args_is_help=True)

Instance = Annotated[
    str, typer.Option("--instance", "-i", help="With this instance's converters, options and station.")
]


@app.command("list")
def list_all(*, instance: Instance = "", json: Json = False) -> None:
    """List converters: built in, from packages, and from an instance's folder."""
    infos, failures = run(list_converters(home().converters(instance) if instance else None))
    if json:
        print_json("converters", {"converters": infos, "failures": failures})
        return
    rows = [(info.name, info.version, info.origin, info.summary) for info in infos]
    table("", ("Converter", "Version", "From", "Reads"), rows)
    for failure in failures:
        say(f"✗ {failure.subject}: {failure.text}")


@app.command("test")
def try_file(
    file: Annotated[Path, typer.Argument(help="A file to try.", exists=True, dir_okay=False)],
    *,
    converter: Annotated[
        list[str] | None, typer.Option(help="Which; without it the most confident one.")
    ] = None,
    instance: Instance = "",
    setting: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="An option of the converter.")
    ] = None,
    json: Json = False,
) -> None:
    """Dry run: show the reports a file would become, and what validation says. Nothing is stored or sent."""
    try:
        # The worker that converts runs in a folder of its own: the path must not depend on ours.
        with progress("Converting", quiet=json):
            outcome = run(_dry_run(file.absolute(), tuple(converter or ()), instance, _options(setting)))
    except OSError as error:
        fail(StationmasterError(f"{file} cannot be read: {error.strerror}.", next_step="Check its rights."))
    if json:
        print_json("dry-run", _plain(outcome))
    else:
        _show(outcome)
    if not outcome.ok:
        raise typer.Exit(Exit.ERROR)


async def _dry_run(file: Path, converters: tuple[str, ...], instance: str, options: dict[str, Any]) -> DryRun:
    if not instance:
        chosen = dict.fromkeys(converters, options) if options else {}
        return await dry_run(file, converters=converters, options=chosen, station=_somewhere())
    config = ConfigStore(home()).load(instance)
    known = options_by_converter(config.watch)
    for name in converters:
        known.setdefault(name, {}).update(options)
    return await dry_run(
        file,
        converters=converters
        or tuple(dict.fromkeys(one for folder in config.watch for one in folder.converters)),
        options=known,
        station=station_of(config.station),
        folder=home().converters(instance),
        instance_id=config.id,
        limits=config.convert,
    )


def _somewhere() -> Station:
    return Station(name="this-station", location="-", purpose="-")


def _options(settings: list[str] | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, text = setting.partition("=")
        if not equals:
            fail(ConfigError(f"--option {setting} has no value.", next_step="Write --option NAME=VALUE."))
        try:
            options[name] = msgspec.json.decode(text.encode())
        except msgspec.DecodeError:
            options[name] = text
    return options


def _plain(outcome: DryRun) -> dict[str, Any]:
    return {
        "converter": outcome.converter,
        "confidences": dict(outcome.confidences),
        "count": outcome.count,
        "ok": outcome.ok,
        "trouble": {"reason": outcome.why} if outcome.trouble else None,
        "reports": [
            {
                "meta": one.meta,
                "issues": [msgspec.to_builtins(issue) for issue in one.issues],
                "report": msgspec.Raw(one.payload),
            }
            for one in outcome.reports
        ],
    }


def _show(outcome: DryRun) -> None:
    for failure in outcome.failures:
        say(f"✗ {failure.subject}: {failure.text}")
    if outcome.trouble is not None:
        say(f"✗ {outcome.why}")
        if isinstance(outcome.trouble, Failed) and outcome.trouble.detail:
            say(outcome.trouble.detail)
        return
    confidence = ", ".join(f"{name} {value}" for name, value in outcome.confidences.items())
    say(
        f"{outcome.converter} makes {outcome.count} report{'' if outcome.count == 1 else 's'}"
        + (f" (confidence: {confidence})." if confidence else ".")
    )
    for one in outcome.reports:
        _show_report(one)
    if outcome.count > len(outcome.reports):
        say(f"... and {outcome.count - len(outcome.reports)} more.")


def _show_report(one: DryReport) -> None:
    console().print(report_tree(msgspec.json.decode(one.payload), report_id=one.meta.report_id))
    for issue in one.issues:
        mark = "✗" if issue.severity == "error" else "!"
        say(f"  {mark} {issue.place}: {issue.text}")
    for warning in one.meta.warnings:
        say(f"  ! {warning}")
