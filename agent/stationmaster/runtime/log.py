"""The agent's log: one rotating file, each line with its instance; and stderr where a person looks on."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)-7s %(instance)s %(message)s"
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


@contextmanager
def logging_to(folder: Path, *, level: str, console: bool) -> Iterator[None]:
    """Log to `LOG_FILE` in `folder` while entered, and to stderr if `console`."""
    root = logging.getLogger("stationmaster")
    before = root.level, root.propagate
    file = logging.handlers.RotatingFileHandler(
        folder / LOG_FILE, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8"
    )
    handlers: list[logging.Handler] = [file]
    if console:
        handlers.append(logging.StreamHandler(sys.stderr))
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
