"""What the packing child answers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stationmaster.archive import child
from stationmaster.archive.pack import Packed, pack_day
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


def test_what_cannot_be_removed_holds_no_other_old_zip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"2026-01-0{number}").mkdir()
        (tmp_path / f"2026-01-0{number}" / "a").write_text("a")
        pack_day(tmp_path, f"2026-01-0{number}")
    (tmp_path / "2025-01-01.zip").mkdir()
    unlink = Path.unlink

    def held(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == "2026-01-02.zip":
            raise PermissionError(13, "somebody looks at it")
        unlink(path, missing_ok=missing_ok)

    order = {"root": to_wire(tmp_path), "today": "2026-03-01", "days": 1}
    with monkeypatch.context() as disk:
        disk.setattr(Path, "unlink", held)
        with pytest.raises(PermissionError):
            child.expire(order)
    assert sorted(one.name for one in tmp_path.glob("*.zip")) == ["2025-01-01.zip", "2026-01-02.zip"]
    assert child.expire(order) == {"removed": ["2026-01-02.zip"]}
