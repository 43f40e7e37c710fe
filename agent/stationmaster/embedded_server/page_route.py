"""Pages (filled in next)."""

from __future__ import annotations

from stationmaster.embedded_server.router import Route
from stationmaster.embedded_server.store import Store


class PageRoutes:
    """The pages."""

    def __init__(self, store: Store) -> None:
        """Nothing is started."""
        self._store = store

    def routes(self) -> list[Route]:
        """All of them."""
        return []
