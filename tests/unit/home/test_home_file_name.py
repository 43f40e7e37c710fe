"""File names that are no Unicode text: as people see them, and there and back."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationmaster.file_name import from_wire, shown, to_wire
from stationmaster.model import Problem, ProblemCode, Severity

CAFE = "caf\udce9.json"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain.json", "plain.json"),
        ("größe\n.json", "größe\n.json"),
        (CAFE, r"caf\xe9.json"),
        ("half \ud83d", r"half \ud83d"),
        (f"half \ud83d {CAFE}", r"half \ud83d caf\udce9.json"),
    ],
)
def test_what_people_see(text: str, seen: str) -> None:
    assert shown(text) == seen
    assert shown(seen) == seen


@given(st.binary(min_size=1))
def test_a_name_comes_back_as_it_was(name: bytes) -> None:
    text = os.fsdecode(name)

    assert from_wire(to_wire(text)) == text
    assert to_wire(text).encode()
    assert shown(text).encode()


def test_a_problem_that_names_such_a_file_can_be_sent() -> None:
    text = f"{CAFE} is locked"
    problem = Problem(
        code=ProblemCode.SOURCE_LOCKED, severity=Severity.WARNING, title=text, text=text, next_step=text,
        subject=f"/in/{CAFE}", since=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip

    assert msgspec.json.decode(msgspec.json.encode(problem), type=Problem) == problem
    assert problem.key == ("", "source-locked", r"/in/caf\xe9.json")
    assert problem.text == r"caf\xe9.json is locked"
