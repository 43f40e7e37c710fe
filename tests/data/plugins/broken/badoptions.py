"""A converter whose options are no options."""

from __future__ import annotations

from typing import ClassVar


class BadOptions:
    """Has a dict where a class should be."""

    name: ClassVar[str] = "bad-options"
    version: ClassVar[str] = "1"
    options_type = dict

    def convert(self) -> None:
        """Give nothing."""
