"""Commands that a window runs: their answer, their errors in words, and their end with all they started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec
import pytest

from fakes.station import children
from fakes.waiting import until
from stationmaster.control.command_answer import MappedSample
from stationmaster.errors import StationmasterError
from stationmaster.hosting.command import Command
from stationmaster.hosting.launch import Launcher

SAMPLE = Path(__file__).parents[2] / "data" / "mapping" / "fct.csv"

ENDLESS = """
import json, os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(json.dumps({"data": {"pids": [os.getpid(), child.pid], "temp": os.environ["TMPDIR"]}}), flush=True)
time.sleep(600)
"""


class Begun(msgspec.Struct):
    pids: list[int]
    temp: str


def script(text: str, env: Mapping[str, str] | None = None) -> Command:
    return Command(lambda: (sys.executable, "-c", text), {**os.environ, **(env or {})})


async def test_an_answer_is_read_and_its_reports_stay_as_they_are(tmp_path: Path) -> None:
    launcher = Launcher("user", {**os.environ, "STATIONMASTER_HOME": str(tmp_path / "home")})
    found = await launcher.command("converter", "map", str(SAMPLE), "--json").answer(MappedSample)
    assert (found.name, found.ok, found.given) == ("fct", True, {"process_code": 10})
    assert found.trial is not None
    assert found.trial.reports[0].serial_number in bytes(found.trial.reports[0].report).decode()


async def test_an_error_is_the_one_that_the_command_line_tells(tmp_path: Path) -> None:
    launcher = Launcher("user", {**os.environ, "STATIONMASTER_HOME": str(tmp_path / "home")})
    with pytest.raises(StationmasterError) as refused:
        await launcher.command("converter", "install", str(SAMPLE), "-i", "nobody").done()
    assert refused.value.text == 'There is no instance "nobody".'
    assert refused.value.next_step == "Make one with `stationmaster instance add`."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import sys; print('{}'); sys.exit(3)", "ended with code 3: it said nothing"),
        ("import sys; sys.exit('dear me')", "ended with code 1: dear me"),
        ("print('{')", "answer cannot be read"),
        ("print('{\"data\": 5}')", "answer cannot be read"),
        ("import sys; sys.stderr.write('Error: no such thing.\\n'); sys.exit(1)", "no such thing."),
    ],
)
async def test_what_goes_wrong_is_told(text: str, says: str) -> None:
    with pytest.raises(StationmasterError, match=says):
        await script(text).answer(Begun)


async def test_a_difference_is_no_error() -> None:
    assert await script("import sys; print('{\"data\": 5}'); sys.exit(1)").answer(int) == 5


async def test_a_command_that_broke_off_after_its_first_answer_is_told() -> None:
    broken = script("print('{\"data\": 5}', flush=True); raise MemoryError('no room')")
    answers = broken.answers(int, int)
    assert await anext(answers) == 5
    with pytest.raises(StationmasterError, match="MemoryError: no room"):
        await anext(answers)


async def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(StationmasterError, match="cannot be run"):
        await Command(lambda: ("/nowhere/stationmaster",), {}).done()


async def test_who_cancels_it_ends_it_with_all_that_it_started_and_left() -> None:
    begun: list[Begun] = []

    async def follow() -> None:
        async with contextlib.aclosing(script(ENDLESS).answers(Begun, Begun)) as lines:
            async for one in lines:
                begun.append(one)  # noqa: PERF401 - there is no last one

    task = asyncio.create_task(follow())
    await until(lambda: begun, what="the begin")
    assert not _gone(begun[0])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(partial(_gone, begun[0]), what="the end of it all")


def test_a_process_that_left_its_group_keeps_nobody_from_ending() -> None:
    begun: list[Begun] = []

    async def follow() -> None:
        lines = script(ENDLESS.replace('"])', '"], start_new_session=True)')).answers(Begun, Begun)
        async with contextlib.aclosing(lines):
            begun.append(await anext(lines))

    loops = threading.Thread(target=lambda: asyncio.run(follow()))
    loops.start()
    loops.join(30)
    try:
        assert not loops.is_alive(), "it waits for the pipe"
    finally:
        os.kill(begun[0].pids[1], signal.SIGKILL)
        loops.join()
        asyncio.run(until(partial(_gone, begun[0]), what="the end of the thread"))


def _gone(begun: Begun) -> bool:
    alive = [pid for pid in begun.pids if pid in children(os.getpid()) or _runs(pid)]
    return not alive and not Path(begun.temp).exists()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_one_that_is_cancelled_before_it_began_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked, may_begin = threading.Event(), threading.Event()

    def words() -> tuple[str, ...]:
        asked.set()
        assert may_begin.wait(60)
        return (sys.executable, "-c", "import time; time.sleep(90)")

    task = asyncio.create_task(Command(words, os.environ).done())
    await until(asked.is_set, what="the thread that starts it")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _left(tmp_path), "it has not begun yet"
    may_begin.set()
    await until(lambda: not _left(tmp_path), what="the end of the process, and of its folder")


def _left(place: Path) -> list[Path]:
    return list(place.iterdir())
