"""What the packing child answers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stationmaster.archive import child
from stationmaster.archive.pack import Packed
from stationmaster.file_name import to_wire

DAY = "2026-11-27"


def test_files_that_cannot_be_read_are_named_a_few_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (os.fsdecode(b"caf\xe9.json"), "b", "c", "d")

    def packed(root: Path, day: str, **_: object) -> Packed:
        assert (root, day) == (tmp_path, DAY)
        return Packed(files=7, removed=7, left=4, unreadable=names)

    monkeypatch.setattr(child, "pack_day", packed)
    answer = child.pack({"root": to_wire(tmp_path), "day": DAY})
    assert answer == {
        "removed": 7,
        "left": 4,
        "busy": False,
        "unreadable": 4,
        "names": ["caf\\xe9.json", "b", "c"],
    }
