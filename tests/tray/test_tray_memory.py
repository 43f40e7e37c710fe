"""What the tray remembers: a file that is broken costs the memory, never the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from stationmaster_tray.memory import Memory, Remembered


def test_what_was_saved_is_known_again(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "below" / "tray.json")
    memory.now = Remembered(geometry="01ff", page="log", columns={"queue": [10, 20]}, quiet_until=12.5)
    memory.save()
    assert Memory(memory.path).now == memory.now


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"geometry": "no hex"}', '{"geometry": "0"}', '{"quiet_until": 1e300}', '{"page": 7}'],
)
def test_a_broken_file_is_an_empty_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tray.json"
    path.write_text(content)
    assert Memory(path).now == Remembered()
