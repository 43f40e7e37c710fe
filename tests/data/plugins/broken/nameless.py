"""A converter without a name."""

from __future__ import annotations

from collections.abc import Iterator

from stationmaster.api import Report


class Nameless:
    """Forgot its name."""

    def convert(self) -> Iterator[Report]:
        """Give nothing."""
        return iter(())
