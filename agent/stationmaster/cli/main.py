"""The entry point: decides what must be imported before anything is.

typer and the nouns cost 150 ms and 10 MB. A person waits for the first at every command; an agent would
carry the second for months, so `agent run` is read here, by argparse, and never meets them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from stationmaster import __version__

PROGRAM = "stationmaster"


def main() -> None:
    """Entry point. `stationmaster worker MODULE ...` is for the agent itself: a child of a frozen program."""
    arguments = sys.argv[1:]
    working = len(arguments) > 1 and arguments[0] == "worker"
    if getattr(sys, "frozen", False):
        from stationmaster.home import frozen  # noqa: PLC0415 - for a single-file program alone

        (frozen.restore_environment if working else frozen.begin)()
    if working:
        from stationmaster.worker.child import run_module  # noqa: PLC0415 - not for people

        run_module(arguments[1], arguments[2:])
        return
    for stream in (sys.stdout, sys.stderr):
        # A Windows console's old code page must not make a check mark an exception.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # both are text files here
    if arguments == ["--version"]:
        print(f"{PROGRAM} {__version__}")  # noqa: T201 - the answer
        return
    wanted = agent_run(arguments)
    if wanted is not None:
        from stationmaster.cli.program import start  # noqa: PLC0415 - loads the whole agent

        sys.exit(start(wanted.scope, once=wanted.once, timeout=wanted.timeout, quiet=wanted.quiet))
    from stationmaster.cli.root import application  # noqa: PLC0415 - loads typer and the nouns

    application(arguments)()


def agent_run(arguments: Sequence[str]) -> argparse.Namespace | None:
    """What `[--scope SCOPE] agent run [--once] [--timeout S] [--quiet]` asks for; None for everything else.

    Help, mistakes and other orders of options are typer's: the two must agree, not both be friendly.
    """
    parser = _Parser(prog=PROGRAM, add_help=False, allow_abbrev=False)
    parser.add_argument("--scope", choices=("user", "machine"), default="user")
    parser.add_argument("noun", choices=("agent",))
    parser.add_argument("verb", choices=("run",))
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--timeout", type=float, default=0.0)
    parser.add_argument("--quiet", action="store_true")
    try:
        return parser.parse_args(list(arguments))
    except _NotOursError:
        return None


class _NotOursError(Exception):
    """These arguments are not for the short way."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _NotOursError(message)
