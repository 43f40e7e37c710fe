"""A small WATS-compatible server for trying and testing: SQLite store, REST routes, pages to look at reports.

It listens on the loopback address only. `serve` is what `stationmaster server run` calls; tests use
`EmbeddedServer` as an async context manager.
"""

from stationmaster.embedded_server.error import EmbeddedServerError, PortError
from stationmaster.embedded_server.server import EmbeddedServer, ServerSettings, serve

__all__ = ["EmbeddedServer", "EmbeddedServerError", "PortError", "ServerSettings", "serve"]
