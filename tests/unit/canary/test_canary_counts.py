"""What a canary counts, and what speaks against it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from stationmaster.canary import MOST_FOUND, MOST_VALUES, Canary, CanaryValue, Ended, Judged, Verdict

NOW = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def canary(**more: object) -> Canary:
    usual = {"id": "1", "started_at": NOW, "converter": "rig", "version": "2", "beside": "rig", "files": 100}
    return msgspec.convert({**usual, **more}, Canary)


def judged(verdict: Verdict, **more: object) -> Judged:
    return msgspec.convert({"verdict": verdict, "seconds": 0.5, "beside_seconds": 0.25, **more}, Judged)


def test_each_file_counts_once_by_what_came_of_it() -> None:
    seen = canary()
    for verdict in (Verdict.SAME, Verdict.SAME, Verdict.DIFFERENT, Verdict.FAILED, Verdict.REFUSED):
        seen = seen.counted(judged(verdict, text="so", reader="rig, version 1"), "a.txt", NOW)
    assert (seen.same, seen.different, seen.failed, seen.refused, seen.compared) == (2, 1, 1, 1, 5)
    assert (seen.seconds, seen.beside_seconds, seen.beside_reader) == (2.5, 1.25, "rig, version 1")
    assert [one.verdict for one in seen.found] == [Verdict.DIFFERENT, Verdict.FAILED, Verdict.REFUSED]


def test_a_file_that_is_skipped_is_no_file_of_those_that_are_compared() -> None:
    seen = canary(files=1).counted(judged(Verdict.SKIPPED, grows=True), "a.txt", NOW)
    assert (seen.skipped, seen.compared, seen.seconds, seen.found, seen.running) == (1, 0, 0.0, (), True)
    assert seen.grows


def test_the_first_file_that_is_skipped_is_told_with_its_reason_and_no_other() -> None:
    seen = canary()
    assert seen.told == ()
    for number, verdict in enumerate((Verdict.SKIPPED, Verdict.FAILED, Verdict.SKIPPED), 1):
        seen = seen.counted(judged(verdict, text=f"Reason {number}."), f"{number}.txt", NOW)
    assert seen.skipped == 2
    assert [line for file in seen.told for line in file.lines()] == [
        "- 1.txt: skipped. Reason 1.",
        "✗ 2.txt: failed. Reason 2.",
    ]


def test_it_ends_with_its_last_file_and_stays_so() -> None:
    seen = canary(files=2).counted(judged(Verdict.SAME), "a.txt", NOW)
    assert seen.running
    seen = seen.counted(judged(Verdict.FAILED), "b.txt", LATER)
    assert (seen.ended, seen.ended_at, seen.running) == (Ended.DONE, LATER, False)
    assert seen.over(Ended.STOPPED, NOW) == seen


def test_the_last_files_and_the_first_values_are_kept_and_no_more() -> None:
    seen = canary(files=1000)
    values = [{"path": str(number), "old": "1", "new": "2"} for number in range(MOST_VALUES + 5)]
    for number in range(MOST_FOUND + 3):
        seen = seen.counted(judged(Verdict.DIFFERENT, values=values, count=25), f"{number}", NOW)
    assert [one.name for one in seen.found] == [str(number) for number in range(3, MOST_FOUND + 3)]
    assert len(seen.found[0].values) == MOST_VALUES
    assert seen.found[0].values[0] == CanaryValue(path="0", old="1", new="2")
    assert seen.found[0].count == 25


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, "No file was compared yet."),
        ({"skipped": 9}, "No file was compared yet."),
        ({"same": 3, "skipped": 9}, ""),
        ({"same": 3, "different": 2}, "Of 5 files: 2 different."),
        ({"failed": 1, "refused": 1}, "Of 2 files: 1 failed, 1 refused."),
    ],
)
def test_what_speaks_against_it_is_a_sentence(counts: dict[str, int], told: str) -> None:
    assert canary(**counts).doubts == told


def test_the_short_form_says_the_same() -> None:
    seen = canary(same=3, different=1).over(Ended.STOPPED, NOW)
    short = seen.status()
    assert type(short) is not Canary
    assert (short.compared, short.ended, short.version) == (4, Ended.STOPPED, "2")
    assert "found" not in msgspec.to_builtins(short)
