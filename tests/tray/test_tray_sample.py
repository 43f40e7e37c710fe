"""A file on trial may be anything: a device without end, a pipe that never answers, one that grows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stationmaster.control.protocol import MAX_BODY
from stationmaster.errors import StationmasterError
from stationmaster_tray.sample import read_sample


def test_a_file_is_read_through_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b"<x/>")
    (tmp_path / "b.xml").symlink_to(tmp_path / "a.xml")
    assert read_sample(tmp_path / "b.xml") == b"<x/>"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such files")
def test_what_has_no_end_is_not_begun(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(StationmasterError, match="is no file that could be read"):
            read_sample(path)


def test_a_file_that_is_too_large_says_so_and_is_not_held_whole(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MAX_BODY + 1)
    with pytest.raises(StationmasterError, match="64 MB"):
        read_sample(tmp_path / "large")


def test_a_folder_and_a_file_that_is_gone_are_told(tmp_path: Path) -> None:
    with pytest.raises(StationmasterError, match="is a folder"):
        read_sample(tmp_path)
    with pytest.raises(StationmasterError, match="cannot be read"):
        read_sample(tmp_path / "gone")
