"""What two conversions of one file differ in, value by value, with paths that a person can follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from stationmaster.control.command_answer import ValueChange

ABSENT: Final = "(not there)"


@dataclass(frozen=True, slots=True)
class _Place:
    """Names of the report and of the steps down to here, and the keys below the last one."""

    names: tuple[str, ...] = ()
    keys: str = ""

    def key(self, name: str) -> _Place:
        return replace(self, keys=f"{self.keys}.{name}" if self.keys else name)

    def item(self, number: int) -> _Place:
        return replace(self, keys=f"{self.keys}[{number}]")

    def step(self, name: str) -> _Place:
        return _Place((*self.names, name))

    def tell(self, old: object, new: object) -> ValueChange:
        path = ": ".join(part for part in (" / ".join(self.names), self.keys) if part)
        return ValueChange(path, _short(old), _short(new))


def compare(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> Iterator[ValueChange]:
    """The differences of the reports of one file, in their order.

    Ids are left out: they come from the file and the record, not from what a converter makes of them.
    """
    several = max(len(old), len(new)) > 1
    for number, reports in enumerate(zip(old, new, strict=False), 1):
        one, other = ({key: value for key, value in side.items() if key != "id"} for side in reports)
        yield from _values(one, other, _Place((f"report {number}",) if several else ()))
    if len(old) != len(new):
        yield _Place(keys="reports").tell(len(old), len(new))


def _values(old: Any, new: Any, place: _Place) -> Iterator[ValueChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            one, other = old.get(key, ABSENT), new.get(key, ABSENT)
            if key == "steps" and isinstance(one, list) and isinstance(other, list):
                yield from _steps(one, other, place)
            else:
                yield from _values(one, other, place.key(key))
    elif isinstance(old, list) and isinstance(new, list):
        for number in range(max(len(old), len(new))):
            one, other = (side[number] if number < len(side) else ABSENT for side in (old, new))
            yield from _values(one, other, place.item(number))
    elif type(old) is not type(new) or old != new:
        yield place.tell(old, new)


def _steps(old: list[Any], new: list[Any], place: _Place) -> Iterator[ValueChange]:
    """Steps go by their place and are told by their names."""
    for number in range(max(len(old), len(new))):
        one, other = (side[number] if number < len(side) else None for side in (old, new))
        below = place.step(str((one or other or {}).get("name", number)))
        if one is None or other is None:
            yield below.tell(ABSENT if one is None else "a step", ABSENT if other is None else "a step")
        else:
            yield from _values(one, other, below)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
