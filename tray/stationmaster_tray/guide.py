"""Where the documentation lies: with the program, so that a station without a network has it too."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from PySide6.QtCore import QStandardPaths

from stationmaster import __version__

_HERE = Path(__file__).parent
_FIRST = "index.html"


def guide(
    page: str = "", *, folders: tuple[Path, ...] = (_HERE, _HERE.parents[1]), cache: Path | None = None
) -> Path | None:
    """A page: of the site that the program brings, of one built beside the source, or its text.

    A single-file program brings it packed. It is unpacked once, to a place that outlives the program: a
    browser still shows it then. Blocks: call it in a thread.

    Args:
        page: as `how-to/install`; "" for the first one, which stands for one that is not there too.
        folders: the package's, and the source tree's.
        cache: where to unpack it; without, where this desktop keeps what can be made again.

    Raises:
        OSError: it cannot be unpacked.
    """
    package, tree = folders
    packed = package / "site.zip"
    if packed.is_file():
        first: Path | None = _unpacked(packed, cache or _cache())
    else:
        places = (tree / "build/site" / _FIRST, tree / "docs/index.md")
        first = next((place for place in places if place.is_file()), None)
    if first is None or not page:
        return first
    wanted = first.parent / f"{page}{first.suffix}"
    return wanted if wanted.is_file() else first


def _cache() -> Path:
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation)
    return Path(folder) / "stationmaster-tray"


def _unpacked(packed: Path, cache: Path) -> Path:
    """The first page of the unpacked site; what older versions unpacked is removed."""
    site = cache / f"guide-{__version__}-{packed.stat().st_size}"
    if not (site / _FIRST).is_file():
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        for older in cache.glob("guide-*"):
            shutil.rmtree(older, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder, zipfile.ZipFile(packed) as archive:
            whole = Path(folder) / "site"
            archive.extractall(whole)
            whole.rename(site)
    return site / _FIRST
