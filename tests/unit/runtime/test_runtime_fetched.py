"""Mark and files of a fetch are committed in one step: killed at each change of the disk."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from fakes.rack import files
from stationmaster.errors import ConfigError
from stationmaster.runtime.fetched import FetchedFiles, FetchState

NAMES = ("000003e8-row-1.json", "000003e9-row-2.json")
AFTER = FetchState(
    mark="2", batch=1, converter="rows", staged=NAMES, last_run_at=datetime(2026, 3, 2, tzinfo=UTC), count=2
)
KILLING = """
import os, sys
from pathlib import Path
import msgspec
from stationmaster.runtime.fetched import FetchedFiles, FetchState
left = int(sys.argv[3])
store, state = FetchedFiles(Path(sys.argv[1]), "db"), msgspec.json.decode(sys.argv[2], type=FetchState)
def hook(event, args):
    global left
    if event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir") or (
        event == "open" and isinstance(args[2], int) and args[2] & os.O_CREAT
    ):
        left -= 1
        if left == 0:
            os._exit(9)
sys.addaudithook(hook)
store.commit(state)
"""


def _staged(root: Path) -> FetchedFiles:
    shutil.rmtree(root, ignore_errors=True)
    store = FetchedFiles(root, "db")
    assert store.open("rows") == FetchState()
    store.staging(1).mkdir()
    for name in NAMES:
        (store.staging(1) / name).write_text(name)
    return store


def test_a_kill_at_any_change_gives_all_or_nothing(tmp_path: Path) -> None:
    root = tmp_path / "fetched"
    outcomes = set()
    for number in range(1, 50):
        store = _staged(root)
        text = msgspec.json.encode(AFTER).decode()
        killed = subprocess.run([sys.executable, "-c", KILLING, str(root), text, str(number)], check=False)
        assert killed.returncode in {0, 9}
        state = store.open("rows")
        there = files(store.folder("rows"))
        if state.mark:
            assert state == msgspec.structs.replace(AFTER, staged=()), f"killed at {number}"
            assert there == {name: name.encode() for name in NAMES}, f"killed at {number}"
        else:
            assert (state, there) == (FetchState(), {}), f"killed at {number}"
        assert not list(root.glob(".staging-*")), f"killed at {number}"
        outcomes.add(state.mark)
        if killed.returncode == 0:
            break
    assert outcomes == {"", "2"}


def test_files_that_were_converted_before_the_kill_do_not_come_again(tmp_path: Path) -> None:
    store = _staged(tmp_path / "fetched")
    store.commit(AFTER)
    (store.folder("rows") / NAMES[0]).unlink()  # archived by now
    again = FetchedFiles(tmp_path / "fetched", "db")
    assert again.open("rows").mark == "2"
    assert set(files(again.folder("rows"))) == {NAMES[1]}


def test_what_another_source_has_staged_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "fetched"
    other = FetchedFiles(root, "db-2")
    other.open("rows")
    other.staging(5).mkdir()
    FetchedFiles(root, "db").open("rows")
    assert other.staging(5).is_dir()


def test_a_damaged_state_is_told_and_nothing_is_fetched_anew(tmp_path: Path) -> None:
    store = _staged(tmp_path / "fetched")
    store.commit(AFTER)
    (tmp_path / "fetched" / "db.json").write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        store.open("rows")
