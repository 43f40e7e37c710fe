"""Copies of the last settings that were right, for a start at which a settings file is damaged or wrong.

They lie in the data folder, for their owner only: an address in them may hold the password of a proxy. A file
that is gone is gone on purpose: its copy goes too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from stationmaster.config.atomic import read_text, replace_text, stamp_of
from stationmaster.config.content import parse_agent, parse_instance
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home, make_private

C = TypeVar("C")


class LastGood(msgspec.Struct, Generic[C], frozen=True):
    """Settings that were right, and since when they had been in use."""

    config: C
    since: datetime


def keep(home: Home, texts: Mapping[str, str]) -> None:
    """Remember the texts of settings files that are right, by name; "" is the agent's own, "" of it: none.

    Raises:
        ConfigError: a copy cannot be written; those before it are.
    """
    for name, text in texts.items():
        place = home.last_good(name)
        if not name and not text:
            forget(home, name)
        elif _kept(home, name) != text:
            make_private(place.parent)
            replace_text(place, text)


def instance(home: Home, name: str) -> LastGood[InstanceConfig] | None:
    """The last settings of an instance that were right; None where there are none that can be used."""
    return _find(home, name, lambda text: parse_instance(text, home.last_good(name), name))


def agent(home: Home) -> LastGood[AgentConfig] | None:
    """The last settings of the agent itself that were right; None where there are none that can be used."""
    return _find(home, "", lambda text: parse_agent(text, home.last_good("")))


def forget(home: Home, name: str) -> None:
    """Drop a copy, because its file was removed; none is no error."""
    place = home.last_good(name)
    if place.exists():
        replace_text(place, None)


def forget_others(home: Home, names: Iterable[str]) -> None:
    """Drop the copies of all instances but these: somebody removed their files."""
    known = set(names)
    if home.instances.is_dir():  # else all of them are out of reach, and nobody removed one
        for place in home.data.glob(f"*/{home.last_good('x').name}"):
            if place.parent.name not in known:
                replace_text(place, None)


def _find(home: Home, name: str, parse: Callable[[str], C]) -> LastGood[C] | None:
    text = _kept(home, name)
    stamp = stamp_of(home.last_good(name)) if text is not None else None
    if text is None or stamp is None:
        return None
    try:
        return LastGood(parse(text), datetime.fromtimestamp(stamp[0] / 1e9, UTC))
    except ConfigError:
        return None


def _kept(home: Home, name: str) -> str | None:
    try:
        return read_text(home.last_good(name))
    except ConfigError:
        return None
