"""Which names are looked at now, soon, or in their turn."""

from __future__ import annotations

import math

from stationmaster.ingest.agenda import CALL, CYCLE, Agenda


def test_what_was_hinted_at_is_looked_at_now_a_call_at_a_time() -> None:
    agenda = Agenda(0.0)
    assert (agenda.hinted, agenda.due_at()) == (False, math.inf)
    names = {f"{number}.xml" for number in range(CALL + 5)}
    agenda.hint(names)
    assert (agenda.hinted, agenda.due_at()) == (True, -math.inf)
    first, second = agenda.take(0.0), agenda.take(0.0)
    assert (len(first), len(second)) == (CALL, 5)
    assert set(first) | set(second) == names
    assert agenda.take(0.0) == []


def test_what_is_for_later_waits_for_the_soonest_of_them() -> None:
    agenda = Agenda(0.0)
    assert agenda.later("a", 5.0)
    assert not agenda.later("b", 9.0)
    assert agenda.later("c", 3.0)
    assert agenda.due_at() == 3.0
    assert agenda.take(2.9) == []
    assert sorted(agenda.take(3.0)) == ["a", "b", "c"]
    assert agenda.due_at() == math.inf


def test_each_known_file_has_its_turn_within_a_cycle() -> None:
    agenda = Agenda(0.0)
    assert sum(agenda.quota(CYCLE * part / 10, 700) for part in range(1, 11)) in (699, 700)


def test_after_a_long_silence_no_file_has_two_turns_at_once() -> None:
    agenda = Agenda(0.0)
    turns = [agenda.quota(100 * CYCLE, 2 * CALL + 500) for _ in range(4)]
    assert turns == [CALL, CALL, 500, 0]


def test_more_turns_than_one_call_takes_are_due_at_once() -> None:
    agenda = Agenda(0.0)
    agenda.quota(CYCLE, 2 * CALL)
    assert agenda.due_at() == -math.inf
    agenda.quota(CYCLE, 2 * CALL)
    assert agenda.due_at() == math.inf
