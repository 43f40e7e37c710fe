"""Folders that are away, refuse, hang or overlap: what is told, what goes on, what is not lost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.ingest import FakeLedger, Rig, codes, folder_at, row_of, write
from fakes.waiting import until
from stationmaster.ingest.claim import Outcome
from stationmaster.ingest.files import FolderHangsError, LocalFiles, Names
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.scan import Selection
from stationmaster.ingest.watcher import Watcher
from stationmaster.model import ProblemCode


async def test_two_overlapping_folders_offer_a_file_once(tmp_path: Path) -> None:
    inner = tmp_path / "line" / "one"
    write(inner / "a.xml")
    write(tmp_path / "b.xml")
    folders = [folder_at(tmp_path, recursive=True), folder_at(inner), folder_at(tmp_path / "link")]
    (tmp_path / "link").symlink_to(inner)
    async with Rig(folders) as rig:
        await rig.scan()
        await rig.go(5)
        claims = rig.take()

        assert sorted(str(claim.state.path.relative_to(tmp_path)) for claim in claims) == [
            "b.xml",
            str(Path("line", "one", "a.xml")),
        ]
        assert set(codes(rig)) == {ProblemCode.FOLDER_OVERLAP}
        texts = [problem.text for problem in rig.watcher.problems()]
        assert any(str(inner) in text for text in texts)


async def test_two_folders_on_one_path_with_other_files_do_not_overlap(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.xml"), write(tmp_path / "b.json")]
    folders = [folder_at(tmp_path, include=("*.xml",)), folder_at(tmp_path, include=("*.json",))]
    ledger = FakeLedger([row_of(tmp_path, path) for path in paths])
    async with Rig(folders, ledger) as rig:
        write(paths[0], "overwritten")
        await rig.go(40, 1.0)
        claims = rig.take()

        assert [(claim.state.path, claim.folder) for claim in claims] == [(paths[0], folders[0])]
        assert codes(rig) == []


async def test_a_missing_folder_is_a_problem_that_heals(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    async with Rig([folder_at(folder)]) as rig:
        await rig.go(60, 1.0)
        (problem,) = rig.watcher.problems()
        assert problem.code is ProblemCode.FOLDER_MISSING
        assert (problem.instance, problem.subject) == ("line-1", str(folder))
        assert problem.since == rig.clock._start
        assert not rig.watcher.status()[0].reachable
        write(folder / "a.xml")
        await rig.go(33, 1.0)

        assert rig.names() == ["a.xml"]
        assert codes(rig) == []
        assert rig.watcher.status()[0].reachable


async def test_a_folder_that_goes_away_for_a_while_brings_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    for number in range(10):
        write(folder / f"{number}.xml")
    async with Rig([folder_at(folder)]) as rig:
        await rig.scan()
        assert len(rig.names()) == 10
        folder.rename(tmp_path / "away")
        await rig.go(1000, 10.0)
        assert codes(rig) == [ProblemCode.FOLDER_MISSING]
        (tmp_path / "away").rename(folder)
        await rig.go(60, 1.0)

        assert (rig.take(), codes(rig)) == ([], [])


async def test_an_unmounted_share_looks_empty_and_brings_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    for number in range(10):
        write(folder / f"{number}.xml")
    async with Rig([folder_at(folder)]) as rig:
        await rig.scan()
        rig.names()
        folder.rename(tmp_path / "away")
        folder.mkdir()
        await rig.go(3000, 10.0)
        folder.rmdir()
        (tmp_path / "away").rename(folder)
        await rig.go(60, 1.0)

        assert rig.take() == []
        assert rig.ledger.forgotten == []


async def test_a_folder_that_refuses_is_a_problem_that_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.xml")
    real: Callable[..., object] = os.scandir
    with monkeypatch.context() as patch:

        def refuse(path: str) -> object:
            raise PermissionError(13, "Permission denied", path)

        patch.setattr(os, "scandir", refuse)
        async with Rig([folder_at(tmp_path)]) as rig:
            await rig.go(60, 1.0)
            (problem,) = rig.watcher.problems()
            assert problem.code is ProblemCode.FOLDER_UNREADABLE
            assert "Permission denied" in problem.text

            patch.setattr(os, "scandir", real)
            await rig.go(33, 1.0)
            assert rig.names() == ["a.xml"]
            assert codes(rig) == []


async def test_an_unreadable_sub_folder_is_a_problem_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "good" / "a.xml")
    write(tmp_path / "bad" / "b.xml")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("bad"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    async with Rig([folder_at(tmp_path, recursive=True)]) as rig:
        await rig.scan()
        assert rig.names() == ["a.xml"]
        (problem,) = rig.watcher.problems()
        assert "bad" in problem.text
        monkeypatch.setattr(os, "scandir", real)
        await rig.go(4)

        assert rig.names() == ["b.xml"]
        assert codes(rig) == []


async def test_a_local_folder_that_hangs_is_worked_in_a_child_from_then_on(tmp_path: Path) -> None:
    write(tmp_path / "a.xml")
    made: list[bool] = []

    class Hanging(LocalFiles):
        async def names(self, known: object, *, restart: bool) -> object:  # type: ignore[override]  # it never answers
            del known, restart
            raise FolderHangsError("no answer")

    def make(root: str, selection: object, *, child: bool) -> LocalFiles:
        made.append(child)
        kind = LocalFiles if child else Hanging
        return kind(root, selection, copier=lambda: make(root, selection, child=True))  # type: ignore[arg-type]  # as make_files is called

    async with Rig([folder_at(tmp_path)], make=make) as rig:
        assert codes(rig) == [ProblemCode.FOLDER_HANGING]
        await rig.go(20, 1.0)

        assert made == [False, True]
        assert rig.names() == ["a.xml"]
        assert codes(rig) == []


async def test_what_half_a_scan_found_is_not_lost_when_the_folder_goes_away(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path / f"{number}.xml")

    class HalfWay(LocalFiles):
        failures = 1

        async def names(self, known: KnownFiles, *, restart: bool) -> Names:
            if not restart and HalfWay.failures:
                HalfWay.failures -= 1
                raise OSError(5, "Input/output error")
            part = self._folder.names(known.names, restart=restart, limit=7, dropped=known.dropped)
            await asyncio.sleep(0)
            return part

    def make(root: str, selection: Selection, *, child: bool) -> LocalFiles:
        return HalfWay(root, selection, copier=lambda: make(root, selection, child=child))

    async with Rig([folder_at(tmp_path)], make=make) as rig:
        assert codes(rig) == [ProblemCode.FOLDER_UNREADABLE]
        await rig.go(5)

        assert rig.names() == sorted(f"{number}.xml" for number in range(20))
        assert codes(rig) == []


async def test_a_folder_has_its_turns_for_ever_in_trouble_too(tmp_path: Path) -> None:
    for name in ("well", "missing"):
        (tmp_path / name).mkdir()
    folders = [folder_at(tmp_path / name) for name in ("well", "missing")]
    async with Rig(folders) as rig:
        (tmp_path / "missing").rmdir()
        for _ in range(5):
            before = rig.watcher.turns()
            await rig.go(31.0, 1.0)
            assert before.keys() == {folder.path for folder in folders}
            assert all(turns > before[root] for root, turns in rig.watcher.turns().items())
        assert codes(rig) == [ProblemCode.FOLDER_MISSING]


async def test_a_look_that_never_ends_costs_its_folder_all_further_turns(tmp_path: Path) -> None:
    """Each look has a deadline of its own; this one has lost it."""
    well, stuck = tmp_path / "well", tmp_path / "stuck"
    well.mkdir()
    stuck.mkdir()
    endless = asyncio.Event()

    class Endless(LocalFiles):
        async def names(self, known: KnownFiles, *, restart: bool) -> Names:
            if self._folder.root == str(stuck):
                await endless.wait()
            return await super().names(known, restart=restart)

    def make(root: str, selection: Selection, *, child: bool) -> LocalFiles:
        assert not child
        return Endless(root, selection, copier=lambda: make(root, selection, child=False))

    clock = FakeClock()
    watcher = Watcher([folder_at(well), folder_at(stuck)], FakeLedger(), clock, make=make)
    running = asyncio.create_task(watcher.run())
    await until(lambda: watcher.turns()[str(well)] > 0)
    for _ in range(3):
        before = watcher.turns()[str(well)]
        await until(lambda: watcher.turns()[str(well)] > before, meanwhile=lambda: clock.advance(1.0))  # noqa: B023 - ends within the turn
    assert watcher.turns()[str(stuck)] == 0
    endless.set()
    await until(lambda: watcher.turns()[str(stuck)] > 0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_is_claimed_or_can_be_is_claimable_but_not_in_a_folder_in_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    async with Rig([folder_at(folder)]) as rig:
        seen = [rig.watcher.claimable]
        write(folder / "a.xml")
        await rig.scan()
        seen.append(rig.watcher.claimable)
        (claim,) = rig.take()
        seen.append(rig.watcher.claimable)
        rig.watcher.done(claim, Outcome.CONVERTED)
        seen.append(rig.watcher.claimable)
        write(folder / "b.xml")
        await rig.scan()
        seen.append(rig.watcher.claimable)
        folder.rename(tmp_path / "elsewhere")
        rig.watcher.nudge()
        await rig.quiet()
        seen.append(rig.watcher.claimable)
        assert seen == [False, True, True, False, True, False]
