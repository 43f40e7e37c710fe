"""The agent's log while it runs: the file, stderr for whoever looks on, and which part tells how much."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from stationmaster.runtime.log_file import LogFile, text_of, traceback_of

ROOT = "stationmaster"
"""The logger above all of ours."""


class _Text(logging.Formatter):
    """One readable line, with its instance ("-" for none) and its entry."""

    def format(self, record: logging.LogRecord) -> str:
        instance, entry = getattr(record, "instance", "-"), getattr(record, "entry", None)
        where = "" if entry is None else f"[{entry}] "
        head = f"{self.formatTime(record)} {record.levelname:<7} {instance} {where}{text_of(record)}"
        return "\n".join(part for part in (head, traceback_of(record)) if part)


class _ToStderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is now: while a progress bar is shown, that puts lines above the bar."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setStream(sys.stderr)
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Nobody reads stderr, or its disk is full: the file has the line, and a storm helps nobody."""


@contextmanager
def logging_to(folder: Path, *, level: str, console: bool) -> Iterator[None]:
    """Log to `LOG_FILE` in `folder` while entered, and to stderr if `console`."""
    root = logging.getLogger(ROOT)
    before = root.level, root.propagate
    handlers: list[logging.Handler] = [LogFile(folder)]
    if console:
        shown_lines = _ToStderr(sys.stderr)
        shown_lines.setFormatter(_Text())
        handlers.append(shown_lines)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level.upper())
    root.propagate = False
    try:
        yield
    finally:
        root.setLevel(before[0])
        root.propagate = before[1]
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


class Levels:
    """How much each part of the program tells; may change at any time."""

    def __init__(self) -> None:
        """Nothing is set by us yet."""
        self._ours: set[str] = set()

    def take_up(self, level: str, parts: Mapping[str, str]) -> None:
        """`level` holds for all but `parts`, which are named without "stationmaster."."""
        logging.getLogger(ROOT).setLevel(level.upper())
        for part in self._ours - parts.keys():
            logging.getLogger(f"{ROOT}.{part}").setLevel(logging.NOTSET)
        for part, own in parts.items():
            logging.getLogger(f"{ROOT}.{part}").setLevel(own.upper())
        self._ours = set(parts)
