"""Log lines that say which instance they are about."""

from __future__ import annotations

import logging


def bound(logger: logging.Logger, instance: str) -> logging.LoggerAdapter[logging.Logger]:
    """`logger` with every line bound to `instance`; the agent's log shows it in a column of its own."""
    return logging.LoggerAdapter(logger, {"instance": instance})
