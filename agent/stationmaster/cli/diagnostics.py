"""`stationmaster diagnostics`: one zip for support, without secrets and names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from stationmaster.cli.output import answer, say
from stationmaster.cli.progress import progress
from stationmaster.cli.session import home, run, with_agent
from stationmaster.config.secrets import SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import Diagnostics
from stationmaster.errors import StationmasterError
from stationmaster.sentence import joined

if TYPE_CHECKING:
    from stationmaster.control.client import ControlClient


class Choice(StrEnum):
    """Whether something is put in."""

    NO = "no"
    YES = "yes"


def diagnostics(
    *,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; else here, named by the time.")
    ] = None,
    include_payloads: Annotated[
        Choice, typer.Option(help="Put reports of failed entries in, with names replaced.")
    ] = Choice.NO,
    keep_map: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write what the pseudonyms stand for to this file. Do not send it."
        ),
    ] = None,
) -> None:
    """Write a zip for support: state, settings, Problems, log. Secrets are removed, names are replaced."""
    payloads = include_payloads is Choice.YES
    place = output or Path(f"stationmaster-diagnostics-{datetime.now().astimezone():%Y%m%d-%H%M%S}.zip")

    async def online(client: ControlClient) -> Diagnostics:
        try:
            if keep_map is not None:
                return await client.diagnostics_with_names(payloads=payloads)
            return Diagnostics(bundle=await client.diagnostics(payloads=payloads))
        except StationmasterError as error:
            say(joined(f"The agent gives no bundle: {error.text}", "The files are read instead."))
            return await offline()

    async def offline() -> Diagnostics:
        return await _from_files(payloads=payloads)

    with progress("Collecting"):
        made = run(_written(with_agent(online, offline), place, keep_map))
    answer(str(place.absolute()))
    say(f"{len(made.bundle) // 1024 + 1} kB. Look into it before you send it: README.txt lists the parts.")
    if keep_map is not None:
        say(f"What its names stand for is in {keep_map.absolute()}: keep that file to yourself.")


async def _written(making: Awaitable[Diagnostics], place: Path, keep_map: Path | None) -> Diagnostics:
    made = await making
    await asyncio.to_thread(write_private, place, made.bundle)
    if keep_map is not None:
        text = msgspec.json.format(msgspec.json.encode(made.names), indent=2) + b"\n"
        await asyncio.to_thread(write_private, keep_map, text)
    return made


async def _from_files(*, payloads: bool) -> Diagnostics:
    """Without an agent: the files, and the secrets that this account can ask for."""
    from stationmaster.diagnostics.bundle import make  # noqa: PLC0415 - loads spool and packages' metadata
    from stationmaster.diagnostics.source import Sources  # noqa: PLC0415 - as above

    sources = Sources.of(home(), payloads=payloads)
    secrets = SecretStore(home(), ConfigStore(home()).load)
    for name in sources.names():
        try:
            found = await secrets.get(name)
            sources.secrets += [found.reveal()] if found else []
        except StationmasterError as error:
            sources.notes.append(f"the token of {name} cannot be asked for: {error.text}")
    sources.doctor = await _findings()
    made = await asyncio.to_thread(make, sources)
    return Diagnostics(bundle=made.content, names=made.names)


async def _findings() -> list[Any]:
    """What the doctor finds without an agent, within its time."""
    from stationmaster.cli.doctor import outside  # noqa: PLC0415 - loads all parts
    from stationmaster.control.protocol import DoctorRequest  # noqa: PLC0415 - with it
    from stationmaster.runtime.support import findings  # noqa: PLC0415 - with it

    return await findings(outside(DoctorRequest()))


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, in one step.

    Raises:
        StationmasterError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StationmasterError(
            f"{path} cannot be written: {error.strerror}.", next_step="Name another place with --output."
        ) from error
