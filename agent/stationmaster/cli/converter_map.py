"""`stationmaster converter map`: propose a mapping for a sample; and the tests that a mapping carries."""

from __future__ import annotations

from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Annotated, Any

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.dry_run_text import show_dry_run
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import answer, print_json, say
from stationmaster.cli.place import full_path
from stationmaster.cli.progress import progress
from stationmaster.cli.session import fail, run
from stationmaster.control.command_answer import MappedSample
from stationmaster.convert.built_in import MAPPING
from stationmaster.convert.dry_run import DryRun
from stationmaster.convert.scaffold import check_name, latin, quoted, suggestion
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.proposal import quoted as toml_text
from stationmaster.converters.mapping.propose import mapping_name
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.runtime.mapping_trial import counts, run_tests
from stationmaster.runtime.sample_mapping import map_sample, proposed, text_of, tried

_SHOWN = 3
"""Reports of the sample that are shown."""
_MOST = 10_000
"""Reports of the sample that are counted for the test."""


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
    steps, values, reports = counts(outcome)
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
def try_mapping(file: Path, *, json: bool) -> None:
    """Run the tests that a mapping carries, and say how each ended."""
    try:
        with progress("Testing", quiet=json):
            found = run(run_tests(full_path(file)))
    except StationmasterError as error:
        fail(error)
    except OSError as error:
        fail(ConfigError(f"{file} cannot be read: {error.strerror}.", next_step="Check its rights."))
    if json:
        print_json("mapping-tests", found)
    else:
        for line in found.lines():
            say(line)
    if not found.ok:
        raise typer.Exit(Exit.ERROR)
