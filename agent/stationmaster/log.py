"""Log lines that say which instance they are about, and tell of trouble when it begins and when it ends."""

from __future__ import annotations

import logging
from collections.abc import Hashable

BoundLog = logging.LoggerAdapter[logging.Logger]


def bound(logger: logging.Logger, instance: str) -> BoundLog:
    """`logger` with every line bound to `instance`; the agent's log shows it in a column of its own."""
    return logging.LoggerAdapter(logger, {"instance": instance})


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
