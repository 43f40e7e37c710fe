"""Texts of an IPC-CFX message that are longer than the field of the report that they belong in."""

from __future__ import annotations

import re
from typing import Final

from stationmaster.api import Report
from stationmaster.api.text import clip, one_line, printable

_SAFE_NAME: Final = re.compile(r"[^\w.-]+")


class LongTexts:
    """Keeps texts that are too long whole, as attachments of the report."""

    def __init__(self, report: Report) -> None:
        """Begin; nothing is attached yet."""
        self._report = report
        self._count = 0

    def fit(self, text: str, limit: int, *, step: str, what: str) -> str:
        """A text of at most `limit` characters: of a longer one the beginning and its attachment's name.

        Args:
            text: as the message has it.
            limit: characters that the field holds.
            step: name of the step it belongs to.
            what: which of the step's texts it is, in a word.
        """
        clean = printable(text)
        if len(clean) <= limit:
            return clean
        self._count += 1
        name = f"{file_name(f'{step[:100]} {what} {self._count}')}.txt"
        about = one_line(f"{step}: the whole {what}", 200)
        self._report.attach(name, clean.encode(), content_type="text/plain; charset=utf-8", description=about)
        mark = f"... (whole in {name})"
        return clip(clean[: limit - len(mark)], limit) + mark


def file_name(text: str) -> str:
    """A text as a part of a file's name."""
    return _SAFE_NAME.sub("_", text)
