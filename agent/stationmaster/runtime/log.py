"""The agent's log: one rotating file, each line with its instance; and stderr where a person looks on."""

from __future__ import annotations

import logging
import logging.handlers
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import msgspec

_FORMAT = "%(asctime)s %(levelname)-7s %(instance)s %(message)s"
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) ([A-Z]+) +(\S+) (.*)", re.DOTALL)
"""A line in `_FORMAT`; one that is not goes on with the record before it."""

_BYTES, _FILES = 5 * 1024 * 1024, 5
"""So large each file, so many old ones."""

LOG_FILE = "agent.log"
"""The file being written, in the home's log folder."""


class _Bound(logging.Filter):
    """Lines without an instance get "-"."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "instance"):
            record.instance = "-"
        return True


class _ToStderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is now: while a progress bar is shown, that puts lines above the bar."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setStream(sys.stderr)
        super().emit(record)


@contextmanager
def logging_to(folder: Path, *, level: str, console: bool) -> Iterator[None]:
    """Log to `LOG_FILE` in `folder` while entered, and to stderr if `console`."""
    root = logging.getLogger("stationmaster")
    before = root.level, root.propagate
    file = logging.handlers.RotatingFileHandler(
        folder / LOG_FILE, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8", errors="backslashreplace"
    )
    handlers: list[logging.Handler] = [file]
    if console:
        handlers.append(_ToStderr(sys.stderr))
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT))
        handler.addFilter(_Bound())
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


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the log, read back.

    Attributes:
        time: None where its first line is in an older file.
        instance: "" for the agent itself.
        text: of several lines where the record is, a traceback for instance.
    """

    time: datetime | None = None
    level: str = ""
    instance: str = ""
    text: str


class Records:
    """Puts lines of the log together to records, as they come."""

    def __init__(self) -> None:
        """Nothing has begun."""
        self._begun: list[str] = []

    def feed(self, lines: Iterable[str]) -> Iterator[Record]:
        """The records that these lines end; the last one may go on."""
        for line in lines:
            if _LINE.match(line):
                yield from self.flush()
            self._begun.append(line)

    def flush(self) -> Iterator[Record]:
        """The record that has begun, where one has."""
        text, self._begun = "\n".join(self._begun), []
        found = _LINE.match(text)
        if found:
            yield Record(
                time=_moment(found[1]),
                level=found[2].lower(),
                instance="" if found[3] == "-" else found[3],
                text=found[4],
            )
        elif text:
            yield Record(text=text)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f").astimezone(UTC)  # the log is in local time
    except ValueError:
        return None
