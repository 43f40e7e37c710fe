"""What a folder's settings mean for a file that is on record; the outbox; the wire to the child."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.ingest import folder_at
from stationmaster.config.schema import After
from stationmaster.ingest import outbox, plan, wire
from stationmaster.ingest.release import Release, Released, Standing, Way, release
from stationmaster.ingest.scan import Selection
from stationmaster.model import SourceState

AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
STATE = SourceState(path=Path("/in/a.xml"), size=7, mtime_ns=42)
ARCHIVE = Path("/home/archive")
DAY = AT.astimezone().strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("after", "move_to", "way", "target"),
    [
        ("keep", "", Way.KEEP, None),
        ("delete", "", Way.DELETE, None),
        ("move", "/done", Way.MOVE, Path("/done")),
        ("archive", "", Way.MOVE, ARCHIVE / DAY),
        ("archive", "/done", Way.MOVE, Path("/done") / DAY),
        ("move", "/in", Way.KEEP, None),  # moved to where it is
    ],
)
def test_after_the_commit(after: str, move_to: str, way: Way, target: Path | None) -> None:
    folder = folder_at(Path("/in"), after=After(after), move_to=move_to)

    asked = plan.after_commit(folder, STATE, archive=ARCHIVE, taken_at=AT)

    assert (asked.path, asked.size, asked.mtime_ns, asked.way) == (STATE.path, 7, 42, way)
    assert target is None or asked.folder == target


@pytest.mark.parametrize(("after", "way"), [("keep", Way.COPY), ("delete", Way.MOVE), ("archive", Way.MOVE)])
def test_after_a_failure(after: str, way: Way) -> None:
    folder = folder_at(Path("/in"), after=After(after))

    asked = plan.after_failure(folder, STATE, errors=Path("/home/errors"), reason="No.")

    assert (asked.way, asked.folder, asked.reason) == (way, Path("/home/errors"), "No.")


def test_the_outbox_renames(tmp_path: Path) -> None:
    folder = outbox.outbox_folder(tmp_path)
    states = []
    for name in ("good", "bad"):
        path = tmp_path / f"{name}.queued"
        path.write_bytes(b"{}")
        states.append(SourceState(path=path, size=2, mtime_ns=path.stat().st_mtime_ns))

    release(plan.after_commit(folder, states[0], archive=ARCHIVE, taken_at=AT))
    release(plan.after_failure(folder, states[1], errors=ARCHIVE, reason="No serial number."))

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bad.error",
        "bad.error.reason.txt",
        "good.completed",
    ]
    assert outbox.is_outbox(folder)
    assert not outbox.is_outbox(folder_at(tmp_path))


def test_old_completed_files_of_the_outbox_go(tmp_path: Path) -> None:
    for name, age in (("old.completed", 8), ("new.completed", 6), ("old.error", 99), ("old.queued", 99)):
        (tmp_path / name).touch()
        at = (AT - timedelta(days=age)).timestamp()
        os.utime(tmp_path / name, (at, at))
    (tmp_path / "folder.completed").mkdir()

    assert outbox.prune(tmp_path, now=AT, days=7.0) == 1
    assert not (tmp_path / "old.completed").exists()
    assert len(list(tmp_path.iterdir())) == 4


def test_releases_and_selections_travel_to_the_child_and_back() -> None:
    odd = os.fsdecode(b"/in/pr\xfcfung \xe2\x82\xac.xml")
    asked = Release(
        path=Path(odd),
        size=1 << 40,
        mtime_ns=-5,
        way=Way.COPY,
        folder=Path("/out"),
        name="n",
        reason="Grund: ä",
    )
    selection = Selection(include=("*.xml", odd), exclude=("x",), recursive=True, skip=("/a",))
    done = Released(standing=Standing.DONE, place=Path(odd), copy=None)

    assert wire.release_from_wire(wire.release_to_wire(asked)) == asked
    assert wire.selection_from_wire(wire.selection_to_wire(selection)) == selection
    assert wire.released_from_wire(wire.released_to_wire(done)) == done
