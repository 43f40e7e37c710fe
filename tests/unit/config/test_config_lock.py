from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stationmaster.config.lock import FileLock
from stationmaster.errors import ConfigError

_HOLDER = """
import sys
from pathlib import Path
from stationmaster.config.lock import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_excludes_other_processes_and_goes_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", _HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert FileLock(path).try_acquire() is False
        with pytest.raises(ConfigError, match="Another process holds"):
            FileLock(path, timeout=0.02).acquire()
        holder.kill()
        holder.wait()
    lock = FileLock(path)
    assert lock.try_acquire() is True
    lock.release()


def test_the_lock_excludes_inside_a_process_and_frees(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"):
        assert FileLock(tmp_path / "lock").try_acquire() is False
    lock = FileLock(tmp_path / "lock")
    assert lock.try_acquire() is True
    lock.release()
    lock.release()  # again is fine


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        FileLock(tmp_path / "absent" / "lock").acquire()


def test_an_interrupted_wait_leaves_no_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stationmaster.config.lock.time.sleep", interrupt)
    with FileLock(tmp_path / "lock"):
        waiting = FileLock(tmp_path / "lock")
        with pytest.raises(KeyboardInterrupt):
            waiting.acquire()
        assert waiting._descriptor == -1
