"""How the command line speaks: stdout is the answer, stderr the talk; `--json` is stable.

rich is imported only when a person is to read the answer: `--json` and the agent itself never need it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from stationmaster.cli.exit import Exit
from stationmaster.errors import (
    ConfigError,
    ControlError,
    NeedsUserError,
    NoAgentError,
    StationmasterError,
)
from stationmaster.model import PROTOCOL_VERSION, ProblemCode

if TYPE_CHECKING:
    from rich.console import Console

# Control characters but tab and line end, C1 ones too (U+009B begins a sequence); marks that turn the
# direction of writing; lone surrogates.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_PIPE_WIDTH = 10_000
"""Columns of a pipe or a file: a folded cell could not be searched for."""

MARKS = {
    "queued": "○",
    "processing": "◐",
    "completed": "●",
    "error": "✗",
    "dismissed": "-",
    "P": "✓",
    "F": "✗",
}


def print_json(kind: str, body: object, *, line: bool = False) -> None:
    """One JSON object on stdout: schema version, kind, and the body under `data`; on one `line` if so."""
    encoded = msgspec.json.encode({"schema": PROTOCOL_VERSION, "kind": kind, "data": body})
    sys.stdout.write((encoded if line else msgspec.json.format(encoded, indent=2)).decode() + "\n")


def literal(text: str) -> str:
    """`text` as a terminal may show it: what would steer the terminal, or has no form, becomes "\ufffd".

    Serial numbers, file names and the server's words come from others.
    """
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


def say(text: str) -> None:
    """Talk: goes to stderr, so that pipes get the answer alone."""
    sys.stderr.write(literal(text) + "\n")


def answer(text: str) -> None:
    """A line of the answer, on stdout."""
    sys.stdout.write(literal(text) + "\n")


def console(*, stderr: bool = False) -> Console:
    """A rich console that takes every string as it is; colours only where the terminal has them."""
    from rich.console import Console  # noqa: PLC0415 - costs 40 ms, only people need it

    width = None if stderr or sys.stdout.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout. Where the terminal is too narrow the last column folds, the others stay in line."""
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    grid = Table(title=title or None, box=None, pad_edge=False, title_justify="left", header_style="bold")
    for column in columns[:-1]:
        grid.add_column(column, no_wrap=True)
    grid.add_column(columns[-1], overflow="fold")
    for row in rows:
        grid.add_row(*(Text(literal(cell)) for cell in row))
    console().print(grid)


def marked(word: str) -> str:
    """A word with its shape in front, so that meaning is never colour alone."""
    return f"{MARKS.get(word, '·')} {word}"


def local(moment: datetime | None) -> str:
    """A moment in the reader's own zone, to the second; "" for None."""
    if moment is None:
        return ""
    if moment.year >= 9999:
        return "until you resume"
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit; "" for None."""
    if moment is None:
        return ""
    seconds = max(0, int(((now or datetime.now(UTC)) - moment).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def plain(value: Any) -> Any:
    """Structs and datetimes as JSON values."""
    return msgspec.to_builtins(value)


def tell(error: StationmasterError) -> Exit:
    """Say what went wrong and what to do; returns its exit code."""
    say(f"Error: {error.text}")
    if error.next_step:
        say(f"       {error.next_step}")
    sys.stdout.flush()
    return exit_code(error)


def exit_code(error: StationmasterError) -> Exit:
    """The documented exit code of an expected error."""
    if isinstance(error, NoAgentError):
        return Exit.NO_AGENT
    if isinstance(error, ConfigError):
        return Exit.USAGE
    if isinstance(error, NeedsUserError):
        return Exit.NEEDS_PERSON
    if isinstance(error, ControlError) and error.code in {"usage", "not-found"}:
        return Exit.USAGE
    if isinstance(error, ControlError) and error.code in set(ProblemCode):
        return Exit.NEEDS_PERSON  # what the agent refused because it waits for a person
    return Exit.ERROR
