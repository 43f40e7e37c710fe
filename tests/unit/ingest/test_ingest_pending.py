"""Candidates: resting, ready, claimed, offered again; the arrivals, known and departed files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stationmaster.ingest.arrival import Arrivals
from stationmaster.ingest.candidate import Candidate, Pending, Phase
from stationmaster.ingest.claim import Outcome
from stationmaster.ingest.departed import REMEMBER, Departed
from stationmaster.ingest.known import KnownFiles
from stationmaster.ingest.scan import UNSEEN
from stationmaster.ingest.settle import Stat
from stationmaster.model import Lane

WALL = datetime(2026, 1, 1, tzinfo=UTC)
ONE = Stat(10, 1)
TWO = Stat(20, 1)


def resting(pending: Pending, name: str = "a", *, since: float = 0.0, lane: Lane = Lane.LIVE) -> Candidate:
    candidate = Candidate(name=name, stat=ONE, since=since, first_seen=WALL, lane=lane)
    pending.add(candidate)
    return candidate


def test_a_file_is_ready_once_it_rested_for_the_settle_time() -> None:
    pending = Pending(1.0)
    candidate = resting(pending)

    assert pending.due(0.9, 10) == []
    assert pending.next_due() == 1.0
    assert pending.due(1.0, 10) == [candidate]
    assert pending.observe(candidate, ONE, 1.0, 1.0)
    assert pending.claim(Lane.BATCH) is None
    assert pending.claim(Lane.LIVE) is candidate
    assert pending.claim(Lane.LIVE) is None


def test_a_file_that_changes_begins_its_rest_anew() -> None:
    pending = Pending(1.0)
    candidate = resting(pending)

    assert not pending.observe(candidate, TWO, 0.9, 0.9)
    assert pending.due(1.0, 10) == []
    assert pending.due(1.9, 10) == [candidate]
    assert pending.observe(candidate, TWO, 1.9, 1.9)


def test_a_ready_file_that_changes_is_not_ready_any_more() -> None:
    pending = Pending(1.0)
    candidate = resting(pending)
    pending.due(1.0, 10)
    pending.observe(candidate, ONE, 1.0, 1.0)

    pending.observe(candidate, TWO, 1.5, 1.5)

    assert pending.claim(Lane.LIVE) is None
    assert pending.next_due() == 2.5


def test_with_a_settle_time_of_zero_a_look_suffices() -> None:
    pending = Pending(0.0)
    candidate = resting(pending, since=5.0)

    assert pending.due(5.0, 10) == [candidate]
    assert pending.observe(candidate, ONE, 5.0, 5.0)


def test_what_was_not_taken_is_offered_again_later_and_later() -> None:
    pending = Pending(0.0)
    candidate = resting(pending)
    now, gaps = 0.0, []
    for _ in range(12):
        pending.due(now, 1)
        assert pending.observe(candidate, ONE, now, now)
        assert pending.claim(Lane.LIVE) is candidate
        pending.again(candidate, Outcome.BUSY, now=now, wall=WALL)
        due = pending.next_due()
        assert due is not None
        gaps.append(round(due - now, 3))
        now = due

    assert gaps[:5] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert gaps[-1] == 30.0
    assert candidate.trouble_since == WALL


def test_a_change_ends_the_trouble_and_the_growing_delay() -> None:
    pending = Pending(1.0)
    candidate = resting(pending)
    pending.due(1.0, 1)
    pending.observe(candidate, ONE, 1.0, 1.0)
    pending.claim(Lane.LIVE)
    pending.again(candidate, Outcome.INCOMPLETE, now=1.0, wall=WALL)
    pending.again(candidate, Outcome.BUSY, now=1.0, wall=WALL + timedelta(seconds=9))
    assert (candidate.trouble, candidate.trouble_since) == (Outcome.BUSY, WALL + timedelta(seconds=9))

    pending.observe(candidate, TWO, 5.0, 5.0)

    assert (candidate.tries, candidate.trouble, candidate.trouble_since) == (0, None, None)
    assert pending.next_due() == 6.0


def test_a_returned_claim_is_offered_at_once_and_counts_no_try() -> None:
    pending = Pending(0.0)
    candidate = resting(pending)
    pending.due(0.0, 1)
    pending.observe(candidate, ONE, 0.0, 0.0)
    pending.claim(Lane.LIVE)

    pending.again(candidate, Outcome.RETURNED, now=3.0, wall=WALL)

    assert (candidate.tries, pending.next_due(), pending.claimed, pending.untried) == (0, 3.0, 0, 1)


def test_a_claimed_file_that_stirs_is_remembered() -> None:
    pending = Pending(0.0)
    candidate = resting(pending)
    pending.due(0.0, 1)
    pending.observe(candidate, ONE, 0.0, 0.0)
    pending.claim(Lane.LIVE)

    stirred = []
    for stat in (ONE, TWO):
        assert not pending.observe(candidate, stat, 1.0, 1.0)
        stirred.append(candidate.stirred)

    assert stirred == [False, True]
    assert candidate.stat == ONE


def test_a_file_that_cannot_be_looked_at_waits() -> None:
    pending = Pending(0.0)
    candidate = resting(pending)

    assert not pending.observe(candidate, UNSEEN, 0.0, 1.0)
    assert pending.next_due() == 1.2
    assert pending.untried == 0


def test_a_dropped_file_is_never_handed_out() -> None:
    pending = Pending(0.0)
    first, second = resting(pending, "a"), resting(pending, "b")
    for candidate in pending.due(0.0, 10):
        pending.observe(candidate, ONE, 0.0, 0.0)

    pending.drop("a")
    pending.drop("a")
    assert pending.claim(Lane.LIVE) is second
    pending.drop("b")

    assert first.phase is Phase.RESTING
    assert (len(pending), pending.claimed, pending.untried, pending.next_due()) == (0, 0, 0, None)


@pytest.mark.parametrize(
    ("outcome", "seconds", "comes"),
    [
        (Outcome.BUSY, 0.0, False),
        (Outcome.INCOMPLETE, 600.0, True),
        (Outcome.INCOMPLETE, 700.0, False),
    ],
)
def test_what_was_offered_in_vain_comes_only_if_it_is_incomplete_and_not_for_ever(
    outcome: Outcome, seconds: float, *, comes: bool
) -> None:
    pending = Pending(0.0)
    candidate = resting(pending)
    assert pending.untried == 1
    for number in range(4):
        pending.due(1000.0 * number, 1)
        pending.observe(candidate, ONE, 0.0, 1000.0 * number)
        pending.claim(Lane.LIVE)
        assert candidate.comes(WALL, 600.0)
        pending.again(candidate, outcome, now=1000.0 * number, wall=WALL)

    assert pending.untried == 0
    assert candidate.comes(WALL + timedelta(seconds=seconds), 600.0) is comes


def test_a_file_that_grows_is_not_waited_for_without_end() -> None:
    candidate = resting(Pending(0.0))
    assert candidate.comes(WALL + timedelta(seconds=600), 600.0)
    assert not candidate.comes(WALL + timedelta(seconds=700), 600.0)


def test_a_burst_waits_behind_live_names() -> None:
    arrivals = Arrivals()
    arrivals.scanned(f"{number}" for number in range(501))
    arrivals.scanned(["live"])

    assert arrivals.take(live=10, burst=2) == (["live"], ["0", "1"])
    assert len(arrivals) == 499
    assert arrivals.waits(live=1, burst=1)
    assert not arrivals.waits(live=1, burst=0)


def test_hints_and_the_next_scan_together_make_a_burst() -> None:
    arrivals = Arrivals()

    assert not any(arrivals.hinted(f"{number}") for number in range(500))
    assert arrivals.hinted("one too many")
    arrivals.scanned(["with them"])
    arrivals.scanned(["after them"])

    assert arrivals.take(live=9, burst=9) == (["after them"], ["one too many", "with them"])


@pytest.mark.parametrize("stat", [Stat(0, 0), Stat((1 << 63) - 1, -(1 << 62)), Stat(1, (1 << 63) - 1)])
def test_known_files_keep_any_size_and_time(stat: Stat) -> None:
    known = KnownFiles()
    known.settle("a", stat)

    assert known.get("a") == stat


def test_known_files_at_work_have_no_state_and_no_turn() -> None:
    known = KnownFiles()
    known.settle("a", ONE)
    known.settle("b", ONE)
    known.work("b")
    known.work("c")

    assert ("b" in known, known.get("b"), known.get("x")) == (True, None, None)
    assert (len(known), known.settled) == (3, 1)
    assert known.turn(10) == ["a"]
    known.drop("b")
    known.drop("a")
    known.drop("a")
    assert (len(known), known.settled, known.turn(10)) == (1, 0, [])


def test_each_known_file_has_its_turn() -> None:
    known = KnownFiles()
    for number in range(100):
        known.settle(str(number), ONE)
    known.turn(1_000)

    first = [name for _ in range(10) for name in known.turn(10)]
    known.settle("new", ONE)
    second = known.turn(101)

    assert sorted(first) == sorted(map(str, range(100)))
    assert "new" in second


def test_departed_files_are_remembered_for_an_hour() -> None:
    departed = Departed()
    departed.left("a", ONE, 0.0)
    departed.left("b", ONE, 0.0)
    departed.left("c", ONE, 0.0)
    departed.left("d", ONE, REMEMBER)

    assert departed.returned("a", ONE)
    assert not departed.returned("b", TWO)
    assert not departed.returned("b", ONE)
    assert departed.expired(REMEMBER - 1, 10) == []
    assert departed.expired(REMEMBER, 10) == [("c", ONE)]
    assert len(departed) == 1
    assert departed.expired(9 * REMEMBER, 0) == []
