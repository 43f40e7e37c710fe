"""Where tokens come from on the command line: `--token NAME=env:VARIABLE`, `NAME=fd:3`, `NAME=stdin`.

A token itself is no argument: arguments stand in the shell's history and in the list of processes.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping, Sequence

from stationmaster.errors import ConfigError

ALL = "*"
"""Stands for every instance that has no source of its own."""

_HOW = "Write {option} NAME=env:VARIABLE, NAME=fd:3 or NAME=stdin; * as the name is all stations."


def sources_of(options: Sequence[str] | None, *, option: str = "--token") -> dict[str, str]:
    """The source of a token by instance.

    Raises:
        ConfigError: an option is malformed. It is not shown: it may hold a token.
    """
    sources: dict[str, str] = {}
    for given in options or []:
        name, equals, source = given.partition("=")
        kind, _, rest = source.partition(":")
        known = (kind == "env" and rest) or (kind == "fd" and rest.isdecimal()) or source == "stdin"
        if not equals or not name or not known:
            raise ConfigError(
                f"{option} names no source that is known, so it is not shown here.",
                next_step=_HOW.format(option=option),
            )
        if name in sources:
            raise ConfigError(f'There are two tokens for "{name}".', next_step="Give one of the two.")
        if source in sources.values() and kind != "env":
            raise ConfigError(
                f"{source} can be read once only.",
                next_step=f"For the same token in all stations: {option} '*=...'",
            )
        sources[name] = source
    return sources


def tokens_of(
    sources: Mapping[str, str], variables: Mapping[str, str], env: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The tokens by instance.

    Args:
        sources: from the command line; they go before `variables`.
        variables: of each instance in the file: the variable that the file names, "" for none.
        env: where variables are looked for; None: the process's environment.

    Raises:
        ConfigError: a source has no token; nothing of any token is shown.
    """
    env = os.environ if env is None else env
    named = {name: f"env:{variable}" for name, variable in variables.items() if variable}
    if ALL in sources:
        named = dict.fromkeys(variables, sources[ALL])
    named |= {name: source for name, source in sources.items() if name != ALL}
    read = {source: _read(source, env) for source in dict.fromkeys(named.values())}
    return {name: read[source] for name, source in named.items()}


def _read(source: str, env: Mapping[str, str]) -> str:
    kind, _, rest = source.partition(":")
    if kind == "env":
        token, place = env.get(rest, ""), f"the environment variable {rest}"
    elif kind == "fd":
        token, place = _from_descriptor(int(rest)), f"file descriptor {rest}"
    else:
        # What is typed, not piped, does not appear on the screen.
        token = getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
        place = "standard input"
    if not token.strip():
        raise ConfigError(
            f"There is no token in {place}.", next_step="Put it there, then run the command again."
        )
    return token.strip()


def _from_descriptor(number: int) -> str:
    try:
        with os.fdopen(number, "rb", closefd=False) as file:
            return file.read(65536).decode("utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"File descriptor {number} cannot be read: {error.strerror}.",
            next_step=f"Open it: stationmaster provision ... {number}< token.txt",
        ) from error
