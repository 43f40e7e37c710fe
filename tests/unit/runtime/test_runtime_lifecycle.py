"""The whole table: every state with every event."""

from __future__ import annotations

import pytest

from stationmaster.model import Lifecycle
from stationmaster.runtime.lifecycle import LifeEvent, next_state

# Columns in the order of LifeEvent: start, up, drain, stop, down, crash. "." stays as it is.
TABLE = {
    Lifecycle.STOPPED: "starting . . . . .",
    Lifecycle.STARTING: ". running draining stopping . failed",
    Lifecycle.RUNNING: ". . draining stopping . failed",
    Lifecycle.DRAINING: ". . . stopping stopped failed",
    Lifecycle.STOPPING: ". . . . stopped failed",
    Lifecycle.FAILED: "starting . stopped stopped . .",
}
CASES = [
    (state, event, state if word == "." else Lifecycle(word))
    for state, row in TABLE.items()
    for event, word in zip(LifeEvent, row.split(), strict=True)
]


@pytest.mark.parametrize(("state", "event", "expected"), CASES)
def test_each_event_in_each_state(state: Lifecycle, event: LifeEvent, expected: Lifecycle) -> None:
    assert next_state(state, event) is expected


def test_the_table_is_whole() -> None:
    assert {(state, event) for state, event, _ in CASES} == {(s, e) for s in Lifecycle for e in LifeEvent}


def test_an_instance_that_is_asked_to_end_can_always_come_to_rest() -> None:
    for state in Lifecycle:
        asked = next_state(state, LifeEvent.STOP)
        assert next_state(asked, LifeEvent.DOWN) in {Lifecycle.STOPPED, Lifecycle.FAILED}
