"""Who has a file open to write to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stationmaster.ingest.writer import is_written

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked")


def test_a_file_is_written_while_somebody_has_it_open_for_that(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    with path.open("w"):
        assert is_written(path) is True
    assert is_written(path) is False
    with path.open("rb"):
        assert is_written(path) is False, "who reads does no harm"
    with path.open("rb+"):
        assert is_written(path) is True


def test_who_opens_it_afterwards_is_not_kept_waiting(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.touch()
    for _ in range(100):
        assert is_written(path) is False
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))  # fails while a lease is held


def test_what_is_not_there_nobody_writes_to(tmp_path: Path) -> None:
    assert is_written(tmp_path / "gone") is False


def test_of_what_is_no_file_it_is_not_known(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert is_written(tmp_path / "pipe") is None
