"""A report, read so that the window never stands still, however large it is.

A report may have 100,000 steps. As Python objects they would be half a million, and each of Python's searches
for garbage would look at them all. So a step without steps of its own stays text until somebody looks at it.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
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


_NUMBERED = re.compile(r"\.steps\[(\d+)\]")


class _Brief(msgspec.Struct, frozen=True):
    status: Any = None
    name: Any = None


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
    return _brief(step, "status")


def name_of(step: object) -> str:
    """A step's name, without decoding the rest of it."""
    return _brief(step, "name")


def _brief(step: object, key: str) -> str:
    if isinstance(step, bytes):
        value = getattr(msgspec.json.decode(step, type=_Brief), key)
    else:
        value = step.get(key) if isinstance(step, dict) else None
    return value if isinstance(value, str) else ""


def path_of(document: Document, place: str) -> Path | None:
    """The step that a finding's place names, None for no step. Looks at many steps: call it in a thread.

    Places go by names, `root/Supply/VCC#2.value` (the second step called VCC), or where a step has no name by
    numbers, `root.steps[3].name`.
    """
    rest = place.removeprefix("root")
    if rest == place or rest[:1] not in {"", ".", "/"}:
        return None
    return _path_in(document.root, rest)


def _path_in(step: Part, rest: str) -> Path:
    below = steps_of(step)
    if rest.startswith("/"):
        place, length = _by_name(below, rest[1:])
        after = rest[1 + length :]
    elif numbered := _NUMBERED.match(rest):
        place, after = int(numbered[1]), rest[numbered.end() :]
    else:
        return ()
    return (place, *_path_in(step_of(below[place]), after)) if 0 <= place < len(below) else ()


def _by_name(steps: list[object], rest: str) -> tuple[int, int]:
    """Which step `rest` begins with, -1 for none, and how long its name is there."""
    seen: Counter[str] = Counter()
    place, length = -1, 0
    for number, step in enumerate(steps):
        name = name_of(step)
        seen[name] += 1
        said = f"{name}#{seen[name]}" if seen[name] > 1 else name
        # A name may have dots and slashes itself: of several that fit, the longest is meant.
        if len(said) > length and (rest == said or rest.startswith((f"{said}/", f"{said}."))):
            place, length = number, len(said)
    return place, length


def _hook(part: Part) -> Part | bytes:
    if "stepType" in part and not part.get("steps"):
        with contextlib.suppress(ValueError, OverflowError):  # half a character, a number beyond 64 bits
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
