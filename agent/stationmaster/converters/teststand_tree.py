"""Steps of TestStand, whichever report format they come from: ATML, or TestStand's own XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from stationmaster.api import CompOp, ConversionError, Group, Limits, Series, Status
from stationmaster.api.additional import Value

BROKEN_OFF: Final = "Look at it in TestStand: the test may have been broken off."
_JUDGED: Final = frozenset({Status.PASSED, Status.FAILED, Status.ERROR, Status.TERMINATED})


@dataclass(slots=True)
class Row:
    """One measurement.

    Attributes:
        name: of the measurement, in a step of several.
        value: a number, text or verdict; None: the file has none.
        limits: of a number; None: only recorded.
        comp: of a text; None: only recorded.
        limit: of a text.
        status: its own verdict, where the file has one.
        note: what its limits say beside, for people.
    """

    name: str = ""
    value: float | str | bool | None = None
    unit: str = ""
    limits: Limits | None = None
    comp: CompOp | None = None
    limit: str | None = None
    status: Status | None = None
    note: str = ""


@dataclass(slots=True)
class Call:
    """Which sequence a step calls."""

    path: str = ""
    name: str = ""
    version: str = ""


@dataclass(slots=True)
class Loop:
    """What a step says of its loop: `index` in an iteration, the counts in the summary."""

    index: int | None = None
    count: int | None = None
    passed: int | None = None
    failed: int | None = None


@dataclass(slots=True)
class Node:
    """A step.

    Attributes:
        kind: TestStand's step type; "" where another program wrote the file.
        place: where it stands in the file, for error texts and warnings.
        status: the tester's verdict; None: the file has none.
        number: TestStand's own number of this result, for the critical failure.
        caused: it made its sequence fail.
        called: it stands for the sequence that a step of another type calls, and may have no verdict.
        extra: what else it recorded.
    """

    name: str
    kind: str
    place: str
    status: Status | None = None
    group: Group = Group.MAIN
    number: str = ""
    start: datetime | None = None
    total_time: float | None = None
    texts: list[str] = field(default_factory=list)
    error_code: int | None = None
    error_message: str = ""
    caused: bool = False
    called: bool = False
    call: Call | None = None
    loop: Loop | None = None
    numbers: list[Row] = field(default_factory=list)
    strings: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)
    curves: list[Series] = field(default_factory=list)
    extra: dict[str, Value] = field(default_factory=dict)
    steps: list[Node] = field(default_factory=list)

    def remember(self, name: str, value: Value) -> None:
        """Keep something that it recorded; equal names become "name #2"."""
        unique, count = name or "-", 1
        while unique in self.extra:
            count += 1
            unique = f"{name} #{count}"
        self.extra[unique] = value


def check_judged(steps: list[Node], place: str) -> None:
    """Their verdicts make that of the unit, of which the file tells none: it must not pass by chance.

    Args:
        steps: of the unit.
        place: where the unit stands.

    Raises:
        ConversionError: one of them has no status, or none was judged.
    """
    found = [one for one in _walk(steps) if not one.called]
    silent = next((one for one in found if one.status is None), None)
    if silent is not None:
        raise ConversionError(
            f"the report has no result, and {silent.name[:40]!r} has no status: it must not count as passed",
            place=silent.place,
            next_step=BROKEN_OFF,
        )
    if not any(one.status in _JUDGED for one in found):
        raise ConversionError(
            "the report has no result, and none of its steps was judged: it must not count as passed",
            place=place,
            next_step=BROKEN_OFF,
        )


def _walk(steps: list[Node]) -> Iterator[Node]:
    for step in steps:
        yield step
        yield from _walk(step.steps)
