"""A canary in a real agent: it sees what the live converter took, delivers nothing, and endangers nothing."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes.rig import rig
from fakes.server import Server
from fakes.station import Line, Station
from fakes.waiting import answer, until
from stationmaster.canary import Canary, Ended, Verdict
from stationmaster.config.lock import FileLock
from stationmaster.control.canary_protocol import CanaryRequest, Promoted
from stationmaster.control.protocol import AddRequest
from stationmaster.errors import ControlError
from stationmaster.model import Lifecycle
from stationmaster.runtime.canary_store import CanaryStore

HANG = "time.sleep(3600)"
LITTER = "[open(str(n), 'wb').truncate(200 << 20) for n in range(3)]"


class Bench:
    """An instance whose one folder uses the converter `rig`, in version 1."""

    def __init__(self, station: Station, server: Server, line: Line, root: Path) -> None:
        self.station = station
        self.server = server
        self.line = line
        self.inbox = root / "line1-1-delete"
        self.new = root / "new"
        self.dropped: list[str] = []
        self.killed = False

    @property
    def folder(self) -> Path:
        return self.station.home.canary("line1")

    async def start(self, version: str, hook: str = "pass", *, name: str = "rig", **more: Any) -> Canary:
        """Let that version begin as a canary; `more`: beside, files, sources."""
        file = rig(self.new, version, hook, name=name, file=f"{name}.py")
        request = CanaryRequest(filename=file.name, content=file.read_text(), **more)
        async with self.station.client() as client:
            return await client.start_canary("line1", request)

    async def up(self) -> None:
        """Start the agent, and wait until the instance runs."""
        await self.station.start()
        await self.running()

    async def configure(self, patch: Mapping[str, Any]) -> None:
        """Change the settings, and wait until the instance runs with them."""
        async with self.station.client() as client:
            await client.configure("line1", patch)
        await self.running()

    async def running(self) -> None:
        """Wait until the instance runs."""
        await self.station.until(
            lambda snapshot: snapshot.instances[0].lifecycle is Lifecycle.RUNNING, what="the instance"
        )

    async def kill(self) -> None:
        """`kill -9`, and another agent."""
        self.killed = True
        self.station.kill()
        await self.up()

    def drop(self, value: float = 5.0) -> str:
        """A file with one unit; its serial number."""
        serial = f"SN{len(self.dropped) + 1:04}"
        hidden = self.inbox / f".{serial}.part"
        hidden.write_text(f"{serial},{value}\n")
        hidden.replace(self.inbox / f"{serial}.txt")
        self.dropped.append(serial)
        return serial

    async def delivered(self) -> None:
        """Everything is at the server once, released, and nothing waits."""

        async def settled() -> bool:
            counts = (await self.station.instance("line1")).counts
            return counts.completed == len(self.dropped) and not list(self.inbox.glob("*.txt"))

        await answer(settled, what="the delivery of all files", every=0.05)
        assert len(self.server.ids()) == len(self.dropped), "a report too many, or of another id"
        if not self.killed:  # else one may be sent again whose answer got lost
            assert len(self.server.submits()) == len(self.dropped)

    async def canary(self) -> Canary:
        async with self.station.client() as client:
            return await client.canary("line1")

    async def until(self, true: Callable[[Canary], object], *, seconds: float = 40.0) -> Canary:
        """Wait until the canary is so."""
        found: Canary | None = None

        async def ask() -> Canary | None:
            nonlocal found
            found = await self.canary()
            return found if true(found) else None

        seen = await answer(ask, seconds=seconds, what=lambda: f"that: {found}", every=0.05)
        assert seen is not None
        return seen

    async def compared(self, files: int) -> None:
        """Wait until so many files are."""
        await self.until(lambda one: one.compared >= files)

    async def promote(self, **decided: Any) -> Promoted:
        """Let it go live; `decided`: despite_differences, base, canary."""
        async with self.station.client() as client:
            return await client.promote_canary("line1", **decided)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with Station(tmp_path) as station:
        server = await station.server()
        folder = {"converters": ["rig"], "include": ["*.txt"], "options": {}}
        line = await station.line("line1", server, "delete", folder=folder, patch={"convert.timeout": 3.0})
        rig(station.home.converters("line1"), "1")
        bench = Bench(station, server, line, tmp_path)
        await bench.up()
        yield bench


async def test_what_is_alike_and_what_differs_is_counted_and_kept(bench: Bench) -> None:
    started = await bench.start("2", "value = '5.5' if serial == 'SN0002' else value", files=3)
    assert (started.converter, started.version, started.beside, started.files) == ("rig", "2", "rig", 3)
    for compared in (1, 2, 3):
        bench.drop()
        await bench.compared(compared)
    done = await bench.canary()
    assert (done.same, done.different, done.failed, done.refused, done.ended) == (2, 1, 0, 0, Ended.DONE)
    [file] = done.found
    assert (file.name, file.verdict, file.count) == ("SN0002.txt", Verdict.DIFFERENT, 1)
    [value] = file.values
    assert (value.path, value.old, value.new) == ("Voltage: numericMeas[0].value", "5.0", "5.5")
    assert done.beside_reader.startswith("rig, version 1, code ")
    assert done.seconds > 0 < done.beside_seconds
    await bench.delivered()
    snapshot = await bench.station.instance("line1")
    assert snapshot.canary == done.status()
    assert (await bench.station.status()).problems == ()
    log = (bench.station.home.log / "agent.log").read_text()
    assert "canary: rig version 2 has seen its 3 files: 2 same, 1 different" in log
    await until(lambda: not list(bench.folder.glob("kept/*")), what="the end of the copies")
    bench.drop()
    await bench.delivered()
    assert (await bench.canary()).compared == 3


@pytest.mark.parametrize(
    ("hook", "verdict", "told"),
    [
        ("raise ConversionError('no such board')", Verdict.REFUSED, "no such board"),
        ("value = 1 / 0", Verdict.FAILED, "ZeroDivisionError"),
        ("os._exit(7)", Verdict.FAILED, "7"),
        ("x = bytearray(1 << 42)", Verdict.FAILED, "memory"),
        (HANG, Verdict.FAILED, "3 s"),
        (LITTER, Verdict.FAILED, "more than 512 MB"),
        (f"{LITTER}; {HANG}", Verdict.FAILED, "more than 512 MB"),
    ],
)
async def test_a_canary_that_fails_is_told_and_holds_nothing_up(
    bench: Bench, hook: str, verdict: Verdict, told: str
) -> None:
    await bench.start("2", hook)
    bench.drop()
    found = await bench.until(lambda one: one.compared)
    assert getattr(found, verdict.value) == found.compared == 1
    assert told in found.found[0].text
    assert str(bench.folder) not in found.found[0].text
    assert not list(bench.folder.glob("work/work/*"))
    await bench.delivered()
    assert (await bench.station.status()).problems == ()
    assert (await bench.station.instance("line1")).counts.error == 0


async def test_a_canary_is_not_told_where_the_original_lies(bench: Bench) -> None:
    seen = "[repr(one.frame.f_locals) for one in __import__('inspect').stack()]"
    told = f"any({str(bench.inbox)!r} in one for one in {seen})"
    names = f"(source.name, source.folder) == ('SN0001.txt', {bench.inbox.name!r})"
    await bench.start("2", f"value = '5.5' if {told} else '5.6' if not {names} else value", files=1)
    bench.drop()
    done = await bench.until(lambda one: one.ended)
    assert done.found == ()
    assert done.same == 1


async def test_live_files_go_on_while_a_canary_hangs_and_those_beyond_its_queue_are_skipped(
    bench: Bench,
) -> None:
    await bench.start("2", HANG)
    for _ in range(30):
        bench.drop()
    began = time.monotonic()
    await bench.delivered()
    assert time.monotonic() - began < 30
    found = await bench.until(lambda one: one.skipped)
    assert found.skipped >= 30 - 8 - found.compared - 1
    first = found.first_skipped
    assert first is not None
    assert first.name.removesuffix(".txt") in bench.dropped
    assert (first.verdict, first.text) == (Verdict.SKIPPED, "8 files waited for the canary already.")
    async with bench.station.client() as client:
        with pytest.raises(ControlError, match="line1 has another canary by now: rig version 2") as other:
            await client.stop_canary("line1", canary="the one before")
        assert (other.value.status, other.value.code) == (409, "changed")
        assert (await bench.canary()).running
        stopped = await client.stop_canary("line1", canary=found.id)
    assert stopped.ended is Ended.STOPPED
    await until(lambda: not bench.folder.joinpath("kept").exists(), what="the end of the copies")


async def test_counts_outlive_a_kill_in_the_middle_and_nothing_is_lost_or_doubled(bench: Bench) -> None:
    await bench.start("2", "time.sleep(1.0 if serial > 'SN0001' else 0)", files=3)
    bench.drop()
    await bench.until(lambda one: one.same == 1)
    for _ in range(4):
        bench.drop()
    await until(lambda: list(bench.folder.glob("kept/*")), what="a copy under way")
    await bench.kill()
    found = await bench.until(lambda one: one.same >= 1)
    assert (found.version, found.running) == ("2", True)
    await bench.delivered()
    while (await bench.canary()).running:
        now = (await bench.canary()).compared
        bench.drop()
        await bench.compared(now + 1)
    await bench.delivered()
    assert (await bench.canary()).ended is Ended.DONE
    assert await bench.station.terminate() == 0
    await bench.up()
    assert (await bench.canary()).same >= 3


async def test_a_folder_that_cannot_be_written_costs_the_canary_alone(bench: Bench) -> None:
    await bench.start("2")
    bench.drop()
    await bench.until(lambda one: one.same == 1)
    kept = bench.folder / "kept"
    await until(lambda: not list(kept.iterdir()), what="the end of the copy")
    kept.rmdir()
    kept.write_text("somebody's file")
    bench.drop()
    await bench.delivered()
    found = await bench.until(lambda one: one.skipped)
    assert (found.compared, found.skipped) == (1, 1)
    assert found.first_skipped is not None
    assert found.first_skipped.lines() == ["- SN0002.txt: skipped. It cannot be copied: Not a directory."]
    assert (await bench.station.status()).problems == ()


async def test_a_state_that_cannot_be_written_is_lost_alone(bench: Bench) -> None:
    await bench.start("2")
    state = bench.folder / "state.json"
    state.unlink()
    state.mkdir()
    bench.drop()
    assert (await bench.until(lambda one: one.compared)).same == 1
    await bench.delivered()
    await bench.kill()
    bench.drop()
    await bench.delivered()


async def test_one_that_makes_the_same_goes_live_and_the_former_one_comes_back(bench: Bench) -> None:
    await bench.start("2", files=1)
    with pytest.raises(ControlError, match="No file was compared yet") as refused:
        await bench.promote()
    assert (refused.value.status, refused.value.code) == (409, "differs")
    bench.drop()
    await bench.until(lambda one: one.ended is Ended.DONE)
    with pytest.raises(ControlError) as changed:
        await bench.promote(base="0-0-0")
    assert (changed.value.status, changed.value.code) == (409, "changed")
    with pytest.raises(ControlError, match="line1 has another canary by now: rig version 2") as other:
        await bench.promote(canary="the one before")
    assert (other.value.status, other.value.code) == (409, "changed")
    done = await bench.promote(canary=(await bench.canary()).id)
    live = bench.station.home.converters("line1") / "rig.py"
    assert live.read_text() == (bench.new / "rig.py").read_text()
    assert any("is kept as" in one for one in done.changed)
    assert done.canary.ended is Ended.PROMOTED
    await read_by(bench, "rig, version 2")
    [back] = done.back
    words = back.split()
    assert words[:3] == ["stationmaster", "converter", "install"]
    assert (await bench.station.command(*words[1:])).returncode == 0
    await read_by(bench, "rig, version 1")
    assert (await bench.promote()).changed  # it may be done again


async def test_settings_that_cannot_be_written_leave_the_files_as_they_were(bench: Bench) -> None:
    await bench.start("1", name="rig-two", beside="rig", files=1)
    bench.drop()
    await bench.until(lambda one: one.ended is Ended.DONE)
    folder = bench.station.home.converters("line1")
    place = bench.station.home.instance_file("line1")
    before = sorted(one.name for one in folder.glob("*.py")), place.read_text()
    blocked = place.with_name(f".{place.name}.tmp")
    blocked.mkdir()
    with pytest.raises(ControlError, match="cannot be written"):
        await bench.promote()
    assert (sorted(one.name for one in folder.glob("*.py")), place.read_text()) == before
    after = await bench.canary()
    assert (after.ended, after.back) == (Ended.DONE, ())
    blocked.rmdir()
    done = await bench.promote()
    assert (done.canary.ended, [one.split()[0] for one in done.back]) == (
        Ended.PROMOTED,
        ["stationmaster", "rm"],
    )


async def test_a_promotion_that_a_kill_ended_last_of_all_can_be_taken_back_and_is_ended_by_the_next(
    bench: Bench,
) -> None:
    await bench.start("2", files=1)
    bench.drop()
    await bench.until(lambda one: one.ended is Ended.DONE)
    done = await bench.promote()
    bench.station.kill()
    store = CanaryStore(bench.station.home, "line1")
    store.write(msgspec.structs.replace(done.canary, ended=Ended.DONE))  # what it held until then
    await bench.up()
    shown = await bench.station.command("converter", "canary", "show", "line1")
    assert shown.stderr.endswith("promote it again. To go back:\n")
    assert shown.stdout.splitlines()[-1] == done.back[0]
    again = await bench.promote()
    assert (again.canary.ended, again.changed, again.back) == (Ended.PROMOTED, (), done.back)


async def test_who_stops_one_that_is_being_promoted_comes_after_the_promotion(bench: Bench) -> None:
    await bench.start("2")
    bench.drop()
    await bench.compared(1)
    lock = FileLock(bench.station.home.lock)
    lock.acquire()
    try:
        promotion = asyncio.create_task(bench.promote())
        await bench.until(lambda one: one.back)  # it waits for the lock
        async with bench.station.client() as client, bench.station.client() as other:
            stop = asyncio.create_task(client.stop_canary("line1"))
            for _ in range(20):
                await other.canary("line1")
            lock.release()
            assert (await stop).ended is Ended.PROMOTED
    finally:
        lock.release()
    assert (await promotion).canary == await bench.canary()


async def read_by(bench: Bench, reader: str) -> None:
    """Drop files until one is read by that version: a changed converter is taken up within seconds."""

    async def newest() -> bool:
        bench.drop()
        await bench.delivered()
        async with bench.station.client() as client:
            entry = (await client.entries("line1", limit=1))[0]
            history = await client.history("line1", entry.id)
        return any(one.what == "converted" and one.detail.startswith(f"{reader}, ") for one in history)

    await answer(newest, what=f"a file that is read by {reader}", every=0.3)


async def test_differences_keep_it_from_going_live_unless_that_is_said(bench: Bench) -> None:
    await bench.start("2", "value = '5.5'")
    bench.drop()
    await bench.until(lambda one: one.different)
    before = (bench.station.home.converters("line1") / "rig.py").read_text()
    with pytest.raises(ControlError, match="Of 1 file: 1 different") as refused:
        await bench.promote()
    assert "--despite-differences" in str(refused.value)
    assert (bench.station.home.converters("line1") / "rig.py").read_text() == before
    assert (await bench.canary()).running
    assert (await bench.promote(despite_differences=True)).canary.ended is Ended.PROMOTED


async def test_it_goes_live_with_the_modules_alone_that_it_was_compared_with(bench: Bench) -> None:
    live = bench.station.home.converters("line1")
    (live / "_units.py").write_text("FACTOR = 1\n")
    started = await bench.start("2", "import _units; value = float(value) * _units.FACTOR", files=1)
    assert list(started.shared) == ["_units.py"]
    before = (live / "rig.py").read_text()
    bench.drop()
    await bench.until(lambda one: one.same)
    (live / "_units.py").write_text("FACTOR = 2\n")
    with pytest.raises(ControlError, match=r"_units\.py is not what was compared"):
        await bench.promote()
    assert (live / "rig.py").read_text() == before
    (live / "_units.py").write_text("FACTOR = 1\n")
    assert (await bench.promote()).canary.ended is Ended.PROMOTED


async def test_another_name_goes_live_by_the_settings_whose_comments_stay(bench: Bench) -> None:
    place = bench.station.home.instance_file("line1")
    place.write_text(f"# ours, since 2019\n{place.read_text()}")
    await bench.start("1", name="rig-two", beside="rig", files=1)
    bench.drop()
    await bench.until(lambda one: one.ended is Ended.DONE)
    done = await bench.promote()
    assert "watch.0.converters is rig-two instead of rig." in done.changed
    assert place.read_text().startswith("# ours, since 2019\n")
    assert bench.station.store.load("line1").watch[0].converters == ("rig-two",)
    bench.drop()
    await bench.delivered()
    async with bench.station.client() as client:
        newest = (await client.entries("line1", limit=1))[0]
    assert newest.converter == "rig-two"
    assert (await bench.canary()).ended is Ended.PROMOTED
    edit, removal = done.back
    assert edit == "stationmaster instance edit line1 --set watch.0.converters=rig"
    assert removal.startswith("rm ")
    assert (await bench.station.command(*edit.split()[1:])).returncode == 0
    assert bench.station.store.load("line1").watch[0].converters == ("rig",)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (CanaryRequest(converter="rig"), "is the live converter itself"),
        (CanaryRequest(converter="wsfj", beside="rig"), "no converter wsfj"),
        (CanaryRequest(converter="wsjf", beside="rgi"), "no converter rgi"),
        (CanaryRequest(), "Name one of the two"),
        (CanaryRequest(filename="rig.exe", content="x"), "neither a Python module nor a mapping"),
        (CanaryRequest(filename="rig.py", content="import nothing_of_that_name"), "nothing_of_that_name"),
        (CanaryRequest(converter="wsjf", beside="rig", files=0), "must be 1 to"),
        (CanaryRequest(converter="wsjf", beside="rig", sources=("/nowhere",)), "no source /nowhere"),
    ],
)
async def test_what_cannot_begin_is_refused_with_the_reason(
    bench: Bench, request_: CanaryRequest, told: str
) -> None:
    async with bench.station.client() as client:
        with pytest.raises(ControlError, match=told) as refused:
            await client.start_canary("line1", request_)
        assert (refused.value.status, refused.value.code) == (400, "usage")
        assert not (bench.folder / "converter.new").exists(), "what was laid down for it"
        with pytest.raises(ControlError, match="has no canary") as none:
            await client.canary("line1")
        assert none.value.status == 404


async def test_the_live_one_itself_is_no_canary_and_one_changed_byte_is(bench: Bench) -> None:
    live = (bench.station.home.converters("line1") / "rig.py").read_text()
    async with bench.station.client() as client:
        with pytest.raises(ControlError, match=r"rig\.py is the live converter rig itself") as refused:
            await client.start_canary("line1", CanaryRequest(filename="rig.py", content=live))
        assert (refused.value.status, refused.value.code) == (400, "usage")
        began = await client.start_canary("line1", CanaryRequest(filename="rig.py", content=f"{live}\n"))
        assert began.converter == "rig"


async def test_there_is_one_at_a_time_and_another_one_after_it(bench: Bench) -> None:
    await bench.start("2")
    with pytest.raises(ControlError, match="has a canary already") as refused:
        await bench.start("3")
    assert (refused.value.status, refused.value.code) == (409, "running")
    async with bench.station.client() as client:
        await client.stop_canary("line1")
    await bench.start("3", files=1)
    bench.drop()
    done = await bench.until(lambda one: one.ended)
    assert (done.version, done.same, done.ended) == ("3", 1, Ended.DONE)


async def test_a_new_one_that_cannot_begin_leaves_the_former_as_it_was(bench: Bench) -> None:
    await bench.start("2", files=1)
    bench.drop()
    before = await bench.until(lambda one: one.ended)
    text = (bench.new / "rig.py").read_text()
    bad = text.replace("import os", "import nothing_of_that_name")
    async with bench.station.client() as client:
        for content, beside in ((text, "rgi"), (bad, "")):
            with pytest.raises(ControlError, match=r"nothing_of_that_name|no converter rgi"):
                await client.start_canary(
                    "line1", CanaryRequest(filename="rig.py", content=content, beside=beside)
                )
    assert await bench.canary() == before
    assert (await bench.promote()).canary.ended is Ended.PROMOTED


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe stands for a disk that is slow")
async def test_one_that_is_not_read_yet_after_a_restart_is_not_replaced(bench: Bench) -> None:
    await bench.start("2")
    bench.station.kill()
    state = bench.folder / "state.json"
    text = state.read_text()
    state.unlink()
    os.mkfifo(state)
    await bench.up()
    start = asyncio.create_task(bench.start("3"))
    async with bench.station.client() as client:
        for _ in range(5):  # that reads settings as well, in the same thread: the start got as far
            await client.config("line1")
    await asyncio.to_thread(state.write_text, text)
    with pytest.raises(ControlError, match="has a canary already: rig version 2"):
        await start
    assert ((await bench.canary()).version, (await bench.canary()).running) == ("2", True)


async def test_an_instance_that_is_removed_and_made_anew_has_no_canary(bench: Bench) -> None:
    await bench.start("2")
    bench.drop()
    await bench.compared(1)
    await bench.delivered()
    other = await bench.station.server()
    async with bench.station.client() as client:
        await client.remove_instance("line1")
        assert not (bench.folder / "state.json").exists()
        await client.add_instance(AddRequest(name="line1", server=other.url, patch={"secrets.store": "file"}))
        await bench.running()
        with pytest.raises(ControlError, match="has no canary"):
            await client.canary("line1")


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe stands for an import that takes its time")
@pytest.mark.parametrize("removed", [True, False])
async def test_the_instance_is_looked_up_again_once_the_code_is_laid_down(
    bench: Bench, tmp_path: Path, *, removed: bool
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = f"open({str(pipe)!r}).read()\n" + rig(bench.new, "2").read_text()
    async with bench.station.client() as starter, bench.station.client() as client:
        start = asyncio.create_task(
            starter.start_canary("line1", CanaryRequest(filename="rig.py", content=text))
        )
        with await asyncio.to_thread(pipe.open, "w"):  # it is being imported
            if removed:
                await client.remove_instance("line1")
            else:
                await bench.configure({"convert.timeout": 4.0})
        if removed:
            with pytest.raises(ControlError, match='no instance "line1"'):
                await start
            assert not (bench.folder / "state.json").exists()
        else:
            await start
            shown = (await bench.station.instance("line1")).canary
            assert shown is not None
            assert (shown.version, shown.ended) == ("2", None)


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe stands for an import that takes its time")
async def test_a_live_converter_that_is_replaced_meanwhile_is_told_by_what_read_each_file(
    bench: Bench, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = f"open({str(pipe)!r}).read()\n" + rig(bench.new, "2").read_text()
    async with bench.station.client() as client:
        start = asyncio.create_task(
            client.start_canary("line1", CanaryRequest(filename="rig.py", content=text, files=100))
        )
        with await asyncio.to_thread(pipe.open, "w"):  # the live one was looked up before
            rig(bench.station.home.converters("line1"), "3")
        pipe.unlink()
        pipe.write_text("")  # nobody waits here any more
        assert (await start).beside == "rig"
    await read_by(bench, "rig, version 3")
    bench.drop()
    done = await bench.until(lambda one: one.beside_reader.startswith("rig, version 3, "))
    assert (done.same, done.failed) == (done.compared, 0)


async def test_only_the_sources_that_are_named_are_seen(bench: Bench) -> None:
    await bench.start("2", sources=(str(bench.inbox),), files=1)
    async with bench.station.client() as client:
        await client.submit("line1", b"SN9000,5.0\n", filename="s.txt", converter="rig")
    await bench.station.until(
        lambda snapshot: snapshot.instances[0].counts.completed == 1, what="the submitted file"
    )
    assert (await bench.canary()).compared == 0
    bench.dropped.append("SN9000")
    bench.drop()
    assert (await bench.until(lambda one: one.ended)).same == 1


async def test_where_a_folder_has_several_converters_the_canary_is_asked_too(bench: Bench) -> None:
    name, place = "line1", bench.station.home.converters("line1")
    knows = "    def detect(self, glimpse):\n        return {}\n\n    def convert("
    for version, confidence in (("1", "90"), ("2", "0")):
        file = rig(place if version == "1" else bench.new, version)
        file.write_text(file.read_text().replace("    def convert(", knows.format(confidence)))
    await bench.configure({"watch.0.converters": ["wsjf", "rig"]})
    text = (bench.new / "rig.py").read_text()
    async with bench.station.client() as client:
        await client.start_canary(name, CanaryRequest(filename="rig.py", content=text))
    bench.drop()
    found = await bench.until(lambda one: one.compared)
    assert (found.refused, found.found[0].verdict) == (1, Verdict.REFUSED)
    assert "knows SN0001.txt" in found.found[0].text
    await bench.delivered()


async def test_a_file_that_grows_is_compared_once_and_keeps_its_converters_name(bench: Bench) -> None:
    grows = "            yield report\n        yield Resume(offset=source.size, state={})\n"
    names = "from stationmaster.api import ConversionError, Resume, "
    await bench.configure({"watch.0.after": "keep"})
    for name, folder in (("rig", bench.station.home.converters("line1")), ("rig-two", bench.new)):
        file = rig(folder, "1", name=name, file=f"{name}.py")
        text = file.read_text().replace("            yield report\n", grows)
        text = text.replace("from stationmaster.api import ConversionError, ", names)
        text = text.replace("source.read_text()", "source.read_text()[resume.offset if resume else 0:]")
        file.write_text(text)
    text = (bench.new / "rig-two.py").read_text()
    async with bench.station.client() as client:
        await client.start_canary(
            "line1", CanaryRequest(filename="rig-two.py", content=text, beside="rig", files=5)
        )
    place = bench.inbox / "log.txt"
    place.write_text("SN1,5.0\n")
    assert (await bench.until(lambda one: one.compared)).same == 1
    with place.open("a") as file_:
        file_.write("SN2,5.0\n")
    found = await bench.until(lambda one: one.skipped)
    assert (found.same, found.skipped, found.grows) == (1, 1, True)
    assert found.first_skipped is not None
    assert found.first_skipped.text == "It grew, and the live converter read only what was new."
    with pytest.raises(ControlError, match="Files of rig grow"):
        await bench.promote()
    assert bench.station.store.load("line1").watch[0].converters == ("rig",)
