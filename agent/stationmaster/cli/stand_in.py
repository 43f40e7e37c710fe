"""What to say of a settings file that is wrong: which settings an agent uses instead of it."""

from __future__ import annotations

from stationmaster.cli.output import local
from stationmaster.config import last_good
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home
from stationmaster.sentence import joined


def instead(home: Home, name: str) -> str:
    """Which settings stand in for the file of an instance ("" for the agent's own); "" where none do."""
    if name and name not in home.names():
        return ""  # it was removed
    found = last_good.instance(home, name) if name else last_good.agent(home)
    if found is None:
        return ""
    return f"Until the file is right, the agent goes on with the last good settings, of {local(found.since)}."


def with_stand_in(error: ConfigError, home: Home, name: str) -> ConfigError:
    """The error, with what is used instead."""
    return ConfigError(joined(error.text, instead(home, name)), next_step=error.next_step)
