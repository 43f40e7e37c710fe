"""`stationmaster converter ...`: which there are, and what one makes of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from stationmaster.api import Station
from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import console, literal, print_json, say, table
from stationmaster.cli.session import fail, home, run
from stationmaster.config.option import options_by_converter
from stationmaster.config.station import station_of
from stationmaster.config.store import ConfigStore
from stationmaster.convert.dry_run import DryReport, DryRun, dry_run, list_converters
from stationmaster.convert.job import Failed
from stationmaster.errors import ConfigError, StationmasterError

if TYPE_CHECKING:
    from rich.tree import Tree

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
    from rich.text import Text  # noqa: PLC0415 - only people need it
    from rich.tree import Tree  # noqa: PLC0415 - only people need it

    data = msgspec.json.decode(one.payload)
    unit = f"{data['sn']} · {data['pn']} {data['rev']}"
    head = literal(f"{unit} · process {data['processCode']} · {data.get('result', '')}")
    tree = Tree(Text.assemble((head, "bold"), f"  {one.meta.report_id}"))
    _leaf(tree, f"{data['machineName']}, {data['location']}, {data['purpose']}, {data['start']}")
    if data.get("root"):
        _grow(tree, data["root"])
    for part in data.get("subUnits") or []:
        branch = _leaf(tree, f"sub-unit {part.get('partType', '')} {part.get('pn', '')} {part.get('sn', '')}")
        for failure in part.get("failures") or []:
            where = failure.get("comRef") or ""
            _leaf(branch, f"failure {failure.get('category')}: {failure.get('code')} {where}")
    console().print(tree)
    for issue in one.issues:
        mark = "✗" if issue.severity == "error" else "!"
        say(f"  {mark} {issue.place}: {issue.text}")
    for warning in one.meta.warnings:
        say(f"  ! {warning}")


def _leaf(tree: Tree, text: str) -> Tree:
    return tree.add(literal(text))


def _grow(tree: Tree, step: dict[str, Any]) -> None:
    rows = [row for key in ("numericMeas", "booleanMeas", "stringMeas") for row in step.get(key) or []]
    words = f"{step.get('status', ' ')}  {step.get('name', '')}  [{step.get('stepType', '')}]"
    branch = _leaf(tree, words + (f"  {_measured(rows[0])}" if len(rows) == 1 else ""))
    for row in rows if len(rows) > 1 else ():
        _leaf(branch, f"{row.get('status', ' ')}  {row.get('name', '')}  {_measured(row)}")
    if step.get("chart"):
        _leaf(branch, f"chart {step['chart'].get('label', '')}")
    for child in step.get("steps") or []:
        _grow(branch, child)


def _measured(row: dict[str, Any]) -> str:
    if "value" not in row:
        return ""
    limits = " ".join(
        str(row[key]) for key in ("compOp", "lowLimit", "highLimit", "limit") if row.get(key) is not None
    )
    return f"{row['value']} {row.get('unit') or ''} ({limits})"
