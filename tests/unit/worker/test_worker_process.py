"""Real child processes, good and bad."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.waiting import running, until
from stationmaster.worker import child as child_module
from stationmaster.worker.error import (
    ChildCrashedError,
    ChildError,
    ChildFloodError,
    ChildHandlerError,
    ChildMemoryError,
    ChildTimeoutError,
)
from stationmaster.worker.memory import MemoryWatch, resident_bytes, watch_memory
from stationmaster.worker.process import ChildProcess

AGENT = """
import asyncio
from stationmaster.worker.process import ChildProcess

async def main():
    child = ChildProcess("echo_child")
    await child.start()
    print(child.pid, flush=True)
    await child.request({"op": "hang"}, 60)

asyncio.run(main())
"""
HERE = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", HERE)


@pytest.fixture
async def child(tmp_path: Path) -> AsyncIterator[ChildProcess]:
    async with ChildProcess("echo_child", memory_mb=200, output_mb=1, folder=tmp_path) as process:
        yield process


def _reaped(pid: int) -> bool:
    """Not even a zombie is left."""
    return not Path(f"/proc/{pid}").exists()


async def _well(child: ChildProcess) -> None:
    await child.start()
    assert await child.request({"op": "echo", "text": "ü"}, 10) == {"text": "ü"}


async def test_it_answers_without_a_thread(child: ChildProcess) -> None:
    threads = threading.active_count()
    pid = child.pid
    for _ in range(3):
        await _well(child)
    assert child.pid == pid
    assert threading.active_count() == threads


async def test_it_works_in_its_folder_without_secrets_and_with_low_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATIONMASTER_TOKEN_LINE", "s3cret")
    # what lies in the folder must not replace the standard library
    (tmp_path / "struct.py").write_text("raise RuntimeError('imported from the working folder')")
    async with ChildProcess("echo_child", folder=tmp_path) as child:
        told = await child.request({"op": "tell"}, 10)
    assert "s3cret" not in str(told)
    assert told["cwd"] == str(tmp_path)
    assert told["nice"] >= os.nice(0) + child_module.NICENESS or told["nice"] == 19
    assert told["stdin"] == ""


@pytest.mark.parametrize(
    ("how", "kind", "errno", "text"),
    [
        ("os", "FileNotFoundError", 2, "/nowhere"),
        ("exit", "SystemExit", None, "4"),
        ("odd", "ValueError", None, "odd"),
        ("unspeakable", "UnspeakableError", None, "UnspeakableError"),
    ],
)
async def test_a_handler_that_raises_leaves_the_child_well(
    child: ChildProcess, how: str, kind: str, errno: int | None, text: str
) -> None:
    with pytest.raises(ChildHandlerError) as caught:
        await child.request({"op": "refuse", "how": how}, 10)
    assert (caught.value.kind, caught.value.errno) == (kind, errno)
    assert text in caught.value.text
    assert "refuse" in caught.value.trace
    await _well(child)


async def test_an_unknown_op_is_an_error_of_the_request(child: ChildProcess) -> None:
    with pytest.raises(ChildHandlerError, match="nonsense"):
        await child.request({"op": "nonsense"}, 10)
    await _well(child)


@pytest.mark.parametrize(
    ("how", "words"), [("7", "exit code 7"), ("0", "exit code 0"), ("signal", "signal 11")]
)
async def test_a_crash_is_told_with_the_last_output(child: ChildProcess, how: str, words: str) -> None:
    pid = child.pid
    assert pid
    with pytest.raises(ChildCrashedError, match=words) as caught:
        await child.request({"op": "end", "how": how}, 10)
    assert caught.value.output == "my last words"
    assert not child.alive
    assert _reaped(pid)
    await _well(child)


@pytest.mark.parametrize("op", ["hang", "hang_in_c"])
async def test_a_hang_ends_at_the_time_limit(child: ChildProcess, op: str) -> None:
    pid = child.pid
    assert pid
    with pytest.raises(ChildTimeoutError, match=r"0\.4 s"):
        await child.request({"op": op}, 0.4)
    assert _reaped(pid)
    await _well(child)


async def test_prints_do_not_disturb_the_answers(child: ChildProcess) -> None:
    assert await child.request({"op": "print_much", "lines": 900}, 30) == {"printed": 900}
    # the limit holds for each request
    assert await child.request({"op": "print_much", "lines": 900}, 30) == {"printed": 900}


@pytest.mark.parametrize("endless", [True, False])
async def test_a_flood_is_stopped(child: ChildProcess, endless: bool) -> None:  # noqa: FBT001 - a parameter of the test
    message = {"op": "print_much", "lines": 2 if endless else 100_000, "endless": endless}
    with pytest.raises(ChildFloodError, match="1 MB") as caught:
        await child.request(message, 30)
    assert 0 < len(caught.value.output) <= 4096
    await _well(child)


async def test_memory_is_capped(child: ChildProcess) -> None:
    assert await child.request({"op": "eat", "mb": 100}, 30) == {"eaten": 100}
    with pytest.raises(ChildMemoryError):
        await child.request({"op": "eat", "mb": 4096}, 30)
    await _well(child)
    with pytest.raises(ChildMemoryError):
        await child.request({"op": "eat", "mb": 100}, 30, memory_mb=50)
    await child.start()
    assert await child.request({"op": "eat", "mb": 250}, 30, memory_mb=400) == {"eaten": 250}


async def test_memory_can_be_watched_from_outside(tmp_path: Path) -> None:
    """What macOS needs, driven here: there is no RLIMIT_AS there."""
    child = ChildProcess("echo_child", folder=tmp_path, watch=lambda pid, _, over: MemoryWatch(pid, 50, over))
    async with child:
        await _well(child)
        with pytest.raises(ChildMemoryError):
            await child.request({"op": "eat", "mb": 4096, "nap": 0.002}, 60)
        await _well(child)
    if sys.platform == "linux":
        assert watch_memory(os.getpid(), 50, lambda: None) is None


def test_resident_size() -> None:
    size = resident_bytes(os.getpid())
    assert size is not None
    assert 5_000_000 < size < 2_000_000_000
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert resident_bytes(gone.pid) is None


async def test_what_it_started_ends_with_it(child: ChildProcess) -> None:
    grandchild = (await child.request({"op": "leave_grandchild"}, 10))["pid"]
    assert running(grandchild)
    await child.aclose()
    await until(lambda: not running(grandchild), what="the end of the grandchild")


async def test_a_crash_is_noticed_although_a_fork_lives_on(child: ChildProcess) -> None:
    with pytest.raises(ChildCrashedError, match="exit code 7"):
        await child.request({"op": "leave_fork", "ends": True}, 20)


async def test_a_fork_cannot_answer(child: ChildProcess) -> None:
    for _ in range(3):
        assert (await child.request({"op": "leave_fork", "ends": False}, 10))["pid"]
    assert await child.request({"op": "echo", "text": "well"}, 10) == {"text": "well"}


async def test_a_cancelled_request_kills_it(child: ChildProcess) -> None:
    pid = child.pid
    assert pid
    request = asyncio.create_task(child.request({"op": "hang"}, 60))
    await until(lambda: child.busy)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert not child.alive
    await until(lambda: not running(pid), what="the end of the child")
    await _well(child)


async def test_one_request_at_a_time(child: ChildProcess) -> None:
    request = asyncio.create_task(child.request({"op": "hang"}, 60))
    await until(lambda: child.busy)
    with pytest.raises(RuntimeError, match="one request"):
        await child.request({"op": "echo", "text": ""}, 1)
    await child.aclose()
    with pytest.raises(ChildCrashedError):
        await request


async def test_a_request_needs_a_start() -> None:
    with pytest.raises(RuntimeError, match="start"):
        await ChildProcess("echo_child").request({"op": "echo"}, 1)


@pytest.mark.parametrize("rubbish", ["ffffffff", "000000025b5d"])
async def test_rubbish_on_the_channel_is_a_crash(child: ChildProcess, rubbish: str) -> None:
    with pytest.raises(ChildCrashedError):
        await child.request({"op": "talk_rubbish", "hex": rubbish}, 10)
    await _well(child)


async def test_a_death_between_requests_is_noticed(child: ChildProcess) -> None:
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    await until(lambda: not child.alive)
    with pytest.raises(ChildCrashedError):
        await child.request({"op": "echo", "text": ""}, 5)
    await _well(child)


async def test_closing_is_idempotent_and_orderly(child: ChildProcess) -> None:
    pid = child.pid
    assert pid
    await child.aclose()
    assert _reaped(pid)
    await child.aclose()
    child.kill()
    assert child.pid is None


async def test_a_child_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ChildCrashedError) as caught:
        await ChildProcess("no_such_module_anywhere").start()
    assert "no_such_module_anywhere" in caught.value.output
    with pytest.raises(ChildError, match="cannot be started"):
        await ChildProcess("echo_child", folder=tmp_path / "missing").start()


async def test_it_dies_with_the_agent() -> None:
    """`kill -9` of the agent while its child hangs: the child must not live on."""
    agent = subprocess.Popen([sys.executable, "-c", AGENT], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220 - returns at once
    assert agent.stdout
    with agent.stdout:
        pid = int(agent.stdout.readline())
    assert running(pid)
    agent.kill()
    agent.wait()
    await until(lambda: not running(pid), what="the end of the child")


def test_a_frozen_program_runs_only_our_modules() -> None:
    with pytest.raises(ValueError, match="no part"):
        child_module.run_module("antigravity")


def test_a_frozen_program_runs_a_module_as_a_child() -> None:
    code = "from stationmaster.worker.child import run_module; run_module('stationmaster.convert.worker')"
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, check=True)
    assert b"ready" in done.stdout


async def test_a_child_whose_end_was_not_awaited_is_reaped_by_the_next(child: ChildProcess) -> None:
    pid = child.pid
    spawned = child._child
    assert pid
    assert spawned
    request = asyncio.create_task(child.request({"op": "hang_in_c"}, 60))
    await until(lambda: child.busy)
    ending = asyncio.create_task(spawned.end(60))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    with pytest.raises(ChildCrashedError):
        await request
    await until(lambda: not running(pid))
    await _well(child)
    assert _reaped(pid)
