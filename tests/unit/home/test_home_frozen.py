from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from stationmaster.convert.registry import Registry
from stationmaster.convert.trouble import Troubles
from stationmaster.home import frozen
from stationmaster.home.frozen import Frozen
from stationmaster.worker.environment import child_command
from stationmaster.worker.error import ChildCrashedError
from stationmaster.worker.process import ChildProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks there")


def unpack(folder: Path, name: str = "_MEIabc123") -> Path:
    """What a program of ours unpacks, in short."""
    unpacked = folder / name
    (unpacked / "stationmaster/convert").mkdir(parents=True)
    (unpacked / "stationmaster/convert/readme.txt").write_text("read me")
    (unpacked / "libpython.so").write_text("Python")
    return unpacked


@pytest.fixture
def program(tmp_path: Path) -> Frozen:
    """A program and what it unpacked."""
    file = tmp_path / "program"
    file.write_text("old")
    (tmp_path / "tmp").mkdir()
    return Frozen(file, unpack(tmp_path / "tmp"))


def replace(file: Path) -> None:
    """As a package manager does it."""
    new = file.with_suffix(".new")
    new.write_text("new and longer")
    new.replace(file)


def test_a_whole_program_has_no_trouble(program: Frozen) -> None:
    (program.unpacked / "more.txt").write_text("somebody's")
    os.utime(program.unpacked / "libpython.so", (1, 1))
    assert program.trouble() == ""


def test_a_replaced_a_removed_and_a_damaged_program_are_told_apart(program: Frozen) -> None:
    (program.unpacked / "libpython.so").unlink()
    assert "1 of 2 files that this program unpacked" in program.trouble()
    replace(program.program)
    assert "was replaced" in program.trouble()
    program.program.unlink()
    assert "is gone" in program.trouble()
    shutil.rmtree(program.unpacked)
    assert "is gone" in program.trouble()


@pytest.mark.skipif(not shutil.which("systemd-tmpfiles"), reason="systemd-tmpfiles is not installed")
def test_a_cleaner_of_temporary_files_passes_what_is_held_over(program: Frozen) -> None:
    folder = program.unpacked.parent
    free = unpack(folder, "_MEIfree")
    program.hold()
    rule = folder.parent / "rule.conf"
    rule.write_text(f"e {folder} - - - 0\n")  # everything, however young
    subprocess.run(["systemd-tmpfiles", "--clean", rule], check=True, capture_output=True)
    assert program.trouble() == ""
    assert not free.exists()


def test_what_killed_programs_left_is_removed_and_nothing_else(program: Frozen, tmp_path: Path) -> None:
    folder = program.unpacked.parent
    left, used, other, young = (unpack(folder, f"_MEI{name}") for name in ("left", "used", "other", "young"))
    elsewhere = unpack(tmp_path, "elsewhere")
    (folder / "_MEIlink").symlink_to(elsewhere)
    shutil.rmtree(other / "stationmaster")
    Frozen(program.program, used).hold()
    assert program.sweep() == [], "all are young: who starts just now has no lock yet"
    assert program.sweep(settled=-1.0) in ([left, young], [young, left])
    assert used.exists()
    assert other.exists()
    assert (elsewhere / "libpython.so").exists()
    assert program.trouble() == ""


@pytest.fixture
def as_own(program: Frozen, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frozen]:
    """The program is the one that runs."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(program.unpacked), raising=False)
    monkeypatch.setattr(sys, "executable", str(program.program))
    frozen.own.cache_clear()
    yield program
    frozen.own.cache_clear()


async def test_no_worker_is_made_of_another_program_and_the_next_step_is_right(
    as_own: Frozen, tmp_path: Path
) -> None:
    assert child_command("stationmaster.x") == [str(as_own.program), "worker", "stationmaster.x"]
    replace(as_own.program)
    with pytest.raises(ChildCrashedError, match="was replaced") as caught:
        await ChildProcess("stationmaster.convert.worker").start()
    clock = FakeClock()
    troubles = Troubles("line1", Registry(tmp_path, clock=clock), clock=clock, wanted=())
    troubles.start_failed(caught.value.text)
    (problem,) = troubles.problems()
    assert "was replaced" in problem.text
    assert "comes again" in problem.next_step


def test_the_programs_libraries_are_not_forced_upon_others(
    as_own: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(as_own.unpacked))
    frozen.begin()
    assert "LD_LIBRARY_PATH" not in os.environ
    monkeypatch.setenv("LD_LIBRARY_PATH", str(as_own.unpacked))
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/lib")
    frozen.begin()
    assert os.environ["LD_LIBRARY_PATH"] == "/opt/lib"
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ
