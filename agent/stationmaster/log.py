"""Log lines that say which instance and entry they are about, and tell of trouble when it begins and ends."""

from __future__ import annotations

import logging
from collections.abc import Hashable, MutableMapping
from typing import Any


class BoundLog(logging.LoggerAdapter[logging.Logger]):
    """A logger whose every line says what it is about. A line may add `extra` of its own."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Both extras; logging's own adapter would drop the line's."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs

    def about(self, entry: int) -> BoundLog:
        """The same, about this entry of the spool."""
        return BoundLog(self.logger, {**(self.extra or {}), "entry": entry})


def bound(logger: logging.Logger, instance: str, *, entry: int | None = None) -> BoundLog:
    """`logger` with every line bound to `instance`, and to an entry of its spool if one is given."""
    log = BoundLog(logger, {"instance": instance})
    return log if entry is None else log.about(entry)


class Lasting:
    """Trouble that is met again and again: only its beginning and its end are logged.

    Else an outage that nobody mends would push everything else out of the log.
    """

    def __init__(self, log: BoundLog) -> None:
        """All is well."""
        self._log = log
        self._known: set[Hashable] = set()

    def met(self, trouble: Hashable, text: str) -> None:
        """`trouble` is there, or is there still."""
        if trouble not in self._known:
            self._known.add(trouble)
            self._log.warning("%s", text)

    def over(self, trouble: Hashable, text: str) -> None:
        """`trouble` is over, or never was."""
        if trouble in self._known:
            self._known.discard(trouble)
            self._log.info("%s", text)
