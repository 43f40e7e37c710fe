"""All that is wrong in a file at once: who mends it does not run a command once per mistake."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from stationmaster.config.rule import SettingError, Where, broken, converted
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.errors import ConfigError

C = TypeVar("C", InstanceConfig, AgentConfig)

_MOST = 50
"""So many mistakes of a section are looked for."""

_STAND_INS: dict[str, Any] = {
    "id": str(UUID(int=1)),
    "server": {"url": "https://stand-in.example"},
    "url": "https://stand-in.example",
    "path": "/stand-in",
    "converters": ["stand-in"],
    "converter": "stand-in",
    "name": "stand-in",
    "every": 60.0,
}
"""What is taken for a setting that must be there and is wrong, so that the others can be looked at."""


def every(raw: dict[str, Any], kind: type[C], where: Where) -> Iterator[SettingError]:
    """Each mistake of a section's settings; nothing where it is right.

    Args:
        raw: its values, as `rule.parse` takes them; they are not changed.
        where: says where a setting stands.
    """
    left, seen = copy.deepcopy(raw), set[tuple[str, ...]]()
    for _ in range(_MOST):
        try:
            config = converted(left, kind, where)
        except SettingError as error:
            if error.parts in seen or not _mended(left, error.parts):
                yield from () if error.parts in seen else (error,)
                return  # what follows from it would be told as if it were another one
            seen.add(error.parts)
            yield error
        else:
            yield from (error for error in broken(config, left, where) if error.parts not in seen)
            return


def _mended(raw: Any, parts: Sequence[str]) -> bool:
    """Put something right in the place of a value, or take it out."""
    if not parts:
        return False
    for part in parts[:-1]:
        raw = raw[int(part)] if isinstance(raw, list) else raw[part]
    key = parts[-1]
    if isinstance(raw, list):
        return False
    if key in _STAND_INS:
        raw[key] = copy.deepcopy(_STAND_INS[key])
        return True
    return raw.pop(key, None) is not None


def together(file: str, mistakes: Iterable[ConfigError]) -> ConfigError | None:
    """One error that tells them all; None where there is none.

    One in shared settings is met in each instance; it is told once.
    """
    found: dict[str, ConfigError] = {}
    for one in mistakes:
        found.setdefault(re.sub(r', (?:instance "[^"]*"|defaults): ', ": ", one.text, count=1), one)
    if len(found) < 2:
        return next(iter(found.values()), None)
    lines = (f"{number}. {one}" for number, one in enumerate(found.values(), start=1))
    return ConfigError(f"{file} has {len(found)} mistakes:\n  " + "\n  ".join(lines))
