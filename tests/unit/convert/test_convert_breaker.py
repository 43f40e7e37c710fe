from __future__ import annotations

from stationmaster.convert.breaker import (
    FAILURES_TO_TELL,
    FAULTS_TO_HOLD,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Breaker,
)


def _broken() -> Breaker:
    breaker = Breaker()
    for number in range(FAULTS_TO_HOLD):
        assert not breaker.held(0.0)
        breaker.failed(0.0, f"reason {number}", fault=True)
    return breaker


def test_it_holds_after_five_faults_in_a_row() -> None:
    breaker = _broken()
    assert breaker.holding
    assert breaker.suspicious
    assert breaker.last == "reason 4"
    assert breaker.held(FIRST_PAUSE - 0.1)
    assert not breaker.held(FIRST_PAUSE)


def test_a_success_between_starts_the_count_again() -> None:
    breaker = Breaker()
    for _ in range(20):
        for _ in range(FAULTS_TO_HOLD - 1):
            breaker.failed(0.0, "", fault=True)
        breaker.succeeded()
    assert not breaker.suspicious


def test_the_pause_doubles_up_to_ten_minutes() -> None:
    breaker = _broken()
    now, pauses = 0.0, []
    for _ in range(7):
        start = now
        while breaker.held(now):
            now += 1.0
        pauses.append(now - start)
        breaker.failed(now, "again", fault=True)
    assert pauses == [30, 60, 120, 240, 480, LONGEST_PAUSE, LONGEST_PAUSE]


def test_only_one_file_is_let_through_at_a_time() -> None:
    breaker = _broken()
    assert not breaker.held(100.0)
    breaker.let_through(100.0)
    assert breaker.held(100.0)
    breaker.succeeded()
    assert not breaker.held(100.0)


def test_a_well_converter_is_never_held() -> None:
    breaker = Breaker()
    breaker.let_through(0.0)
    assert not breaker.held(0.0)


def test_wrong_files_hold_nothing() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_TO_TELL - 1):
        breaker.failed(0.0, "", fault=False)
    early = breaker.suspicious
    breaker.failed(0.0, "", fault=False)
    assert (early, breaker.suspicious) == (False, True)
    assert not breaker.holding
    assert not breaker.held(0.0)


def test_a_file_s_own_fault_ends_the_hold() -> None:
    breaker = _broken()
    breaker.failed(100.0, "wrong file", fault=False)
    assert not breaker.holding
