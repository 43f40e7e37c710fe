"""How the command line speaks: stdout is the answer, stderr the talk; `--json` is stable.

rich is imported only when a person is to read the answer: `--json` and the agent itself never need it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from stationmaster.model import PROTOCOL_VERSION

if TYPE_CHECKING:
    from rich.console import Console

MARKS = {
    "queued": "○",
    "processing": "◐",
    "completed": "●",
    "error": "✗",
    "dismissed": "-",
    "P": "✓",
    "F": "✗",
}


def print_json(kind: str, body: object) -> None:
    """One JSON object on stdout: schema version, kind, and the body under `data`."""
    envelope = {"schema": PROTOCOL_VERSION, "kind": kind, "data": body}
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(envelope), indent=2).decode() + "\n")


def say(text: str) -> None:
    """Talk: goes to stderr, so that pipes get the answer alone."""
    sys.stderr.write(text + "\n")


def console(*, stderr: bool = False) -> Console:
    """A rich console; colours only where the terminal has them."""
    from rich.console import Console  # noqa: PLC0415 - costs 40 ms, only people need it

    return Console(stderr=stderr, highlight=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout; every cell is literal text."""
    from rich.markup import escape  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    grid = Table(title=title or None, box=None, pad_edge=False, title_justify="left", header_style="bold")
    for column in columns:
        # Cells fold where the terminal is narrow; a header's words stay whole.
        grid.add_column(column, overflow="fold", min_width=max(map(len, column.split()), default=0))
    for row in rows:
        grid.add_row(*(escape(cell) for cell in row))
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
