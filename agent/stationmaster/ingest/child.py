"""The child that looks at folders which may hang: `python -m stationmaster.ingest.child`.

Holds nothing but a scan under way; when it is killed, the next one begins anew.
"""

from __future__ import annotations

import os
from typing import Any

from stationmaster.file_name import from_wire, to_wire
from stationmaster.ingest import release
from stationmaster.ingest.files import FolderFiles
from stationmaster.ingest.scan import stats
from stationmaster.ingest.wire import release_from_wire, released_to_wire, selection_from_wire
from stationmaster.worker.child import serve


class FolderServer:
    """The child's handlers."""

    def __init__(self) -> None:
        """Nothing is open."""
        self._folder: FolderFiles | None = None

    def names(self, message: dict[str, Any]) -> dict[str, Any]:
        """A slice of a scan, all names: the agent leaves out what it knows."""
        if self._folder is None:
            self._folder = FolderFiles(from_wire(message["root"]), selection_from_wire(message["selection"]))
        names = self._folder.names((), restart=message["restart"], limit=message["limit"])
        return {
            "found": list(map(to_wire, names.found)),
            "hidden": list(map(to_wire, names.hidden)),
            "unreadable": [(to_wire(name), reason) for name, reason in names.unreadable],
            "unmarked": [(to_wire(name), state) for name, state in names.unmarked],
            "done": names.done,
            "identity": names.identity,
        }

    def stats(self, message: dict[str, Any]) -> dict[str, Any]:
        """Size and mtime of each name."""
        names = map(from_wire, message["names"])
        selection = selection_from_wire(message["selection"])
        found = stats(from_wire(message["root"]), names, plain=selection.plain, marker=selection.marker)
        return {"stats": found}

    def resolve(self, message: dict[str, Any]) -> dict[str, Any]:
        """The folder's real path."""
        return {"path": to_wire(os.path.realpath(from_wire(message["root"])))}

    def release(self, message: dict[str, Any]) -> dict[str, Any]:
        """Release one file."""
        return released_to_wire(release.release(release_from_wire(message["job"])))

    def put_back(self, message: dict[str, Any]) -> dict[str, Any]:
        """Give a hidden file its name back."""
        root, name = from_wire(message["root"]), from_wire(message["name"])
        return {"place": to_wire(release.put_back(root, name))}


def main() -> None:
    """Serve until the agent is gone."""
    server = FolderServer()
    serve(
        {
            "names": server.names,
            "stats": server.stats,
            "resolve": server.resolve,
            "release": server.release,
            "put_back": server.put_back,
        }
    )


if __name__ == "__main__":
    main()
