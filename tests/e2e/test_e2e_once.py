"""`agent run --once`: take what is there, deliver it, leave."""

from __future__ import annotations

from pathlib import Path

from fakes.oracle_script import Act
from fakes.server import answer
from fakes.station import Station


async def test_it_delivers_everything_and_leaves(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        lines = [
            await station.line(name, await station.server(delay=0.05), "archive", "delete")
            for name in ("line1", "line2")
        ]
        for line in lines:
            for box in line.inboxes:
                for _ in range(10):
                    box.drop(line.equipment.any())
        station.agent = station.spawn(more=("--once",))
        assert await station.gone(seconds=60) == 0
        assert not [fault for line in lines for fault in line.faults()]


async def test_with_a_server_that_is_down_it_gives_up_in_time_and_keeps_everything(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", server := await station.server(), "archive")
        server.stop()
        line.inboxes[0].drop(line.equipment.any())
        station.agent = station.spawn(more=("--once", "--timeout", "4"))
        assert await station.gone() == 5
        await server.start()
        station.agent = station.spawn(more=("--once",))
        assert await station.gone() == 0
        assert not line.faults()


async def test_a_file_in_error_needs_a_person(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "archive")
        line.inboxes[0].drop(line.equipment.any())
        line.inboxes[0].spoil(b'{"no": "report"}', "bad.json")
        station.agent = station.spawn(more=("--once",))
        assert await station.gone() == 4
        assert not line.faults()


async def test_a_stop_before_everything_is_delivered_is_told(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        line = await station.line("line1", server, "archive", patch={"server.timeout": 5.0})
        await server.rules(answer(Act.HANG))
        line.inboxes[0].drop(line.equipment.any())
        station.agent = station.spawn(more=("--once",))
        await station.up()
        await station.until(lambda snapshot: snapshot.instances and snapshot.instances[0].counts.processing)
        assert await station.terminate() == 5
        await server.rules()
        station.agent = station.spawn(more=("--once",))
        assert await station.gone() == 0
        assert not line.faults()


async def test_what_was_not_taken_is_told(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "archive")
        line.inboxes[0].path.rmdir()
        station.agent = station.spawn(more=("--once",))
        assert await station.gone() == 4, "the folder is missing"
        line.inboxes[0].path.mkdir()
        half = line.inboxes[0].path / "half.json"
        half.write_bytes(line.equipment.wsjf().content[:-20])
        station.agent = station.spawn(more=("--once", "--timeout", "4"))
        assert await station.gone() == 5, "a file is not complete yet"
        station.store.edit("line1", {"watch.0.incomplete_after": 1.0})
        station.agent = station.spawn(more=("--once",))
        assert await station.gone() == 4, "it went to the error list"
