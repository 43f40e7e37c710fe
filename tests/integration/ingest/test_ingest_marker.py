"""A sub-folder whose marker never comes is a Problem: when, for which, and until when."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.ingest import Rig, folder_at
from fakes.rack import MARKER, unit
from stationmaster.config.schema import NetworkChoice, WatchFolder
from stationmaster.ingest.claim import Outcome
from stationmaster.model import Problem, ProblemCode, Severity

LIMIT = 60.0


def watched(path: Path, **settings: object) -> WatchFolder:
    return folder_at(path, marker=MARKER, incomplete_after=LIMIT, **settings)


def missing(rig: Rig) -> Problem | None:
    found = [one for one in rig.watcher.problems() if one.code is ProblemCode.MARKER_MISSING]
    assert len(found) <= 1
    return found[0] if found else None


def _comes(folder: Path) -> None:
    (folder / MARKER).touch()


@pytest.mark.parametrize("network", [NetworkChoice.NO, NetworkChoice.YES])
@pytest.mark.parametrize("ends", [_comes, shutil.rmtree])
async def test_it_names_the_folder_until_the_marker_comes_or_the_folder_goes(
    tmp_path: Path, ends: Callable[[Path], None], network: NetworkChoice
) -> None:
    folder = unit(tmp_path, "caf\xe9 1", done=False)
    async with Rig([watched(tmp_path, network=network)]) as rig:
        await rig.go(LIMIT - 15, step=5.0)
        assert missing(rig) is None
        await rig.go(30, step=5.0)
        problem = missing(rig)
        assert problem is not None
        assert (problem.severity, problem.subject) == (Severity.WARNING, str(tmp_path))
        assert folder.name in problem.text
        assert MARKER in problem.text
        ends(folder)
        await rig.scan()
        assert missing(rig) is None


async def test_a_folder_in_which_something_still_happens_is_none(tmp_path: Path) -> None:
    folder = unit(tmp_path, "SN-1", done=False)
    async with Rig([watched(tmp_path)]) as rig:
        for number in range(4):
            await rig.go(LIMIT * 0.8, step=5.0)
            assert missing(rig) is None
            with (folder / "result.csv").open("a") as file:
                file.write(f"{number},1.0\n")
        await rig.go(LIMIT * 1.2, step=5.0)
        assert missing(rig) is not None


async def test_several_are_told_of_at_once_the_first_since_when(tmp_path: Path) -> None:
    async with Rig([watched(tmp_path)]) as rig:
        for number in range(3):
            unit(tmp_path, f"SN-{number}", done=False)
            await rig.go(10, step=5.0)
        began = rig.clock.now()
        await rig.go(LIMIT, step=5.0)
        problem = missing(rig)
        assert problem is not None
        assert "SN-0 and 2 more" in problem.text
        assert problem.since < began


async def test_a_folder_of_another_watch_folder_is_none(tmp_path: Path) -> None:
    unit(tmp_path, "singly", done=False)
    unit(tmp_path / "lines", "a", done=False)
    folders = [watched(tmp_path), folder_at(tmp_path / "singly"), folder_at(tmp_path / "lines" / "a")]
    async with Rig(folders) as rig:
        await rig.go(LIMIT * 1.5, step=5.0)
        assert missing(rig) is None


async def test_a_taken_folder_that_stays_is_none(tmp_path: Path) -> None:
    unit(tmp_path, "SN-1")
    async with Rig([watched(tmp_path)]) as rig:
        await rig.scan()
        assert rig.names(Outcome.CONVERTED) == ["SN-1"]
        await rig.go(LIMIT * 1.5, step=5.0)
        assert missing(rig) is None


async def test_while_the_watch_folder_is_away_that_is_the_problem(tmp_path: Path) -> None:
    box = tmp_path / "box"
    unit(box, "SN-1", done=False)
    async with Rig([watched(box)]) as rig:
        await rig.go(LIMIT * 1.5, step=5.0)
        assert missing(rig) is not None
        box.rename(tmp_path / "away")
        await rig.scan()
        assert [one.code for one in rig.watcher.problems()] == [ProblemCode.FOLDER_MISSING]
