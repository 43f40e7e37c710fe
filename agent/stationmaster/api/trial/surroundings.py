"""What is around a converter: values that its modules keep, and the state of the process."""

from __future__ import annotations

import copy
import inspect
import locale
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from stationmaster.api.converter import Converter

_PLAIN = (str, bytes, int, float, complex, bool, type(None), list, dict, set, tuple, frozenset)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A look at them, to be compared with a later one.

    Attributes:
        kept: plain values by name, of each module and class by what a person knows it by.
        world: what belongs to the whole process.
    """

    kept: dict[str, dict[str, Any]]
    world: dict[str, Any]

    @classmethod
    def of(cls, converter: Converter) -> Surroundings:
        """As they are now."""
        kept = {f"The class {type(converter).__name__}": _values(vars(type(converter)))}
        for module in _modules(converter):
            kept[f"The module {Path(module.__file__ or module.__name__).name}"] = _values(vars(module))
        return cls(kept, _world())

    def kept_by(self, now: Surroundings) -> Iterator[tuple[str, str]]:
        """Who keeps another value now, and its name."""
        for who, before in self.kept.items():
            after = now.kept.get(who, {})
            for name in sorted(after.keys() | before.keys()):
                if name not in after or name not in before or not _same(after[name], before[name]):
                    yield who, name

    def changed_in(self, now: Surroundings) -> Iterator[str]:
        """What of the process is not as it was."""
        for what, value in self.world.items():
            if now.world[what] != value:
                yield what


def _modules(converter: Converter) -> list[ModuleType]:
    """The converter's own module and those beside it."""
    home = sys.modules.get(type(converter).__module__)
    file = getattr(home, "__file__", None)
    if home is None or file is None:
        return [home] if home is not None else []
    folder = Path(file).parent
    near = [
        module
        for module in list(sys.modules.values())
        if (place := getattr(module, "__file__", None)) and Path(place).parent == folder
    ]
    return near if home in near else [home, *near]


def _values(names: Any) -> dict[str, Any]:
    """Copies of the plain values; what cannot be copied is left out."""
    kept: dict[str, Any] = {}
    for name, value in list(names.items()):
        if name.startswith("__") or not isinstance(value, _PLAIN) or inspect.ismodule(value):
            continue
        try:
            kept[name] = copy.deepcopy(value)
        except Exception:  # noqa: BLE001, S112 - a value that does not like to be copied says nothing
            continue
    return kept


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def _world() -> dict[str, Any]:
    return {
        "the working folder": os.getcwd(),  # noqa: PTH109 - a text to compare
        "the environment": dict(os.environ),
        "the locale": locale.setlocale(locale.LC_ALL),
        "sys.path": list(sys.path),
        "the recursion limit": sys.getrecursionlimit(),
    }
