"""What is done for a canary beside its conversions: `python -m stationmaster.convert.canary_child`.

Ops: keep (a private copy of a source that was just taken), compare. Both read what others wrote: a share may
hang, reports may be large. So they are done here, where they can be given up, and not in the agent.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.api.folder import files_in, joined, state_of
from stationmaster.control.command_answer import ValueChange
from stationmaster.convert.compare import compare
from stationmaster.file_name import from_wire, to_wire
from stationmaster.home.file_system import mtime_ns
from stationmaster.worker.child import serve

MOST_COUNTED = 1000
"""Differences of one file that are counted at most."""
ROOM = 256 * 1024 * 1024
"""Bytes that stay free on the disk: the spool needs them more."""


class _NotKeptError(Exception):
    """Inside this module: why there is no copy, in words."""


def keep(message: dict[str, Any]) -> dict[str, Any]:
    """Copy a source and the results of its live conversion into a folder; what is wrong is an answer."""
    source, into = Path(from_wire(message["source"])), Path(from_wire(message["into"]))
    try:
        target, digest = _copied(source, into, message)
        if message["results"]:
            _linked(Path(from_wire(message["results"])), into / "live")
    except _NotKeptError as error:
        return {"trouble": str(error)}
    except OSError as error:
        return {"trouble": f"It cannot be copied: {error.strerror or error}."}
    size, changed_ns = state_of(files_in(target)) if message["is_folder"] else _state(target)
    return {"path": to_wire(target), "size": size, "mtime_ns": changed_ns, "digest": digest.hex()}


def _copied(source: Path, into: Path, message: dict[str, Any]) -> tuple[Path, bytes]:
    """The copy and its digest, as `Conversion` has it.

    Never a link: the tester may go on writing to its file, and a converter is any code.
    """
    files = files_in(source) if message["is_folder"] else []
    size = sum(file.size for file in files) if message["is_folder"] else source.stat().st_size
    if size > message["most"]:
        raise _NotKeptError(f"It is larger than {message['most'] >> 20} MB.")
    if shutil.disk_usage(into.parent).free < ROOM + 2 * size:
        raise _NotKeptError("There is too little room on the disk.")
    target = into / "source" / source.name
    target.parent.mkdir(parents=True, mode=0o700)
    if not message["is_folder"]:
        return target, _copy(source, target, message["most"])
    target.mkdir()
    digests = {}
    for file in files:
        place = target / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        digests[file.name] = _copy(file.path, place, message["most"])
    return target, joined(digests, files)


def _copy(source: Path, target: Path, most: int) -> bytes:
    """The bytes and the time; a file that grows meanwhile is given up, not followed. Returns the digest."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("xb") as written:
        left = most + 1
        while left > 0 and (piece := read.read(min(left, 1 << 20))):
            written.write(piece)
            digest.update(piece)
            left -= len(piece)
        if left <= 0:
            raise _NotKeptError(f"It is larger than {most >> 20} MB.")
        found = os.fstat(read.fileno())
    os.utime(target, ns=(found.st_atime_ns, mtime_ns(found)))
    return digest.digest()


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, mtime_ns(found)


def _linked(results: Path, target: Path) -> None:
    """Our own temporary file, which nobody writes to any more."""
    try:
        os.link(results, target)
    except OSError:
        shutil.copyfile(results, target)


def compare_results(message: dict[str, Any]) -> dict[str, Any]:
    """What the reports of two conversions differ in: the first of them, and how many."""
    old, new = (_reports(message[side]) for side in ("old", "new"))
    found = list(islice(compare(old, new), MOST_COUNTED))
    counts = [message[side]["count"] for side in ("old", "new")]
    if len(old) == len(new) and counts[0] != counts[1]:
        found.append(ValueChange("reports", str(counts[0]), str(counts[1])))
    values = [{"path": one.path, "old": one.old, "new": one.new} for one in found[: message["most"]]]
    return {"values": values, "count": len(found)}


def _reports(side: dict[str, Any]) -> list[dict[str, Any]]:
    if not side["file"]:
        return []
    found = []
    with Path(from_wire(side["file"])).open("rb") as file:
        for offset, size in side["spans"]:
            file.seek(offset)
            found.append(msgspec.json.decode(file.read(size), type=dict[str, Any]))
    return found


def main() -> None:
    """Serve until the agent is gone."""
    serve({"keep": keep, "compare": compare_results})


if __name__ == "__main__":
    main()
