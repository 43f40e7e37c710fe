"""What watches what, and files dropped onto a folder: copied whole, under a free name, never over another."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stationmaster.errors import StationmasterError
from stationmaster.model import (
    AgentStatus,
    FetchStatus,
    FolderStatus,
    InstanceStatus,
    Lifecycle,
    Link,
    UploadStatus,
)
from stationmaster_tray.converting.handover import HandOver
from stationmaster_tray.converting.place import Place, places

NOW = datetime(2026, 1, 30, 12, tzinfo=UTC)


def file(folder: Path, name: str, content: bytes = b"content") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


# -------------------------------------------------------------------- copying
def test_files_are_copied_whole_and_nothing_else_lies_there(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    files = [file(tmp_path / "own", name, name.encode() * 100_000) for name in ("a.txt", "ä b.wstf")]
    assert HandOver(files, watched).run() == (watched / "a.txt", watched / "ä b.wstf")
    assert {one.name: one.read_bytes() for one in watched.iterdir()} == {
        one.name: one.read_bytes() for one in files
    }


def test_a_copy_has_the_time_of_its_file(tmp_path: Path) -> None:
    """Some converters take the moment of a test from it."""
    (tmp_path / "watched").mkdir()
    tested = file(tmp_path / "own", "a.txt")
    os.utime(tested, (1_700_000_000, 1_700_000_001))
    (copy,) = HandOver([tested], tmp_path / "watched").run()
    assert copy.stat().st_mtime == 1_700_000_001


def test_a_file_that_waits_there_is_never_replaced(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    first = file(watched, "a.tar.gz", b"first")
    made = [HandOver([file(tmp_path / "own", "a.tar.gz", text)], watched).run()[0] for text in (b"2", b"3")]
    assert [one.name for one in made] == ["a-2.tar.gz", "a-3.tar.gz"]
    assert [one.read_bytes() for one in (first, *made)] == [b"first", b"2", b"3"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir(mode=0o500)
    with pytest.raises(StationmasterError, match="Permission denied"):
        HandOver([file(tmp_path / "own", "a.txt")], watched).run()


def test_trying_again_copies_what_is_missing_and_nothing_twice(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    good, bad = file(tmp_path / "own", "a.txt"), tmp_path / "own" / "b.txt"
    copying = HandOver([good, bad], watched)
    with pytest.raises(StationmasterError, match=r"b\.txt could not be copied"):
        copying.run()
    file(tmp_path / "own", "b.txt")
    assert copying.run() == (watched / "a.txt", watched / "b.txt")
    assert sorted(one.name for one in watched.iterdir()) == ["a.txt", "b.txt"]


def test_after_a_cancel_no_further_file_is_copied(tmp_path: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()
    (tmp_path / "watched").mkdir()
    copying = HandOver([file(tmp_path / "own", "a.txt")], tmp_path / "watched")
    assert copying.run(cancelled) == ()
    assert len(copying.run()) == 1


def test_where_files_have_one_name_only_none_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    (watched / "a.txt").write_text("the tester's")

    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    assert HandOver([file(tmp_path / "own", "a.txt")], watched).run() == (watched / "a-2.txt",)
    assert sorted(one.name for one in watched.iterdir()) == ["a-2.txt", "a.txt"]
    assert (watched / "a.txt").read_text() == "the tester's"


def test_what_cannot_be_copied_is_told_with_what_was_copied_before(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    good = file(tmp_path / "own", "a.txt")
    for bad in (tmp_path / "own" / "gone.txt", tmp_path / "own"):
        with pytest.raises(StationmasterError, match=f"{bad.name} could not be copied") as caught:
            HandOver([good, bad], watched).run()
        assert "1 before it" in caught.value.text
        assert caught.value.next_step
    with pytest.raises(StationmasterError, match="could not be copied"):
        HandOver([good], tmp_path / "no such folder").run()
    assert not [one for one in watched.iterdir() if one.name.startswith(".")]


# -------------------------------------------------------------------- what watches what
def instance(**more: Any) -> InstanceStatus:
    usual: dict[str, Any] = {
        "name": "line1",
        "lifecycle": Lifecycle.RUNNING,
        "link": Link.ONLINE,
        "server": "https://wats.example",
        "station": "ST-1",
        "upload": UploadStatus(mode="fixed", limit=1, in_flight=0),
    }
    return InstanceStatus(**(usual | more))


def status(*instances: InstanceStatus) -> AgentStatus:
    return AgentStatus(revision=1, version="1", pid=1, started_at=NOW, home="/h", instances=instances)


def folder(**more: Any) -> FolderStatus:
    usual: dict[str, Any] = {"path": "/in", "converters": ("wstf",), "last_scan_at": NOW}
    return FolderStatus(**(usual | more))


@pytest.mark.parametrize(
    ("one", "state", "wrong"),
    [
        (instance(folders=(folder(),)), "✓ Watched", False),
        (instance(folders=(folder(waiting=1),)), "✓ Watched, 1 file waits", False),
        (instance(folders=(folder(waiting=3),)), "✓ Watched, 3 files wait", False),
        (instance(folders=(folder(reachable=False),)), "✗ Cannot be read", True),
        (instance(folders=(folder(last_scan_at=None),)), "Not looked at yet", False),
        (instance(folders=(folder(),), lifecycle=Lifecycle.STOPPED), "the station does not run", False),
        (instance(folders=(folder(),), paused_until=NOW.replace(year=2027)), "uploads are paused", False),
        (instance(folders=(folder(),), paused_until=NOW.replace(year=2025)), "✓ Watched", False),
    ],
)
def test_a_folder_tells_its_state_by_sign_and_word(one: InstanceStatus, state: str, *, wrong: bool) -> None:
    (place,) = places(status(one), {}, NOW)
    assert state in place.state
    assert place.wrong is wrong


@pytest.mark.parametrize(
    ("settings", "after"),
    [
        ({"after": "keep"}, "stays where it is"),
        ({"after": "delete"}, "deleted"),
        ({"after": "move", "move_to": "/done"}, "moved to /done"),
        ({"after": "archive"}, "into the archive"),
        ({"after": "archive", "move_to": "/arc"}, "into the archive /arc"),
    ],
)
def test_a_folder_tells_what_becomes_of_its_files(settings: dict[str, Any], after: str) -> None:
    watch = [{"path": "/other", "after": "keep"}, {"path": "/in", **settings}]
    (place,) = places(status(instance(folders=(folder(),))), {"line1": {"watch": watch}}, NOW)
    assert place.after == after


def test_sources_stand_beside_folders_and_own_folders_do_not() -> None:
    fetches = (
        FetchStatus(name="db", converter="rows", next_run_at=NOW, count=2),
        FetchStatus(name="bad", converter="rows", error="no such table"),
        FetchStatus(name="now", converter="rows", running=True),
        FetchStatus(name="new", converter="rows"),
    )
    one = instance(folders=(folder(own=True), folder()), fetches=fetches)
    found = places(status(one), {}, NOW)
    assert [place.name for place in found] == ["/in", "Source db", "Source bad", "Source now", "Source new"]
    assert found[1].after == "2 files fetched so far"
    assert found[2].state == "✗ no such table"
    stopped = instance(fetches=fetches, lifecycle=Lifecycle.STOPPED)
    assert all("does not run" in place.state for place in places(status(stopped), {}, NOW))
    assert places(None, {}, NOW) == ()


@pytest.mark.parametrize(
    ("more", "name", "says"),
    [
        ({}, "a.txt", ""),
        ({"include": ("*.json", "*.xml")}, "a.xml", ""),
        ({"include": ("*.json", "*.xml")}, "a.txt", "takes *.json, *.xml only"),
        ({"exclude": ("draft-*",)}, "draft-1.txt", "leaves draft-* alone"),
        ({"marker": "done.txt"}, "a.txt", "whole sub-folders, complete with done.txt"),
    ],
)
def test_a_file_that_would_lie_there_untouched_is_refused(more: dict[str, Any], name: str, says: str) -> None:
    refusal = Place(station="line1", name="/in", path="/in", **more).refusal(name)
    assert (says in refusal) if says else not refusal
