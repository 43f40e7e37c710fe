"""The doctor looks at scheduled sources, at the instance's own folders, and at the disks of its archives."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from fakes.rights import rights_count
from fakes.tester_database import PLUGIN, Database
from fakes.typed import Said, Typist
from stationmaster.diagnostics import disk as disk_module
from stationmaster.diagnostics.disk import look_at_disk
from stationmaster.model import ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")

WORDS = ("code", "title", "text", "next_step", "instance", "subject")


def named(said: Said, name: str) -> list[dict[str, Any]]:
    return [one for one in said.data["checks"] if one["name"] == name and one["instance"]]


async def fetching(hosted: Hosted, oracle: Oracle, **source: Any) -> None:
    """An instance with a source that can be fetched, but for what `source` says."""
    database = hosted.root / "results.db"
    if not database.exists():
        Database(database)
    usual = {"name": "results", "converter": "sqlite-rows", "options": {"database": str(database)}}
    await hosted.line("line1", oracle, patch={"fetch": [{**usual, **source}]})
    hosted.home.ensure_instance("line1")
    shutil.copy(PLUGIN, hosted.home.converters("line1"))


def ran(hosted: Hosted) -> bool:
    """A run of the source is over."""
    (source,) = hosted.instance("line1").fetches
    return source.last_run_at is not None and not source.running


# -------------------------------------------------------------------- scheduled sources
@pytest.mark.parametrize(
    ("source", "timetable"),
    [({"every": 60.0}, "every 60 s"), ({"at": ["06:00", "18:30"]}, "at 06:00, 18:30")],
)
async def test_a_source_that_is_fetched_is_well(
    hosted: Hosted, oracle: Oracle, source: dict[str, Any], timetable: str
) -> None:
    await fetching(hosted, oracle, **source)
    async with hosted:
        await hosted.running("line1")
        hosted.agent.supervisors["line1"].instance.fetch_now("results")
        await hosted.until(lambda: ran(hosted), what="a run")
        with Typist(hosted) as typist:
            async with typist.agent():
                (check,) = named(await typist.type("doctor", "--json"), "fetch")
    assert (check["state"], check["subject"]) == ("ok", "results")
    assert f"results is fetched by sqlite-rows {timetable}; the last run ended well at 20" in check["text"]
    assert ", the next is at 20" in check["text"]


SOURCES: dict[str, tuple[dict[str, Any], str]] = {
    "no such converter": ({"converter": "nosuch"}, "There is no converter of that name: nosuch."),
    "one that does not fetch": ({"converter": "wsjf"}, "There is no converter that fetches: wsjf."),
    "no such variable": ({"options": {"database": {"env": "NO_SUCH_VARIABLE"}}}, "NO_SUCH_VARIABLE"),
    "no such file": ({"options": {"database": {"file": "/no/such/file"}}}, "/no/such/file"),
    "an unknown option": ({"options": {"databse": "x"}}, "options of converter sqlite-rows are wrong: "),
}


@pytest.mark.parametrize(("source", "words"), SOURCES.values(), ids=SOURCES.keys())
async def test_a_source_that_cannot_be_fetched_is_told_before_and_after_its_run_in_the_same_words(
    hosted: Hosted, oracle: Oracle, source: dict[str, Any], words: str
) -> None:
    await fetching(hosted, oracle, **source)
    async with hosted:
        await hosted.until(lambda: hosted.problem(ProblemCode.FETCH_FAILED, "line1"), what="the Problem")
        with Typist(hosted) as typist:
            async with typist.agent():
                said = await typist.type("doctor", "--json")
                status = await typist.type("agent", "status", "--json")
            await hosted.stop()
            alone = await typist.type("doctor", "--json")
    (problem,) = [one for one in status.data["problems"] if one["code"] == "fetch-failed"]
    (inside,), (outside,) = named(said, "fetch"), named(alone, "fetch")
    assert words in inside["text"]
    assert inside["label"] == "Scheduled source"
    assert {key: inside[key] for key in WORDS} == {key: problem[key] for key in WORDS}
    assert (inside["state"], outside["state"]) == ("failed", "warning")
    assert outside["text"] == inside["text"]
    assert ".." not in inside["text"]


async def test_a_failure_of_the_last_run_is_told(hosted: Hosted, oracle: Oracle) -> None:
    await fetching(hosted, oracle)
    (hosted.root / "results.db").write_text("no database at all " * 100)
    async with hosted:
        await hosted.until(lambda: hosted.problem(ProblemCode.FETCH_FAILED, "line1"), what="the Problem")
        with Typist(hosted) as typist:
            async with typist.agent():
                (check,) = named(await typist.type("doctor", "--json"), "fetch")
    assert check["state"] == "failed"
    assert "results.db cannot be read" in check["text"]


async def test_a_source_without_an_agent(alone: Typist, oracle: Oracle) -> None:
    await fetching(alone.hosted, oracle, convert_with="nosuch")
    said = await alone.type("doctor", "--json")
    (check,) = named(said, "fetch")
    assert check["state"] == "ok"
    assert "nosuch" in [one["subject"] for one in named(said, "converter") if one["state"] == "failed"]


# -------------------------------------------------------------------- own folders
async def test_own_folders_that_are_well(alone: Typist, oracle: Oracle) -> None:
    await fetching(alone.hosted, oracle)
    (check,) = named(await alone.type("doctor", "--json"), "own-folder")
    assert check["text"] == (
        "outbox, inbox, errors, archive, fetched can be written; they lie on a disk of this machine."
    )
    assert check["details"] == dict.fromkeys(("outbox", "inbox", "errors", "archive", "fetched"), "local")


async def test_something_in_the_place_of_an_own_folder(alone: Typist, oracle: Oracle) -> None:
    home = alone.hosted.home
    await alone.hosted.line("line1", oracle)
    home.ensure_instance("line1")
    alone.hosted.blocked("line1")
    (check,) = named(await alone.type("doctor", "--json"), "own-folder")
    assert check["state"] == "failed"
    assert check["text"] == f"Nothing can be written to the folder {home.outbox('line1')}: Not a directory."
    assert "move that away" in check["next_step"]


async def test_an_own_folder_that_may_not_be_written(alone: Typist, oracle: Oracle) -> None:
    home = alone.hosted.home
    await alone.hosted.line("line1", oracle)
    home.ensure_instance("line1")
    with rights_count():
        home.errors("line1").chmod(0o500)
        try:
            (check,) = named(await alone.type("doctor", "--json"), "own-folder")
        finally:
            home.errors("line1").chmod(0o700)
    assert (check["state"], check["subject"]) == ("failed", str(home.errors("line1")))


# -------------------------------------------------------------------- disks of archives
async def test_an_archive_beside_the_spool_is_on_a_disk_that_was_looked_at(
    alone: Typist, oracle: Oracle
) -> None:
    other = alone.hosted.root / "done" / "line1"
    patch = {"watch.0.after": "archive", "watch.0.move_to": str(other)}
    await alone.hosted.line("line1", oracle, patch=patch)
    checks = named(await alone.type("doctor", "--json"), "archive")
    places = [str(alone.hosted.home.archive("line1")), str(other)]
    assert [one["subject"] for one in checks] == places
    assert [one["text"] for one in checks] == [f"{place} lies on the disk of the spool." for place in places]
    assert not other.exists(), "it is made when a file is archived"


@pytest.mark.skipif(sys.platform != "linux", reason="shared memory is a disk there")
async def test_an_archive_on_another_disk(alone: Typist, oracle: Oracle) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        patch = {"watch.0.after": "archive", "watch.0.move_to": other}
        await alone.hosted.line("line1", oracle, patch=patch)
        _, well = named(await alone.type("doctor", "--json"), "archive")
        alone.hosted.store.edit("line1", {"watch.0.move_to": "/proc/archive"})
        _, ill = named(await alone.type("doctor", "--json"), "archive")
    assert well["subject"] == other
    assert well["state"] in ("ok", "warning"), "the disk that tests run on may be small"
    assert "free" in well["text"]
    assert (ill["state"], ill["label"]) == ("failed", "Disk of the archive")
    assert ill["text"].startswith("Nothing can be written to the archive /proc/archive: ")


async def test_a_disk_that_flushes_slowly_is_told(
    alone: Typist, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_module, "SLOW", 0.0)  # every disk is slower than that
    monkeypatch.setattr(disk_module, "LITTLE", 0)  # and the disk that tests run on may be small
    await alone.hosted.line("line1", oracle)
    (disk,) = named(await alone.type("doctor", "--json"), "disk")
    assert disk["state"] == "warning"
    assert "to flush what was written" in disk["text"]
    assert disk["next_step"].startswith("Expect few reports a second.")


@pytest.mark.parametrize("child", [False, True])
async def test_a_disk_is_tried_here_and_in_a_child_alike(tmp_path: Path, *, child: bool) -> None:
    disk = await look_at_disk(tmp_path / "not" / "there", child=child)
    assert 0 < disk.free <= disk.total
    assert disk.flush > 0
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NotADirectoryError):
        await look_at_disk(tmp_path / "file", child=child)
