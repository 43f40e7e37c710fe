"""`stationmaster submit FILE`: hand a report, or a raw file to convert, to the agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.output import print_json, say
from stationmaster.cli.session import home, run
from stationmaster.submit import submit_async


def submit(
    file: Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False)],
    *,
    converter: Annotated[
        str, typer.Option(help="The converter for a raw file; without it the file is a WSJF report.")
    ] = "",
    instance: Annotated[
        str, typer.Option("--instance", "-i", help="Which instance; not needed where there is one.")
    ] = "",
    json: Json = False,
) -> None:
    """Hand over a report, or a raw file to convert. It is on disk when this returns, agent or not."""
    done = run(submit_async(file, converter=converter, instance=instance, home=home()))
    if json:
        print_json("submitted", done)
    elif done.entry is not None:
        say(f"Stored as entry {done.entry} of {done.instance}, report id {done.report_id}.")
    else:
        say(f"Stored for {done.instance} at {done.place}; the agent takes it from there.")
