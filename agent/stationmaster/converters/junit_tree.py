"""What all test result files of the JUnit family say, whatever their form: suites, cases, properties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError, Limits, Status

MAX_DEPTH: Final = 50


@dataclass(slots=True)
class Measurement:
    """A number that a case gives beside its verdict."""

    name: str
    value: float
    unit: str = ""
    limits: Limits | None = None


@dataclass(slots=True)
class Case:
    """One test.

    Attributes:
        name: its own name.
        status: the file's verdict.
        class_name: name of what it belongs to.
        place: where it stands, for error texts.
        message: why it failed or was skipped.
        text: everything else it printed.
        seconds: how long it took.
        properties: name and value, in file order.
        parts: verdicts of its parts, where the file has them by name (Qt data rows).
        extra: numbers it gives beside its verdict.
    """

    name: str
    status: Status
    class_name: str = ""
    place: str = ""
    message: str = ""
    text: str = ""
    seconds: float | None = None
    properties: list[tuple[str, str]] = field(default_factory=list)
    parts: list[tuple[str, Status]] = field(default_factory=list)
    extra: list[Measurement] = field(default_factory=list)


@dataclass(slots=True)
class Suite:
    """A group of suites and cases.

    Attributes:
        attributes: what else the group says of itself, searched for header fields behind the properties.
        timestamp: start as the file writes it.
        epoch: start as a Unix time, where the file has one.
        seconds: how long it took.
        host: name of the computer it ran on.
        record: gives its own bytes, where the file can be split by suites.
    """

    name: str
    children: list[Suite | Case] = field(default_factory=list)
    properties: list[tuple[str, str]] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    timestamp: str = ""
    epoch: float | None = None
    seconds: float | None = None
    host: str = ""
    text: str = ""
    place: str = ""
    record: Callable[[], bytes] | None = None

    def cases(self) -> list[Case]:
        """All cases below, in file order."""
        found: list[Case] = []
        for child in self.children:
            if isinstance(child, Case):
                found.append(child)
            else:
                found.extend(child.cases())
        return found

    def suites(self) -> list[Suite]:
        """This suite and all below, in file order."""
        found = [self]
        for child in self.children:
            if isinstance(child, Suite):
                found.extend(child.suites())
        return found


def check_depth(depth: int, place: str) -> None:
    """Refuse files that nest suites without end."""
    if depth > MAX_DEPTH:
        raise ConversionError(f"suites nest more than {MAX_DEPTH} deep", place=place)
