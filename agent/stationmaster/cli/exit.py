"""Exit codes of every command; documented in docs/cli.md."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a script learns from the exit code."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NO_AGENT = 3
    NEEDS_PERSON = 4
    NOT_DELIVERED = 5
    RESTART = 6
