"""The frozen console program does its work: command line, agent, workers, plug-ins, keyring, the end."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import contents
from fakes import bundle, keyring_session
from fakes.station import Station
from fakes.waiting import answer, until
from stationmaster import __version__
from stationmaster.cli.exit import Exit
from stationmaster.errors import NoAgentError

WHY_NOT = bundle.not_built(bundle.CONSOLE)
pytestmark = [pytest.mark.bundle, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it is built")]

MB = 1_000_000

PLUGIN = """
import csv, decimal, email.message, fractions, sqlite3, statistics, xml.etree.ElementTree, zipfile, zoneinfo
from importlib.util import find_spec

from stationmaster.api import ConversionError

WANTED = %r


class WholeLibrary:
    name = "whole-library"
    version = "1"

    def convert(self, source, options, resume):
        missing = [name for name in WANTED if find_spec(name) is None]
        raise ConversionError(f"{len(WANTED)} looked for, not here: {missing}")
"""
"""It says what it found by the one way that needs no report: an entry in the error list."""


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the frozen program to its end."""
    return subprocess.run(
        [str(bundle.CONSOLE), *arguments],
        env={**bundle.environment(folder), "STATIONMASTER_HOME": str(folder / "home"), **more},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_small_and_of_this_version(tmp_path: Path) -> None:
    assert bundle.CONSOLE.stat().st_size <= 25 * MB
    assert run(tmp_path, "--version").stdout == f"stationmaster {__version__}\n"
    assert bundle.unpacked(tmp_path) == []


def test_the_demo_delivers_everything_through_a_kill(tmp_path: Path) -> None:
    done = run(tmp_path, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing lost, nothing doubled" in done.stderr
    assert bundle.processes(tmp_path) == []
    assert bundle.unpacked(tmp_path) == []


async def test_files_are_converted_in_workers_and_sigterm_leaves_nothing(frozen: Station) -> None:
    line = await frozen.line("line1", await frozen.server(), "keep")
    await frozen.start()
    for kind in ("wsjf", "wstf", "openhtf", "junit"):
        line.inboxes[0].drop(line.equipment.make(kind))
    await frozen.conserved(fresh=False)
    workers = [command for _, command in bundle.processes(frozen.root) if " worker " in command]
    assert any("stationmaster.convert." in command for command in workers), workers
    assert len(bundle.unpacked(frozen.root)) == 1, "workers use what the agent unpacked"
    assert await frozen.terminate() == 0  # the fixture looks at what is left


async def test_a_converter_of_the_instances_folder_has_the_whole_standard_library(frozen: Station) -> None:
    server = await frozen.server()
    await frozen.line("line1", server, "keep", folder={"converters": ["whole-library"], "options": {}})
    folder = frozen.home.converters("line1")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = list(contents.standard_library())
    (folder / "whole_library.py").write_text(PLUGIN % wanted)
    await frozen.start()
    (frozen.root / "line1-1-keep" / "one.txt").write_text("a result\n")
    await frozen.until(lambda snapshot: snapshot.instances[0].counts.error, seconds=60, what="the answer")
    (entry,) = await frozen.entries("line1", "error")
    assert f"{len(wanted)} looked for, not here: []" in str(entry)


async def test_a_new_converter_begun_by_the_frozen_program_delivers_its_sample(frozen: Station) -> None:
    server = await frozen.server()
    await frozen.line("line1", server, "keep", folder={"converters": ["my-tester"], "options": {}})
    made = await frozen.command("converter", "new", "my-tester", "--kind", "csv", "--instance", "line1")
    assert made.returncode == 0, made.stdout + made.stderr
    await frozen.start()
    sample = frozen.home.converters("line1") / "my_tester_sample.csv"
    shutil.copy(sample, frozen.root / "line1-1-keep")
    await until(server.ids, what="the sample's reports")


def _checks(text: str) -> list[dict[str, str]]:
    (found,) = (value for value in json.loads(text)["data"].values() if isinstance(value, list))
    return list(found)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    folder = Path(tempfile.mkdtemp(prefix="sm-"))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(bool(keyring_session.missing()), reason=keyring_session.missing() or "it can run here")
def test_a_token_goes_into_the_systems_keyring(tmp_path: Path, short_folder: Path) -> None:
    with keyring_session.keyring_session(short_folder) as variables:
        watched = tmp_path / "results"
        watched.mkdir()
        made = subprocess.run(
            [
                *(str(bundle.CONSOLE), "instance", "add", "line1", "--server", "http://127.0.0.1:9"),
                *("--watch", str(watched), "--converter", "wsjf", "--token-stdin"),
                *("--set", "secrets.store=keyring"),
            ],
            env={**bundle.environment(tmp_path), "STATIONMASTER_HOME": str(tmp_path / "home"), **variables},
            input="bmFtZTpzZWNyZXQ=",
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        checked = run(tmp_path, "doctor", "line1", "--json", **variables)
        token = next(one for one in _checks(checked.stdout) if one["name"] == "token")
        assert token["state"] == "ok", token
        everything = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
        assert not any(b"bmFtZTpzZWNyZXQ=" in data for data in everything)


ENVIRONMENT = """
import os

from stationmaster.api import ConversionError


class Environment:
    name = "environment"
    version = "1"

    def convert(self, source, options, resume):
        raise ConversionError(f"The path is {os.environ.get('LD_LIBRARY_PATH')}.")
"""


async def test_a_program_that_a_converter_starts_gets_none_of_our_libraries(frozen: Station) -> None:
    folder = {"converters": ["environment"], "options": {}}
    await frozen.line("line1", await frozen.server(), "keep", folder=folder)
    frozen.home.converters("line1").mkdir(parents=True, exist_ok=True)
    (frozen.home.converters("line1") / "environment.py").write_text(ENVIRONMENT)
    await frozen.start()
    (frozen.root / "line1-1-keep" / "one.txt").write_text("a result\n")
    await frozen.until(lambda snapshot: snapshot.instances[0].counts.error, seconds=60, what="the answer")
    (entry,) = await frozen.entries("line1", "error")
    assert "The path is None." in str(entry)


async def test_an_agent_that_a_cleaner_of_temporary_files_damaged_ends_in_order(frozen: Station) -> None:
    await frozen.line("line1", await frozen.server(), "keep")
    await frozen.start()
    (unpacked,) = bundle.unpacked(frozen.root)
    next(unpacked.glob("lxml/etree*")).unlink()
    assert await frozen.gone(seconds=90) == Exit.RESTART
    assert "unpacked into" in (frozen.root / "agent.log").read_text()


async def test_an_agent_in_the_background_makes_way_for_the_program_that_replaced_it(tmp_path: Path) -> None:
    program = tmp_path / "program/stationmaster"
    program.parent.mkdir()
    shutil.copy(bundle.CONSOLE, program)
    async with Station(tmp_path, program=[str(program)]) as station:
        station.env = {**bundle.environment(tmp_path), "STATIONMASTER_HOME": str(tmp_path / "home")}
        server = await station.server()
        line = await station.line("line1", server, "keep")
        started = await station.command("agent", "start")
        assert started.returncode == 0, started.stderr
        before = (await station.status()).pid
        shutil.copy(bundle.CONSOLE, program.with_suffix(".new"))
        program.with_suffix(".new").replace(program)

        async def replaced() -> bool:
            with contextlib.suppress(NoAgentError):
                return (await station.status()).pid != before
            return False

        await answer(replaced, seconds=90, what="the next agent")
        ids = line.inboxes[0].drop(line.equipment.make("junit")).keys()
        await until(lambda: ids <= server.ids(), what="a report by the next agent")
        assert (await station.command("agent", "stop")).returncode == 0
        await until(lambda: not bundle.processes(tmp_path), what="the end of all processes")
    assert bundle.unpacked(tmp_path) == []
