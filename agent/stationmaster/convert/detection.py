"""Which converter a file needs, by confidence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SURE = 80
"""From here on a confidence claims a signature: two such claims at once cannot both be right."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome of a detection.

    Attributes:
        name: the converter, "" when none is chosen.
        tied: the names that claim the file with equal right, else empty.
    """

    name: str = ""
    tied: tuple[str, ...] = ()


def choose(confidences: Mapping[str, int]) -> Choice:
    """Take the highest confidence; below `SURE` the first of equals, in the order of the mapping."""
    best = max(confidences.values(), default=0)
    if best <= 0:
        return Choice()
    names = tuple(name for name, confidence in confidences.items() if confidence == best)
    if len(names) > 1 and best >= SURE:
        return Choice(tied=names)
    return Choice(name=names[0])
