"""What the tray remembers, and clocks that are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stationmaster_tray.memory import Memory, Remembered
from stationmaster_tray.notifier import Notifier

pytestmark = pytest.mark.usefixtures("app")


def test_what_was_saved_is_known_again(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "below" / "tray.json")
    memory.now = Remembered(geometry="01ff", page="log", columns={"queue": [10, 20]}, quiet_until=12.5)
    memory.save()
    assert Memory(memory.path).now == memory.now


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 100,
        b'{"page":"\xff\xfe"}',
        b'{"more":{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}}",
        b'{"geometry":"no hex"}',
        b"",
        b"[]",
        b'{"geometry":"0"}',
        b'{"quiet_until":1e300}',
    ],
    ids=["zeros", "no UTF-8", "deep", "no hex", "empty", "list", "half a byte", "for ever"],
)
def test_a_broken_file_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "tray.json"
    file.write_bytes(content)
    assert Memory(file).now == Remembered()


def test_no_snooze_outlives_a_clock_that_is_set_back(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "tray.json")
    notifier = Notifier(memory, lambda _notice: None, quiet_start=timedelta())
    notifier.snooze(timedelta(hours=8))
    assert notifier.snoozed_until is not None
    for moment in ((datetime.now(UTC) + timedelta(days=400)).timestamp(), 1e308):
        memory.now.quiet_until = moment
        assert notifier.snoozed_until is None
