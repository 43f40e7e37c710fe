"""In which order files are offered: live ones, bursts, batch work, folders in turn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakes.ingest import NOW, Rig, folder_at, write
from stationmaster.config.schema import LaneChoice
from stationmaster.model import Lane


async def test_a_burst_is_batch_work_and_what_comes_after_it_is_live(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        for number in range(600):
            write(tmp_path / f"burst-{number}.xml")
        await rig.scan()
        write(tmp_path / "live.xml")
        await rig.go(4)

        claims = rig.take()

        lanes = {claim.state.path.name: claim.lane for claim in claims}
        assert len(lanes) == len(claims) == 601
        assert lanes.pop("live.xml") is Lane.LIVE
        assert set(lanes.values()) == {Lane.BATCH}
        assert claims[0].state.path.name == "live.xml"


async def test_a_burst_larger_than_the_window_comes_in_parts(tmp_path: Path) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        for number in range(5_000):
            (tmp_path / f"{number}.xml").touch()
        names: set[str] = set()
        rig.watcher.nudge()
        await rig.quiet()
        assert rig.watcher.waiting == 5_000
        assert len(rig.watcher._folders[0].roster.pending) <= 2_000
        for _ in range(5):
            await rig.go(1.2, 0.6)
            names |= set(rig.names())

        assert len(names) == 5_000


@pytest.mark.parametrize(("size", "age", "lane"), [
    (10, 1.0, Lane.LIVE),
    (10, 700.0, Lane.BATCH),
    (9 * 1024 * 1024, 1.0, Lane.BATCH),
])  # fmt: skip
async def test_the_lane_of_a_file(tmp_path: Path, size: int, age: float, lane: Lane) -> None:
    async with Rig([folder_at(tmp_path)]) as rig:
        path = tmp_path / "a.xml"
        with path.open("wb") as file:
            file.truncate(size)
        os.utime(path, (NOW - age, NOW - age))
        await rig.scan()

        assert [claim.lane for claim in rig.take()] == [lane]


async def test_batch_work_gets_one_claim_in_eight(tmp_path: Path) -> None:
    live, batch = tmp_path / "live", tmp_path / "batch"
    for number in range(30):
        write(live / f"{number}.xml")
        write(batch / f"{number}.xml")
    folders = [folder_at(live), folder_at(batch, lane=LaneChoice.BATCH)]
    async with Rig(folders) as rig:
        await rig.scan()
        lanes = []
        for _ in range(16):
            claim = await rig.watcher.claim()
            assert claim is not None
            lanes.append(claim.lane)

        assert lanes.count(Lane.BATCH) == 2


async def test_folders_take_turns(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        for number in range(5):
            write(folder / f"{number}.xml")
    async with Rig([folder_at(folder) for folder in folders]) as rig:
        await rig.scan()
        claims = rig.take()

    parents = [claim.state.path.parent.name for claim in claims]
    assert all(set(parents[start : start + 3]) == set("abc") for start in range(0, 15, 3))


async def test_hints_at_more_than_a_handful_of_new_files_are_a_burst(tmp_path: Path) -> None:
    names = {f"{number}.xml" for number in range(510)}
    async with Rig([folder_at(tmp_path)]) as rig:
        for name in names:
            write(tmp_path / name)
        rig.watcher._folders[0]._on_change(names)
        await rig.quiet()
        await rig.go(1.2)

        lanes = [claim.lane for claim in rig.take()]
        assert (lanes.count(Lane.LIVE), lanes.count(Lane.BATCH)) == (500, 10)
