"""A report, read so that the window never stands still, however large it is.

A report may have 100,000 steps. As Python objects they would be half a million, and each of Python's searches
for garbage would look at them all. So a step without steps of its own stays text until somebody looks at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from stationmaster.errors import StationmasterError
from stationmaster_tray.text import tr

MOST_FAILED = 1_000
"""Failed steps that can be walked through, one after the other."""
FAILED = frozenset({"F", "E", "T"})

Part = dict[str, Any]
Path = tuple[int, ...]
"""Where a step stands: the number of each step on the way down from the root, from 0."""


class _Status(msgspec.Struct, frozen=True):
    status: Any = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A report.

    Attributes:
        head: the report as it stands; steps without steps of their own are bytes, see `step_of`.
        steps: how many there are.
        failed: how many of them did not pass, counting only those without steps of their own.
        failures: where the first of these stand.
    """

    head: Part
    steps: int = 0
    failed: int = 0
    failures: tuple[Path, ...] = ()

    @property
    def root(self) -> Part:
        """The root step, empty where there is none."""
        return step_of(self.head.get("root"))


def read(payload: bytes) -> Document:
    """Read a WSJF report, which may be wrong in any way. Takes seconds for a large one: call it in a thread.

    Between two objects other threads have their turn, which a decoder in one piece would not give them.

    Raises:
        StationmasterError: it is no JSON object, or nested too deeply to be shown.
    """
    try:
        head = json.loads(payload, object_hook=_hook)
    except RecursionError:
        raise _unreadable(tr("it is nested too deeply")) from None
    except ValueError as error:
        raise _unreadable(str(error)) from error
    if isinstance(head, bytes):
        head = step_of(head)
    if not isinstance(head, dict):
        raise _unreadable(tr("it is no JSON object"))
    return _counted(head)


def step_of(value: object) -> Part:
    """A step, decoded where it is text still; empty for what is none."""
    if isinstance(value, bytes):
        value = msgspec.json.decode(value)
    return value if isinstance(value, dict) else {}


def rows_of(part: Part, key: str) -> list[Part]:
    """The objects of a list, or the one object that stands in its place."""
    value = part.get(key)
    if isinstance(value, dict):
        return [value]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def steps_of(step: Part) -> list[object]:
    """The steps below a step, each for `step_of`."""
    value = step.get("steps")
    return value if isinstance(value, list) else []


def status_of(step: object) -> str:
    """A step's status, without decoding the rest of it."""
    if isinstance(step, bytes):
        step = {"status": msgspec.json.decode(step, type=_Status).status}
    status = step.get("status") if isinstance(step, dict) else None
    return status if isinstance(status, str) else ""


def path_of(place: str) -> Path | None:
    """The step that a finding's place names, such as `root.steps[3].steps[0].name`; None for no step."""
    first, *rest = place.split(".")
    if first not in {"root", "steps"} and not first.startswith("steps["):
        return None
    found: list[int] = []
    for word in rest if first == "root" else (first, *rest):
        name, _, number = word.partition("[")
        if name != "steps" or not number.rstrip("]").isdigit():
            break
        found.append(int(number.rstrip("]")))
    return tuple(found)


def _hook(part: Part) -> Part | bytes:
    if "stepType" in part and not part.get("steps"):
        return msgspec.json.encode(part)
    return part


def _counted(head: Part) -> Document:
    count = failed = 0
    failures: list[Path] = []
    for path, step in _walk(head.get("root")):
        count += 1
        if (isinstance(step, bytes) or not steps_of(step_of(step))) and status_of(step) in FAILED:
            failed += 1
            if len(failures) < MOST_FAILED:
                failures.append(path)
    return Document(head=head, steps=count, failed=failed, failures=tuple(failures))


def _walk(root: object) -> Iterator[tuple[Path, object]]:
    """Every step, in the order of the report, with where it stands."""
    waiting: list[tuple[Path, object]] = [((), root)] if isinstance(root, dict | bytes) else []
    while waiting:
        path, step = waiting.pop()
        yield path, step
        if isinstance(step, dict):
            below = steps_of(step)
            waiting += (((*path, number), below[number]) for number in reversed(range(len(below))))


def _unreadable(why: str) -> StationmasterError:
    return StationmasterError(
        tr("The report cannot be shown: {why}.", why=why),
        next_step=tr("Copy it as JSON and look at it in an editor."),
    )
