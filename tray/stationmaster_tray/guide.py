"""Where the documentation lies: with the program, so that a station without a network has it too."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def guide(*, folders: tuple[Path, ...] = (_HERE, _HERE.parents[1])) -> Path | None:
    """The first page: of the site that the program brings, of one built beside the source, or its text.

    Args:
        folders: the package's, and the source tree's.
    """
    package, tree = folders
    places = (package / "site/index.html", tree / "build/site/index.html", tree / "docs/index.md")
    return next((place for place in places if place.is_file()), None)
