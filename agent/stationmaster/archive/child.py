"""The child that packs archives: `python -m stationmaster.archive.child`. It may be killed at any time."""

from __future__ import annotations

import socket
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from stationmaster.archive import manifest
from stationmaster.archive.pack import loose, pack_day
from stationmaster.archive.place import DAY
from stationmaster.config.atomic import replace_text
from stationmaster.errors import StationmasterError
from stationmaster.file_name import from_wire, shown
from stationmaster.ingest.place import flush_folder
from stationmaster.ingest.scan import OWN_PREFIX
from stationmaster.worker.child import serve

RESTS = 12 * 3600.0
"""Seconds that a zip rests: files that come late for its day are put into it twice a day at most."""

_LONGEST_MARK = 200

NAMES = 3
"""Files that are named, of all that cannot be read."""


OWNER = f"{OWN_PREFIX}archive-of-"
"""Begin of the name of a file in the archive's folder: who puts files there, one file for each instance."""


def claim(message: dict[str, Any]) -> dict[str, Any]:
    """Leave the mark of an instance in its archive; answers who else left one there, by their ids.

    Settings tell of the instances of one home alone: a share may be the archive of other computers, too.
    """
    root, owner = _root(message), message["owner"]
    if not root.is_dir():
        return {"others": {}}
    mine = root / f"{OWNER}{owner}"
    if not mine.exists():
        replace_text(mine, f"{message['name']} on {socket.gethostname()}\n")
    found = (path for path in root.glob(f"{OWNER}*") if path.name != mine.name)
    return {"others": {path.name.removeprefix(OWNER): shown(_said(path)) for path in sorted(found)}}


def _said(mark: Path) -> str:
    with mark.open(encoding="utf-8", errors="replace") as file:
        return file.read(_LONGEST_MARK).strip() or mark.name


def open_days(message: dict[str, Any]) -> dict[str, Any]:
    """The days before `today` whose folders hold files to pack."""
    try:
        names = sorted(path.name for path in _root(message).iterdir() if DAY.fullmatch(path.name))
    except FileNotFoundError:
        names = []
    found = [name for name in names if name < message["today"] and _holds_files(_root(message) / name)]
    return {"days": found}


def _holds_files(folder: Path) -> bool:
    return next(loose(folder), None) is not None


def pack(message: dict[str, Any]) -> dict[str, Any]:
    """Pack one day; what is wrong with its pack is an answer, not an exception."""
    try:
        done = pack_day(_root(message), message["day"], rests=RESTS)
    except StationmasterError as error:
        return {"trouble": str(error)}
    return {
        "removed": done.removed,
        "left": done.left,
        "busy": done.busy,
        "unreadable": len(done.unreadable),
        "names": [shown(name) for name in done.unreadable[:NAMES]],
    }


def expire(message: dict[str, Any]) -> dict[str, Any]:
    """Remove the packs of days that are more than `days` before `today`, if they are ours.

    Raises:
        OSError: one cannot be removed; all others are.
    """
    root, removed = _root(message), []
    border = (date.fromisoformat(message["today"]) - timedelta(days=message["days"])).isoformat()
    try:
        packs = sorted(root.glob("*.zip"))
    except FileNotFoundError:
        packs = []
    trouble = None
    for path in packs:
        if not DAY.fullmatch(path.stem) or path.stem >= border:
            continue
        try:
            if _is_ours(path):
                path.unlink()
                removed.append(path.name)
        except OSError as error:
            trouble = trouble or error  # the others go all the same
    if removed:
        flush_folder(root)
    if trouble is not None:
        raise trouble
    return {"removed": removed}


def _is_ours(path: Path) -> bool:
    summary = manifest.summary_of(path) if path.is_file() else None
    return summary is not None and summary.kind is manifest.Kind.FILES


def _root(message: dict[str, Any]) -> Path:
    return Path(from_wire(message["root"]))


def main() -> None:
    """Serve until the agent is gone."""
    serve({"claim": claim, "open_days": open_days, "pack": pack, "expire": expire})


if __name__ == "__main__":
    main()
