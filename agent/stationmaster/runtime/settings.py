"""The settings files as an agent reads them: brought up to date, and with a copy of each for bad days."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple

from stationmaster.config import last_good
from stationmaster.config.last_good import LastGood
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.config.store import ConfigStore, Loaded
from stationmaster.errors import ConfigError

_LOG = logging.getLogger(__name__)


class Seen(NamedTuple):
    """The settings files at one moment.

    Attributes:
        stamps: changes when a file does.
        loaded: what they say.
        stand_ins: for instances whose file is wrong now: the last settings that were right.
        agent: the same for the agent itself.
    """

    stamps: Mapping[str, object]
    loaded: Loaded
    stand_ins: Mapping[str, LastGood[InstanceConfig]]
    agent: LastGood[AgentConfig] | None


def prepare(store: ConfigStore) -> None:
    """Write files of older versions anew. Blocks."""
    try:
        for path in store.bring_up_to_date():
            _LOG.info("%s is of the newest version now; the old one lies beside it", path)
    except ConfigError as error:
        _LOG.warning("a settings file stays as the older version wrote it: %s", error)


def read(store: ConfigStore) -> Seen:
    """Read all files, and keep a copy of each that is right. Blocks.

    Raises:
        ConfigError: the settings cannot be read at all.
    """
    stamps = store.stamps()  # first: what is written meanwhile is read again
    loaded = store.load_all()
    found = {name: last_good.instance(store.home, name) for name in loaded.errors if name}
    seen = Seen(
        stamps,
        loaded,
        {name: one for name, one in found.items() if one is not None},
        last_good.agent(store.home) if "" in loaded.errors else None,
    )
    try:
        last_good.keep(store.home, loaded.texts)
        last_good.forget_others(store.home, {*loaded.instances, *loaded.errors})
    except ConfigError as error:
        _LOG.warning("no copy of the settings could be kept: %s", error)
    return seen
