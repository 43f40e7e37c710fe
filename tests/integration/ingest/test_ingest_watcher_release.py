"""Releases through the watcher: what is moved, what stays, and what an earlier run left hidden."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from fakes.ingest import Rig, codes, folder_at, row_of, write
from stationmaster.config.schema import After
from stationmaster.errors import NeedsUserError
from stationmaster.ingest import plan
from stationmaster.ingest.claim import Outcome
from stationmaster.ingest.files import LocalFiles
from stationmaster.ingest.release import Standing
from stationmaster.ingest.scan import Selection
from stationmaster.model import ProblemCode, SourceState


async def test_what_lies_there_in_place_of_what_was_taken_is_new(tmp_path: Path) -> None:
    """Whether that is found before or after the file counts as dealt with."""
    path = tmp_path / "in" / "a.xml"
    async with Rig([folder_at(tmp_path / "in", after=After.DELETE)]) as rig:
        write(path, "one")
        for text, dealt_with_first in (("two", False), ("six", True)):
            await rig.scan()
            (claim,) = rig.take()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            job = plan.after_commit(
                claim.folder, claim.state, archive=tmp_path, taken_at=rig.clock.now(), digest=digest
            )
            write(path, text)
            os.utime(path, ns=(0, claim.state.mtime_ns))
            if dealt_with_first:
                rig.watcher.done(claim, Outcome.CONVERTED)
                await rig.go(1.0)
            assert (await rig.watcher.release(claim.key, job)).standing is Standing.CHANGED
            if not dealt_with_first:
                rig.watcher.done(claim, Outcome.CONVERTED)
            assert path.read_text() == text
        await rig.go(1.5)

        assert rig.names() == ["a.xml"]
        await rig.go(60.0, 1.0)
        assert rig.names() == [], "and it is offered once"


async def test_release_moves_and_the_name_may_be_used_again(tmp_path: Path) -> None:
    folder = folder_at(
        tmp_path / "in", after=After.MOVE, move_to=str(tmp_path / "in" / "done"), recursive=True
    )
    (tmp_path / "in").mkdir()
    async with Rig([folder]) as rig:
        for number in range(3):
            write(tmp_path / "in" / "result.xml", f"unit {number}")
            rig.watcher._folders[0]._on_change({"result.xml"})
            await rig.quiet()
            await rig.go(1.5)
            (claim,) = rig.take()
            job = plan.after_commit(folder, claim.state, archive=tmp_path, taken_at=rig.clock.now())
            released = await rig.watcher.release(claim.key, job)
            assert released.standing is Standing.DONE
            rig.watcher.done(claim, Outcome.CONVERTED)
            await rig.go(0.5)

    assert sorted(path.name for path in (tmp_path / "in" / "done").iterdir()) == [
        "result (2).xml",
        "result (3).xml",
        "result.xml",
    ]


async def test_a_release_that_fails_is_a_problem_until_it_works(tmp_path: Path) -> None:
    blocked = tmp_path / "done"
    blocked.write_text("a file where the folder should be")
    folder = folder_at(tmp_path / "in", after=After.MOVE, move_to=str(blocked))
    write(tmp_path / "in" / "a.xml")
    async with Rig([folder]) as rig:
        await rig.scan()
        (claim,) = rig.take()
        job = plan.after_commit(folder, claim.state, archive=tmp_path, taken_at=rig.clock.now())
        for _ in range(2):
            with pytest.raises(NeedsUserError) as caught:
                await rig.watcher.release(claim.key, job)
            assert caught.value.code is ProblemCode.RELEASE_FAILED
        rig.watcher.done(claim, Outcome.CONVERTED)
        await rig.go(30, 1.0)
        (problem,) = rig.watcher.problems()
        assert problem.code is ProblemCode.RELEASE_FAILED
        assert (rig.clock.now() - problem.since).total_seconds() == pytest.approx(30.0)
        assert rig.take() == []
        blocked.unlink()

        assert (await rig.watcher.release(claim.key, job)).standing is Standing.DONE
        assert codes(rig) == []
        assert (blocked / "a.xml").exists()


async def test_a_file_of_a_folder_that_is_not_watched_any_more_is_released(tmp_path: Path) -> None:
    path = write(tmp_path / "old" / "a.xml")
    folder = folder_at(path.parent, after=After.DELETE)
    row = row_of(path.parent, path)
    state = SourceState(path=path, size=row.size, mtime_ns=row.mtime_ns)
    async with Rig([]) as rig:
        job = plan.after_commit(folder, state, archive=tmp_path, taken_at=rig.clock.now())
        await rig.watcher.release(row.folder, job)

    assert not path.exists()


async def test_a_file_hidden_by_a_killed_release_gets_its_name_back(tmp_path: Path) -> None:
    write(tmp_path / ".stationmaster-0123abcd-a.xml")
    async with Rig([folder_at(tmp_path)]) as rig:
        await rig.go(30, 1.0)
        assert rig.take() == []
        await rig.go(40, 1.0)

        assert rig.names() == ["a.xml"]


async def test_a_hidden_file_that_cannot_get_its_name_back_is_no_trouble_for_others(tmp_path: Path) -> None:
    hidden = write(tmp_path / ".stationmaster-0123abcd-a.xml")

    class Refusing(LocalFiles):
        async def put_back(self, name: str) -> None:
            raise PermissionError(13, "Permission denied", name)

    def make(root: str, selection: Selection, *, child: bool) -> LocalFiles:
        return Refusing(root, selection, copier=lambda: make(root, selection, child=child))

    async with Rig([folder_at(tmp_path)], make=make) as rig:
        await rig.go(100, 1.0)
        write(tmp_path / "b.xml")
        await rig.go(4)

        assert rig.names() == ["b.xml"]
        assert hidden.exists()
