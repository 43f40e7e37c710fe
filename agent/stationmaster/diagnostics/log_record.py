"""A record of the log, read back: from the JSON lines of now, and from the text lines of earlier versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from stationmaster.control.protocol import LogRecord as Record

__all__ = ("LOG_FILE", "OLDER_FILES", "Record", "Records")

LOG_FILE = "agent.log"
"""The file being written, in the home's log folder; the older ones end in ".1", ".2", ..."""

OLDER_FILES = 5
"""So many older files are kept."""

_OLD_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) ([A-Z]+) +(\S+) (.*)", re.DOTALL)
"""A text line as versions before the JSON form wrote it; one that is not goes on with the record before."""

_FIELDS = frozenset({"time", "level", "logger", "instance", "entry", "message", "exception"})


class _Line(msgspec.Struct):
    time: datetime
    level: str
    message: str
    logger: str = ""
    instance: str = ""
    entry: int | None = None
    exception: str = ""


_lines = msgspec.json.Decoder(_Line)


class Records:
    """Puts lines of the log together to records, as they come."""

    def __init__(self) -> None:
        """Nothing has begun."""
        self._begun: list[str] = []

    def feed(self, lines: Iterable[str]) -> Iterator[Record]:
        """The records that these lines end; one in the older form may go on."""
        for line in lines:
            record = _of_json(line)
            if record is not None:
                yield from self.flush()
                yield record
                continue
            if _OLD_LINE.match(line):
                yield from self.flush()
            self._begun.append(line)

    def flush(self) -> Iterator[Record]:
        """The record that has begun, where one has."""
        text, self._begun = "\n".join(self._begun), []
        found = _OLD_LINE.match(text)
        if found:
            yield Record(
                time=_moment(found[1]),
                level=found[2].lower(),
                instance="" if found[3] == "-" else found[3],
                text=found[4],
            )
        elif text:
            yield Record(text=text)


def _of_json(line: str) -> Record | None:
    if not line.startswith("{"):
        return None
    try:
        found = _lines.decode(line)
        whole = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    extra = {key: value for key, value in whole.items() if key not in _FIELDS}
    return Record(
        time=found.time if found.time.tzinfo else found.time.replace(tzinfo=UTC),
        level=found.level,
        logger=found.logger,
        instance=found.instance,
        entry=found.entry,
        text=found.message,
        exception=found.exception,
        extra=extra,
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f").astimezone(UTC)  # that form had local time
    except ValueError:
        return None
