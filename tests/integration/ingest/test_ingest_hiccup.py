"""A folder that once does not answer: whatever was being asked, no file is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakes.ingest import Rig, folder_at
from stationmaster.ingest.access import make_files
from stationmaster.ingest.files import FolderHangsError, Names
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.release import Release, Released
from stationmaster.ingest.scan import Selection
from stationmaster.ingest.settle import Stat


class Hiccup:
    """Real files of a real folder, of which one call gets no answer."""

    def __init__(self, root: str, selection: Selection, script: dict[str, int]) -> None:
        self._inner = make_files(root, selection, child=False)
        self._script = script

    def _asked(self) -> None:
        self._script["calls"] += 1
        if self._script["calls"] == self._script["fails"]:
            raise FolderHangsError("no answer in 20 s")

    async def names(self, known: KnownFiles, *, restart: bool) -> Names:
        self._asked()
        return await self._inner.names(known, restart=restart)

    async def stats(self, names: list[str]) -> list[Stat | None]:
        self._asked()
        return await self._inner.stats(names)

    async def resolve(self) -> str:
        self._asked()
        return await self._inner.resolve()

    async def release(self, job: Release) -> Released:
        return await self._inner.release(job)

    async def put_back(self, name: str) -> None:
        self._asked()
        await self._inner.put_back(name)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.parametrize("fails", range(1, 16))
async def test_every_file_is_claimed_whichever_call_gets_no_answer(tmp_path: Path, fails: int) -> None:
    script = {"calls": 0, "fails": fails}

    def make(root: str, selection: Selection, *, child: bool) -> Any:
        del child
        return Hiccup(root, selection, script)

    (tmp_path / "before.xml").write_text("1")
    async with Rig([folder_at(tmp_path)], make=make, mounts=lambda: "") as rig:
        await rig.go(1)
        for number in range(3):
            (tmp_path / f"{number}.xml").write_text("1")
        rig.watcher.nudge()
        await rig.go(120, 1.0)
        assert script["calls"] >= fails, "the call was made"
        assert sorted(rig.names()) == ["0.xml", "1.xml", "2.xml", "before.xml"]
        assert rig.watcher.problems() == ()
