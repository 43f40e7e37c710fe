"""Status of steps and measurements, and the group a step belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """Status of a step or a measurement, as the wire has it."""

    PASSED = "P"
    FAILED = "F"
    SKIPPED = "S"
    DONE = "D"
    ERROR = "E"
    TERMINATED = "T"

    @classmethod
    def of(cls, passed: bool) -> Status:  # noqa: FBT001 - Status.of(True) reads as it should
        """`PASSED` or `FAILED`."""
        return cls.PASSED if passed else cls.FAILED


class Group(StrEnum):
    """Part of the sequence a step belongs to."""

    SETUP = "S"
    MAIN = "M"
    CLEANUP = "C"


def worst(letters: Iterable[str]) -> str:
    """The status that several make together: T before E before F, else P."""
    found = set(letters)
    for letter in ("T", "E", "F"):
        if letter in found:
            return letter
    return "P"
