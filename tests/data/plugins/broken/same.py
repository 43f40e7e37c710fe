"""The first of two with one name."""

from __future__ import annotations

from typing import ClassVar


class Other:
    """Is `same`."""

    name: ClassVar[str] = "same"
    version: ClassVar[str] = "1"

    def convert(self) -> None:
        """Give nothing."""
