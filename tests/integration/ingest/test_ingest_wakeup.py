"""The file system watch, for real: it makes things sooner, and nothing depends on it."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.clock import FakeClock
from fakes.ingest import FakeLedger, folder_at
from fakes.waiting import PATIENCE, until
from stationmaster.clock import Clock
from stationmaster.ingest.claim import Outcome
from stationmaster.ingest.folder import LOCAL_INTERVAL
from stationmaster.ingest.wakeup import MANY, RETRY, WakeUp
from stationmaster.ingest.watcher import Watcher


class Heard:
    """What a folder was told."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.all = 0

    def __call__(self, names: set[str] | None) -> None:
        if names is None:
            self.all += 1
        else:
            self.names |= names


async def test_folders_are_told_what_changed_in_them(tmp_path: Path) -> None:
    flat, deep = tmp_path / "flat", tmp_path / "deep"
    (deep / "sub").mkdir(parents=True)
    (flat / "sub").mkdir(parents=True)
    one, two = Heard(), Heard()
    wakeup = WakeUp(Clock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(wakeup.run())
        wakeup.watch(str(flat), recursive=False, on_change=one)
        hints = wakeup.watch(str(deep), recursive=True, on_change=two)
        await until(lambda: one.all == two.all == 1)

        for path in ("flat/a.xml", "flat/sub/b.xml", "deep/c.xml", "deep/sub/d.xml"):
            (tmp_path / path).touch()
        await until(lambda: {"c.xml", "sub/d.xml"} <= two.names and "a.xml" in one.names)
        assert "sub/b.xml" not in one.names

        hints.close()
        hints.close()
        await until(lambda: one.all == 2)
        (deep / "e.xml").touch()
        (flat / "f.xml").touch()
        await until(lambda: "f.xml" in one.names)
        assert "e.xml" not in two.names
        task.cancel()


async def test_from_file_closed_to_claim_takes_the_settle_time_and_little_more(tmp_path: Path) -> None:
    clock = Clock()
    wakeup = WakeUp(clock)
    watcher = Watcher([folder_at(tmp_path, settle=0.3)], FakeLedger(), clock, wakeup=wakeup)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wakeup.run()), group.create_task(watcher.run())]
        await until(lambda: watcher.idle and threading.active_count() >= 3)
        (tmp_path / "first.xml").touch()
        async with asyncio.timeout(PATIENCE):
            first = await watcher.claim()
        assert first is not None
        watcher.done(first, Outcome.CONVERTED)

        beyond = []
        for number in range(10):
            (tmp_path / f"{number}.xml").write_text("x")
            closed = time.monotonic()
            async with asyncio.timeout(PATIENCE):
                claim = await watcher.claim()
            beyond.append(time.monotonic() - closed - 0.3)
            assert claim is not None
            watcher.done(claim, Outcome.CONVERTED)
        for task in tasks:
            task.cancel()

    assert min(beyond) > -0.1, "a file must rest for the settle time"
    # without the watch, a scan finds it: how quick the watch is, the benchmarks tell
    assert statistics.median(beyond) < LOCAL_INTERVAL


async def test_many_changes_at_once_ask_for_a_scan() -> None:
    heard = Heard()
    wakeup = WakeUp(Clock())
    wakeup.watch("/in", recursive=False, on_change=heard)

    wakeup._deliver({(1, f"/in/{number}") for number in range(MANY + 1)})  # type: ignore[misc]  # Change is an int
    assert (heard.all, heard.names) == (1, set())
    wakeup._deliver({(3, "/in"), (1, "/in/a")})  # type: ignore[arg-type]  # the same
    assert (heard.all, heard.names) == (2, set())


async def test_a_watch_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    failures: list[tuple[str, ...]] = []

    def no_watches_left(*paths: str, **settings: Any) -> Iterator[Any]:
        del settings
        failures.append(paths)
        raise OSError(28, "OS file watch limit reached.")

    wakeup = WakeUp(clock, notify=no_watches_left)
    heard = Heard()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(wakeup.run())
        wakeup.watch("/in", recursive=False, on_change=heard)
        for _ in range(3):
            await clock.advance(0.3)
            await until(lambda: clock.sleeping > 0)
        assert len(failures) == 1
        assert "watch limit" in caplog.text
        await clock.advance(RETRY)
        await clock.advance(0.3)
        await until(lambda: len(failures) == 2)
        task.cancel()

    assert failures == [("/in",), ("/in",)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
async def test_a_name_that_is_no_text_ends_the_watch_for_a_moment_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The library gives up at such a name; hints at all folders would be away for a minute each time."""
    heard = Heard()
    wakeup = WakeUp(Clock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(wakeup.run())
        wakeup.watch(str(tmp_path), recursive=False, on_change=heard)
        await until(lambda: heard.all == 1)
        (tmp_path / os.fsdecode(b"caf\xe9")).touch()
        await until(lambda: heard.all == 2)
        (tmp_path / os.fsdecode(b"caf\xe8")).touch()
        await until(lambda: heard.all == 3)
        (tmp_path / "a.xml").touch()
        await until(lambda: "a.xml" in heard.names)
        task.cancel()

    assert caplog.text.count("no Unicode text") == 1


async def test_without_folders_nothing_is_watched() -> None:
    clock = FakeClock()
    started: list[str] = []

    def notify(*paths: str, **settings: Any) -> Iterator[Any]:
        started.extend(paths)
        settings["stop_event"].wait(10)
        return iter(())

    wakeup = WakeUp(clock, notify=notify)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(wakeup.run())
        wakeup.watch("/in", recursive=False, on_change=Heard()).close()
        for _ in range(3):
            await clock.advance(0.3)
        assert started == []
        task.cancel()


async def test_a_folder_made_anew_is_watched_anew(tmp_path: Path) -> None:
    """Between two scans the folder is removed and made again: the scan notices that it is another one."""
    clock = Clock()
    wakeup = WakeUp(clock)
    folder = tmp_path / "in"
    folder.mkdir()
    watcher = Watcher([folder_at(folder, settle=0.0)], FakeLedger(), clock, wakeup=wakeup)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wakeup.run()), group.create_task(watcher.run())]
        await until(lambda: watcher.idle)
        before = watcher._folders[0]._hints
        (tmp_path / "other").mkdir()  # keeps the inode from being used again
        folder.rename(tmp_path / "old")
        folder.mkdir()
        watcher.nudge()
        await until(lambda: watcher._folders[0]._hints is not before)
        (folder / "a.xml").touch()
        async with asyncio.timeout(PATIENCE):
            claim = await watcher.claim()
        assert claim is not None
        for task in tasks:
            task.cancel()
