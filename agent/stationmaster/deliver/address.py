"""Where the server of an instance's settings is: for the agent, and for the doctor."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from stationmaster.config.schema import ServerConfig
from stationmaster.secrecy import learn
from stationmaster.wats.client import ServerAddress


def address_of(server: ServerConfig) -> ServerAddress:
    """Where the server of the settings is, and how to get there."""
    learn(unquote(urlsplit(server.proxy).password or ""))  # no log line shows it
    return ServerAddress(
        url=server.url,
        proxy=server.proxy,
        ca_file=server.ca_file,
        client_cert=server.client_cert,
        client_key=server.client_key,
        timeout=server.timeout,
    )
