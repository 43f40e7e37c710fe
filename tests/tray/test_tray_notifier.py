"""When notifications are shown, by a clock that the test moves: not after start or wake, nor in a snooze."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.waiting import until
from stationmaster.model import AgentStatus, Problem, ProblemCode, Severity
from stationmaster_tray import notifier as notifier_module
from stationmaster_tray.memory import Memory
from stationmaster_tray.notice import Notice
from stationmaster_tray.notifier import Notifier
from stationmaster_tray.seen import Contact, Seen

pytestmark = pytest.mark.usefixtures("app")

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
QUIET = timedelta(minutes=1)
LOOK = timedelta(seconds=10)


class Bench:
    """A notifier, its clock and what it showed."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.shown: list[str] = []
        self.memory = Memory(folder / "tray.json")
        self.notifier = Notifier(self.memory, self._show, quiet_start=QUIET, now=lambda: self.now)

    def _show(self, notice: Notice) -> None:
        self.shown.append(notice.title)

    def see(self, *titles: str) -> None:
        """The agent's state: one Problem for each title, there since the start."""
        problems = tuple(
            Problem(
                code=ProblemCode.LOGIN_REFUSED,
                severity=Severity.ERROR,
                title=title,
                text=title,
                since=START,
                subject=title,
            )
            for title in titles
        )
        status = AgentStatus(
            revision=1, version="1", pid=1, started_at=START, home="/h", instances=(), problems=problems
        )
        self.notifier.show_seen(Seen(contact=Contact.ATTACHED, status=status, since=START))

    def wait(self, length: timedelta, *titles: str) -> None:
        """Let time pass, with a look every few seconds as the timer has it."""
        end = self.now + length
        while self.now < end:
            self.now = min(self.now + LOOK, end)
            self.see(*titles)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_nothing_is_shown_in_the_first_minute_and_what_lasts_is_shown_then(bench: Bench) -> None:
    bench.see("token")
    bench.wait(QUIET - timedelta(seconds=1), "token", "folder")
    assert bench.shown == []
    bench.wait(timedelta(seconds=2), "token")
    assert bench.shown == ["token"]


@pytest.mark.parametrize("jump", [timedelta(hours=8), -timedelta(hours=1)], ids=["slept", "set back"])
def test_nothing_is_shown_in_the_minute_after_the_computer_woke(bench: Bench, jump: timedelta) -> None:
    bench.wait(2 * QUIET)
    bench.now += jump
    bench.see()
    bench.now += timedelta(seconds=5)
    problem = bench.now - START
    bench.wait(QUIET - timedelta(seconds=6), "token")
    assert bench.shown == []
    bench.wait(timedelta(seconds=2) + max(timedelta(), -problem), "token")
    assert bench.shown == ["token"]


def test_a_snooze_keeps_quiet_and_its_end_tells_what_lasts(bench: Bench) -> None:
    bench.wait(2 * QUIET)
    bench.notifier.snooze(timedelta(minutes=30))
    bench.wait(timedelta(minutes=29), "token")
    assert bench.shown == []
    bench.notifier.snooze(timedelta())
    bench.see("token")
    assert bench.shown == ["token"]
    bench.notifier.snooze(timedelta(minutes=30))
    bench.wait(timedelta(minutes=29), "token", "folder")
    assert bench.shown == ["token"]
    bench.wait(timedelta(minutes=2), "token", "folder")
    assert bench.shown == ["token", "folder"]


async def test_a_cause_becomes_due_without_a_new_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "_LOOK_EVERY", 10)
    bench = Bench(tmp_path)
    bench.wait(QUIET - timedelta(seconds=1), "token")
    bench.now += timedelta(seconds=2)
    await until(lambda: bench.shown == ["token"], what="the notification")
