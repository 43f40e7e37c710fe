"""`stationmaster converter canary`: another version of a converter beside the live one, on what comes in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationmaster.canary import Canary, Ended, Verdict
from stationmaster.cli.agent import Json
from stationmaster.cli.output import answer, local, print_json, say
from stationmaster.cli.session import agent, fail, home, run, with_agent
from stationmaster.config.atomic import read_text
from stationmaster.control.canary_protocol import FILES, MOST_FILES, CanaryRequest, Promoted
from stationmaster.convert.built_in import KINDS
from stationmaster.errors import ConfigError
from stationmaster.runtime.canary_store import CanaryStore

app = typer.Typer(
    help="Let another version of a converter run beside the live one, and see what differs.",
    no_args_is_help=True,
)

Instance = Annotated[str, typer.Argument(metavar="INSTANCE", help="Which instance.")]
_SHOWN = 8
"""Values of one file that are shown; `--json` has more."""


@app.command()
def start(
    instance: Instance,
    *,
    converter: Annotated[
        str,
        typer.Option(metavar="NAME|FILE", help="The other version: a .py or .toml file, or a name."),
    ],
    beside: Annotated[
        str, typer.Option(metavar="CONVERTER", help="The live one; by default the one of the same name.")
    ] = "",
    files: Annotated[int, typer.Option(min=1, max=MOST_FILES, help="End after so many files.")] = FILES,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only files of this watch folder or scheduled source; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Begin: the other version also converts each file that the live one took. It delivers nothing."""
    try:
        request = _request(converter, beside, files, tuple(source or ()))
    except ConfigError as error:
        fail(error)

    async def ask() -> Canary:
        async with agent() as client:
            return await client.start_canary(instance, request)

    canary = run(ask())
    if json:
        print_json("canary", canary)
        return
    say(f"{canary.converter} version {canary.version} runs beside {canary.beside}, for {canary.files} files.")
    say(f"See what it finds: stationmaster converter canary show {instance}")


def _request(converter: str, beside: str, files: int, sources: tuple[str, ...]) -> CanaryRequest:
    path = Path(converter)
    if path.suffix not in KINDS:
        return CanaryRequest(converter=converter, beside=beside, files=files, sources=sources)
    text = read_text(path)
    if not text:
        raise ConfigError(f"{converter} is not there, or empty.", next_step="Check the path.")
    return CanaryRequest(filename=path.name, content=text, beside=beside, files=files, sources=sources)


@app.command()
def show(instance: Instance, *, json: Json = False) -> None:
    """Show the canary, or the last one: counts, seconds, and the last differences."""

    async def offline() -> Canary:
        return CanaryStore(home(), instance).known()

    canary = run(with_agent(lambda client: client.canary(instance), offline))
    if json:
        print_json("canary", canary)
    else:
        _show(canary)


@app.command()
def stop(instance: Instance) -> None:
    """End the canary. What it found can still be shown, and it can still be promoted."""

    async def ask() -> Canary:
        async with agent() as client:
            return await client.stop_canary(instance)

    say(_headline(run(ask())))


@app.command()
def promote(
    instance: Instance,
    *,
    despite_differences: Annotated[
        bool,
        typer.Option(
            "--despite-differences", help="Also where files came out otherwise, or none was compared."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Let the canary take the place of the live converter. Says what was changed and how to go back."""

    async def ask() -> Promoted:
        async with agent() as client:
            return await client.promote_canary(instance, despite_differences=despite_differences)

    done = run(ask())
    if json:
        print_json("promoted", done)
        return
    say(f"{done.canary.converter} version {done.canary.version} is live in {instance}.")
    for change in done.changed:
        say(f"  {change}")
    if done.back:
        say("To go back:")
        for command in done.back:
            answer(command)


# -------------------------------------------------------------------- text
def _headline(canary: Canary) -> str:
    state = {
        None: f"runs, {canary.compared} of {canary.files} files",
        Ended.DONE: f"has seen its {canary.files} files",
        Ended.STOPPED: f"was stopped after {canary.compared} of {canary.files} files",
        Ended.PROMOTED: f"is live since {local(canary.ended_at)}",
    }[canary.ended]
    return f"{canary.converter} version {canary.version} beside {canary.beside}: {state}."


def _show(canary: Canary) -> None:
    answer(_headline(canary))
    answer(f"  started {local(canary.started_at)}; beside: {canary.beside_reader or 'nothing compared yet'}")
    for verdict, meaning in _MEANING.items():
        answer(f"  {getattr(canary, verdict.value):>6} {verdict.value:<10} {meaning}")
    if canary.compared:
        new, old = (seconds / canary.compared for seconds in (canary.seconds, canary.beside_seconds))
        answer(f"  {new:.3f} s a file, beside {old:.3f} s")
    for file in canary.told:
        for line in file.lines(_SHOWN):
            answer(line)
    if canary.back:
        begun = "" if canary.ended is Ended.PROMOTED else "Its promotion came to no end: promote it again. "
        say(f"{begun}To go back:")
        for command in canary.back:
            answer(command)


_MEANING = {
    Verdict.SAME: "the reports are alike",
    Verdict.DIFFERENT: "a value differs",
    Verdict.FAILED: "it crashed, hung or met a limit",
    Verdict.REFUSED: "it does not take the file",
    Verdict.SKIPPED: "not compared: it was behind, or there was no copy",
}
