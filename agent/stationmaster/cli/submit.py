"""`stationmaster submit FILE`: hand a report, or a raw file to convert, to the agent; `-` is its input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.output import print_json, say
from stationmaster.cli.session import fail, home, run
from stationmaster.control.protocol import MAX_BODY, too_large
from stationmaster.errors import ConversionError, StationmasterError
from stationmaster.submit import submit_async

_STDIN = Path("-")


def _there(file: Path) -> Path:
    """Typer's own check knows no `-`."""
    if file != _STDIN and not file.is_file():
        raise typer.BadParameter(f"there is no file {file}")
    return file


def submit(
    file: Annotated[Path, typer.Argument(help="The file; - for standard input.", callback=_there)],
    *,
    name: Annotated[
        str, typer.Option(help="What the file is called, for converters and people; with - above all.")
    ] = "",
    converter: Annotated[
        str, typer.Option(help="The converter for a raw file; without it the file is a WSJF report.")
    ] = "",
    instance: Annotated[
        str, typer.Option("--instance", "-i", help="Which instance; not needed where there is one.")
    ] = "",
    json: Json = False,
) -> None:
    """Hand over a report, or a raw file to convert. It is on disk when this returns, agent or not."""
    item: Path | bytes = file
    if file == _STDIN:
        item, name = _read(), name or "stdin"
    done = run(submit_async(item, converter=converter, instance=instance, name=name, home=home()))
    if json:
        print_json("submitted", done)
    elif done.entry is not None:
        say(f"Stored as entry {done.entry} of {done.instance}, report id {done.report_id}.")
    else:
        say(f"Stored for {done.instance} at {done.place}; the agent takes it from there.")


def _read() -> bytes:
    """All of standard input, bounded: it is held in memory."""
    if sys.stdin.isatty():
        say("Reading from the keyboard; end with Ctrl+D (Windows: Ctrl+Z, then Enter).")
    try:
        content = sys.stdin.buffer.read(MAX_BODY + 1)
    except KeyboardInterrupt:
        say("Interrupted.")
        raise typer.Exit(130) from None
    except OSError as error:
        fail(StationmasterError(f"Standard input cannot be read: {error.strerror}."))
    if len(content) > MAX_BODY:
        fail(too_large())
    if not content.strip():
        fail(ConversionError("Nothing came on standard input.", next_step="Did the program before it fail?"))
    return content
