"""`stationmaster submit FILE`: hand a report, or a raw file to convert, to the agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationmaster.api.wsjf import encode
from stationmaster.cli.agent import Json
from stationmaster.cli.output import print_json, say
from stationmaster.cli.session import agent, fail, home, run
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import Submitted
from stationmaster.errors import ConfigError, ConversionError, NoAgentError, StationmasterError
from stationmaster.runtime.inbox import leave_raw
from stationmaster.submit import leave_report, whole


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
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(StationmasterError(f"{file} cannot be read: {error.strerror}.", next_step="Check its rights."))
    if not converter:
        content = _checked(content, file)
    done = run(_submit(content, file.name, converter, instance))
    if json:
        print_json("submitted", done)
    elif done.entry is not None:
        say(f"Stored as entry {done.entry} of {done.instance}, report id {done.report_id}.")
    else:
        say(f"Stored for {done.instance} at {done.place}; the agent takes it from there.")


def _checked(content: bytes, file: Path) -> bytes:
    """Refuse what no server would take, here and now, agent or not; give the report its id."""
    try:
        return encode(whole(content))
    except ConversionError as error:
        step = error.next_step or "Is it a raw file? Then name its converter: --converter NAME"
        fail(StationmasterError(f"{file}: {error.text}.", next_step=step))


async def _submit(content: bytes, filename: str, converter: str, instance: str) -> Submitted:
    try:
        async with agent() as client:
            return await client.submit(instance, content, filename=filename, converter=converter)
    except NoAgentError:
        return _leave(content, filename, converter, instance)


def _leave(content: bytes, filename: str, converter: str, instance: str) -> Submitted:
    """Without an agent: into the outbox, or the inbox of a converter, where the agent will look."""
    store = ConfigStore(home())
    names = store.names()
    if not instance and len(names) != 1:
        raise ConfigError("Which instance?", next_step=f"There are: {', '.join(names) or 'none'}")
    name = instance or names[0]
    store.load(name)
    if converter:
        place, _ = leave_raw(home(), name, converter, filename=filename, content=content)
        return Submitted(instance=name, place=str(place))
    return leave_report(home(), name, whole(content))
