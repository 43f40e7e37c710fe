"""Steps of TestStand, whichever report format they come from: ATML, or TestStand's own XML."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from stationmaster.api import CompOp, Group, Limits, Series, Status
from stationmaster.api.additional import Value


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
