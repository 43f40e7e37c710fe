"""Files that are left for the agent: whole or not there, whoever else leaves one of the same name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes.rights import rights_count
from stationmaster.errors import StationmasterError
from stationmaster.home.paths import Home
from stationmaster.submit import leave, leave_raw


def test_several_programs_at_once_leave_one_of_them_whole(tmp_path: Path) -> None:
    contents = [bytes([letter]) * (200_000 - letter) for letter in range(65, 73)]
    with ThreadPoolExecutor(max_workers=len(contents)) as programs:
        for _ in range(20):
            places = list(programs.map(lambda content: leave(tmp_path, "a.queued", content), contents))
            assert set(places) == {tmp_path / "a.queued"}
            assert (tmp_path / "a.queued").read_bytes() in contents
    assert [one.name for one in tmp_path.iterdir()] == ["a.queued"]


def test_what_the_disk_refuses_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    place = leave(tmp_path, "a.queued", b"before")
    place.unlink()
    place.mkdir()
    with pytest.raises(StationmasterError, match=r"a\.queued cannot be written"):
        leave(tmp_path, "a.queued", b"after")
    assert [one.name for one in tmp_path.iterdir()] == ["a.queued"]
    tmp_path.chmod(0o500)
    with rights_count(), pytest.raises(StationmasterError, match="Permission denied"):
        leave(tmp_path, "b.queued", b"x")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("name", ["部" * 100 + ".xml", "é" * 300 + ".xml", "x" * 1000 + ".xml", "...", ""])
def test_long_and_odd_names_are_taken(tmp_path: Path, name: str) -> None:
    home = Home.find(env={"STATIONMASTER_HOME": str(tmp_path)})
    place, fresh = leave_raw(home, "line1", "junit", filename=name, content=b"x")
    assert fresh
    assert place.read_bytes() == b"x"
    assert place.suffix == Path(name).suffix
    assert len(place.name.encode()) <= 255
