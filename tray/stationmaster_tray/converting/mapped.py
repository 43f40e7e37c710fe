"""Mappings from the window: proposed, tried and tested by the command line beside it; saved as files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from stationmaster.control.command_answer import MappedSample, MappingTests
from stationmaster.errors import StationmasterError
from stationmaster.hosting.launch import Launcher
from stationmaster_tray.text import tr

ENDING = ".toml"


async def propose(launcher: Launcher, sample: Path) -> MappedSample:
    """A mapping for a sample (its full path), and what the sample becomes by it.

    Raises:
        StationmasterError: no mapping could read it, or it cannot be read at all.
    """
    return await launcher.command("converter", "map", str(sample), "--json").answer(MappedSample)


async def try_mapping(launcher: Launcher, sample: Path, name: str, toml: str) -> MappedSample:
    """What a sample (its full path) becomes by this mapping; what is wrong with the mapping is in the answer.

    Raises:
        StationmasterError: the sample or the name will not do.
    """
    async with _written(name, toml) as place:
        words = (str(sample), "--with", str(place), "--name", name, "--json")
        return await launcher.command("converter", "map", *words).answer(MappedSample)


async def run_tests(launcher: Launcher, mapping: Path) -> MappingTests:
    """How the tests that a mapping (its full path) carries end.

    Raises:
        StationmasterError: it is no mapping, carries no test, or cannot be read.
    """
    return await launcher.command("converter", "test", str(mapping), "--json").answer(MappingTests)


async def install(launcher: Launcher, station: str, name: str, toml: str, *, replace: bool) -> None:
    """Put a mapping into a station's own converters; an agent that runs takes it up within seconds.

    Raises:
        StationmasterError: it is none, or another one of that name is there and `replace` is not said.
    """
    async with _written(name, toml) as place:
        more = ("--replace",) if replace else ()
        await launcher.command("converter", "install", str(place), "--instance", station, *more).done()


def is_other(place: Path, toml: str) -> bool:
    """Something else lies in this place. Blocks: call it in a thread."""
    content = toml.encode()
    try:
        return place.stat().st_size != len(content) or place.read_bytes() != content
    except FileNotFoundError:
        return False
    except OSError:  # who writes it is told why that cannot be done
        return place.exists()


def save_as(place: Path, toml: str, *, replace: bool) -> None:
    """Write a mapping as a whole, or leave what is there as it is. Blocks: call it in a thread.

    Raises:
        StationmasterError: it cannot be written, or something is there and `replace` is not said.
    """
    temporary = place.with_name(f".{uuid.uuid4().hex}.part")
    try:
        if not replace and place.exists() and not is_other(place, toml):
            return
        try:
            _write(temporary if replace else place, toml)
            if replace:
                temporary.replace(place)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StationmasterError(
            tr("{file} cannot be written: {reason}.", file=place, reason=error.strerror or str(error)),
            next_step=tr("Choose another folder or name, or check that you may write there."),
        ) from error


def _write(place: Path, toml: str) -> None:
    """Make a file that is not there yet."""
    with place.open("xb") as sink:
        try:
            sink.write(toml.encode())
            sink.flush()
            os.fsync(sink.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                place.unlink()
            raise


@asynccontextmanager
async def _written(name: str, toml: str) -> AsyncIterator[Path]:
    """The text as a file of this name, in a folder of its own, while it is needed."""
    folder = Path(tempfile.gettempdir()) / f"stationmaster-mapping-{uuid.uuid4().hex}"
    place = folder / f"{name}{ENDING}"

    def lay_down() -> None:
        folder.mkdir(mode=0o700)
        place.write_bytes(toml.encode())
        if sys.platform != "win32" and os.geteuid() == 0:
            # Root's command goes on as the account of the machine's agent, which has to read it.
            folder.chmod(0o755)
            place.chmod(0o644)

    try:
        try:
            await asyncio.to_thread(lay_down)
        except OSError as error:
            raise StationmasterError(
                tr("The mapping could not be written: {reason}.", reason=error.strerror or str(error)),
                next_step=tr("See how much room is left at {place}.", place=folder.parent),
            ) from error
        yield place
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
