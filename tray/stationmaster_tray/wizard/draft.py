"""What was entered for a new station; nothing of it is with the agent before the last step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stationmaster.control.protocol import AddRequest, TestConnectionRequest

ANY_TOKEN = "try-things"  # noqa: S105 - the built-in server takes any, and asks for one
"""Sent to the built-in server."""


@dataclass(kw_only=True)
class Draft:
    """Filled in by the steps.

    Attributes:
        embedded: the built-in server takes the reports.
        token: forgotten as soon as the agent has it; it stands in no text of this object.
        in_file: the token lies in a file of the agent instead of the keyring.
        station: the name in reports; "" takes the host name.
        make_folder: the folder is not there yet, and is made with the station.
    """

    embedded: bool = False
    server: str = ""
    token: str = field(default="", repr=False)
    in_file: bool = False
    name: str = ""
    station: str = ""
    folder: str = ""
    make_folder: bool = False
    converter: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def test_request(self) -> TestConnectionRequest:
        """Try the way to the server."""
        return TestConnectionRequest(server=self.server, token=self._token() or None)

    def add_request(self) -> AddRequest:
        """Make the station."""
        patch: dict[str, Any] = {}
        if self.embedded or self.in_file:
            patch["secrets.store"] = "file"
        if self.station:
            patch["station.name"] = self.station
        folders: list[dict[str, Any]] = []
        if self.folder:
            options = {"options": {self.converter: self.options}} if self.options else {}
            folders.append({"path": self.folder, "converters": [self.converter], **options})
        return AddRequest(
            name=self.name,
            server=self.server,
            watch=tuple(folders),
            patch=patch,
            token=self._token() or None,
        )

    def check_request(self) -> AddRequest:
        """The same without the token: to ask what is wrong with it."""
        whole = self.add_request()
        return AddRequest(
            name=whole.name or "station",
            server=whole.server or "https://server.invalid",
            watch=whole.watch,
            patch=whole.patch,
        )

    def _token(self) -> str:
        return ANY_TOKEN if self.embedded else self.token
