"""`stationmaster converter map`: propose a mapping for a sample; and the tests that a mapping carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from stationmaster.api import Report
from stationmaster.cli.agent import Json
from stationmaster.cli.dry_run_text import show_dry_run
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import answer, print_json, say
from stationmaster.cli.place import full_path
from stationmaster.cli.session import fail, run
from stationmaster.control.command_answer import MappedSample
from stationmaster.convert.built_in import MAPPING
from stationmaster.convert.dry_run import DryRun, dry_run
from stationmaster.convert.scaffold import check_name, latin, quoted, suggestion
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.proposal import quoted as toml_text
from stationmaster.converters.mapping.propose import mapping_name
from stationmaster.converters.mapping.schema import Example, Mapping
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.runtime.sample_mapping import map_sample, proposed, text_of, tried

_SHOWN = 3
"""Reports of the sample that are shown."""
_MOST = 10_000
"""Reports of the sample that are counted for the test."""
_MEASURED = ("numericMeas", "booleanMeas", "stringMeas")


def map_file(
    file: Annotated[Path, typer.Argument(help="A sample file.", exists=True, dir_okay=False)],
    *,
    name: Annotated[str, typer.Option(help="Of the converter; without it, after the file.")] = "",
    folder: Annotated[Path, typer.Option("--dir", help="Where to write it.", file_okay=False)] = Path(),
    replace: Annotated[bool, typer.Option("--replace", help="Replace a mapping of that name.")] = False,
    printed: Annotated[bool, typer.Option("--print", help="Print it; write nothing.")] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--with", help="Show the sample by this mapping; propose and write nothing.", exists=True
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Propose a mapping that turns files like this one into reports, without code."""
    try:
        chosen = check_name(name, {}) if name else _named_after(mapping or file)
        text = text_of(mapping) if mapping else proposed(file)
        if json:
            _answer(run(map_sample(full_path(file), chosen, text)), exits=mapping is not None)
            return
        if printed:
            answer(text.rstrip("\n"))
            return
        if mapping is None:
            place = folder / f"{chosen}{MAPPING}"
            _write(place, text, replace=replace)
            say(f"Wrote {place}. Look at it; what is doubtful stands at its top.")
        else:
            place = mapping
        described = read_mapping(text, place.name)
    except StationmasterError as error:
        fail(error)
    except OSError as error:
        fail(ConfigError(f"{error.filename}: {error.strerror}.", next_step="Check the path and its rights."))
    outcome, given = run(tried(full_path(file), chosen, text, described, most=_MOST))
    again = ("test", str(file), "--dir", str(place.parent), "--converter", described.name or place.stem)
    show_dry_run(
        replace_fields(outcome, reports=outcome.reports[:_SHOWN]),
        step="" if outcome.empty else f"Correct {place}, then: {_command(*again)}{_spelled(given)}",
    )
    beside = full_path(file).parent == full_path(place).parent
    if mapping is None and beside and outcome.trouble is None:
        _add_test(place, file.name, outcome, given)
    if given and outcome.trouble is None:
        _tell_given(given)
    if not outcome.ok:
        raise typer.Exit(Exit.ERROR)
    if mapping is None:
        say(f"Use it: {_command('install', str(place), '-i', 'NAME')}")


def _tell_given(given: dict[str, Any]) -> None:
    told = " and ".join(f"{name} = {_toml_value(value)}" for name, value in given.items())
    own = " ".join(f"--option {name}=..." for name in given)
    say(f"For this preview {told} was assumed: the file does not say it. Set yours with {own}")


def _spelled(given: dict[str, Any]) -> str:
    return "".join(f" --option {name}={value}" for name, value in given.items())


def _named_after(file: Path) -> str:
    name = mapping_name(f"-{latin(file.name)}")
    try:
        return check_name(name, {})
    except ConfigError:  # it begins with a digit, or is the name of a module
        return suggestion(name, {})


def _answer(found: MappedSample, *, exits: bool) -> None:
    print_json("mapped-sample", found)
    if exits and not found.ok:
        raise typer.Exit(Exit.ERROR)


def _add_test(place: Path, sample: str, outcome: DryRun, given: dict[str, Any]) -> None:
    """Let the mapping carry a test: the sample beside it makes what was shown."""
    if outcome.count > len(outcome.reports):
        return
    steps, values, reports = _counts(outcome)
    header = {"sn": reports[0].sn, "result": str(reports[0].data.get("result", ""))}
    lines = [
        "",
        "[[test]]  # what is shown now: correct it together with the mapping",
        f"sample = {toml_text(sample)}",
        *([f"reports = {len(reports)}"] if len(reports) != 1 else []),
        f"header = {{ {', '.join(f'{key} = {toml_text(text)}' for key, text in header.items())} }}",
        f"steps = {steps}",
        f"measurements = {values}",
    ]
    if given:
        options = ", ".join(f"{key} = {_toml_value(one)}" for key, one in given.items())
        lines.append(f"options = {{ {options} }}")
    with place.open("a", encoding="utf-8") as opened:
        opened.write("\n".join(lines) + "\n")


def _toml_value(value: Any) -> str:
    """A text or a number as TOML writes it."""
    return toml_text(value) if isinstance(value, str) else str(value)


def _command(*words: str) -> str:
    return quoted("stationmaster", "converter", *words)


def _write(place: Path, text: str, *, replace: bool) -> None:
    try:
        with place.open("w" if replace else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise ConfigError(
            f"{place} is there already.", next_step="Give another --name, or add --replace."
        ) from None


# ---------------------------------------------------------------- a mapping's own tests
def try_mapping(file: Path) -> None:
    """Run the tests that a mapping carries, and say how each ended."""
    try:
        mapping = read_mapping(file.read_text(encoding="utf-8"), file.name)
    except (StationmasterError, UnicodeDecodeError) as error:
        fail(error if isinstance(error, StationmasterError) else ConfigError(f"{file} is no UTF-8 text."))
    if not mapping.test:
        fail(
            ConfigError(
                f"{file.name} carries no [[test]].",
                next_step='Give it one: [[test]], sample = "NAME", reports = 1, header = { sn = "..." }. '
                "Or name a file to convert.",
            )
        )
    bad = 0
    for example in mapping.test:
        wrong = run(_wrong(file, mapping, example))
        bad += bool(wrong)
        say(f"{'✗' if wrong else '✓'} {example.sample}")
        for text in wrong:
            say(f"    {text}")
    if bad:
        raise typer.Exit(Exit.ERROR)


async def _wrong(file: Path, mapping: Mapping, example: Example) -> list[str]:
    """What does not come out as the example says, a sentence each."""
    sample, name = file.parent / example.sample, mapping.name or file.stem
    if not sample.is_file():
        return [f"There is no file {sample}."]
    outcome = await dry_run(
        full_path(sample),
        converters=(name,),
        options={name: example.options},
        folder=full_path(file.parent),
        most=1_000_000,
    )
    if outcome.trouble is not None:
        return [outcome.why, outcome.next_step]
    return list(_differences(outcome, example))


def _differences(outcome: DryRun, example: Example) -> Iterator[str]:
    steps, values, reports = _counts(outcome)
    if outcome.count != example.reports:
        yield f"It makes {outcome.count} reports, {example.reports} are expected."
    for field, wanted in example.header.items():
        found = _field(reports[0].data, field)
        if str(found) != str(wanted):
            yield f"{field} is {found!r}, expected is {wanted!r}."
    if example.steps not in {None, steps}:
        yield f"It makes {steps} steps, {example.steps} are expected."
    if example.measurements not in {None, values}:
        yield f"It makes {values} measurements, {example.measurements} are expected."


def _counts(outcome: DryRun) -> tuple[int, int, list[Report]]:
    """How many steps, without the roots, and how many measurements; and the reports."""
    reports = [Report(msgspec.json.decode(one.payload)) for one in outcome.reports]
    steps = [step for report in reports for step in report.steps()]
    roots = sum(len(report.roots()) for report in reports)
    values = sum(len(step.data.get(key) or ()) for step in steps for key in _MEASURED)
    return len(steps) - roots, values, reports


def _field(data: dict[str, Any], path: str) -> Any:
    value: Any = data
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value
