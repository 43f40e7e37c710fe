from __future__ import annotations

import pytest

from stationmaster.convert.detection import Choice, choose


@pytest.mark.parametrize(
    ("confidences", "choice"),
    [
        ({}, Choice()),
        ({"a": 0, "b": 0}, Choice()),
        ({"a": 30, "b": 60}, Choice("b")),
        ({"a": 60, "b": 60}, Choice("a")),
        ({"b": 79, "a": 79}, Choice("b")),
        ({"a": 80, "b": 80}, Choice(tied=("a", "b"))),
        ({"a": 80, "b": 95}, Choice("b")),
        ({"a": 100, "c": 5, "b": 100}, Choice(tied=("a", "b"))),
        ({"a": 1}, Choice("a")),
    ],
)
def test_the_highest_confidence_wins(confidences: dict[str, int], choice: Choice) -> None:
    assert choose(confidences) == choice
