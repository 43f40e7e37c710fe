"""Has the name of another one, in another file of the same folder."""

from __future__ import annotations

from typing import ClassVar


class Other:
    """Is `same` too."""

    name: ClassVar[str] = "same"
    version: ClassVar[str] = "2"

    def convert(self) -> None:
        """Give nothing."""
