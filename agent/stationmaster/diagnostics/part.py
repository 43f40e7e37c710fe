"""The parts of a bundle, each made by itself: one that fails keeps none of the others away."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from stationmaster import __version__
from stationmaster.diagnostics.log_record import LOG_FILE, OLDER_FILES
from stationmaster.diagnostics.source import Sources, reading
from stationmaster.model import EntryState
from stationmaster.spool.read import Reader

LOG_BYTES = 4 * 1024 * 1024
"""So much of the log, from its end."""

FAILURES = 50
"""So many of the newest failed entries of each instance."""

PAYLOADS, PAYLOAD_BYTES = 10, 512 * 1024
"""So many of their reports, none of them larger."""

FOLDER_SECONDS = 3.0
"""A folder that does not answer in this time is passed over."""

FOLDER_FILES = 200_000
"""So many files of a folder are counted at most."""

Files = Iterator[tuple[str, Any]]
"""Name in the zip, and text or a JSON value."""

Part = tuple[str, Callable[[], Files]]
"""What it is called where it fails, and what makes it."""


class LogText(str):
    """Text whose lines may be JSON objects: their values are made fit one by one."""

    __slots__ = ()


def parts(sources: Sources) -> Iterator[Part]:
    """All parts, the most telling first."""
    home = sources.home
    yield "versions", lambda: _versions(sources)
    yield "snapshot", lambda: _snapshot(sources)
    yield "settings/agent", lambda: _settings("settings/agent", home.agent_file)
    yield "settings", lambda: _readable(sources)
    for name in sources.names():
        file = home.instances / f"{name}.toml"
        yield f"settings/{name}", partial(_settings, f"settings/{name}", file)
        yield f"failures/{name}", partial(_failures, sources, name)
        yield f"spool/{name}", partial(_spool, sources, name)
    if sources.doctor is not None:
        yield "doctor", lambda: iter([("doctor.json", sources.doctor)])
    yield "log", lambda: _log(sources)
    yield "folders", lambda: _folders(sources)


def _readable(sources: Sources) -> Files:
    sources.home.names()  # raises where the folder of settings cannot be read
    return iter(())


def _versions(sources: Sources) -> Files:
    packages = {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]}
    found = {
        "stationmaster": __version__,
        "scope": sources.scope,
        "python": sys.version,
        "frozen": bool(getattr(sys, "frozen", False)),
        "system": f"{platform.system()} {platform.release()}",
        "system_version": platform.version(),
        "machine_type": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "sqlite": sqlite3.sqlite_version,
        "cores": os.cpu_count(),
        "time_zone": time.tzname,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "agent_runs": sources.snapshot is not None,
        "packages": [f"{name} {packages[name]}" for name in sorted(packages, key=str.lower)],
        "variables_set": sorted(name for name in sources.environment if name.isidentifier()),
    }
    yield "versions.json", found


def _settings(name: str, path: Path) -> Files:
    """The comments of a settings file stay at home. One that is no TOML goes as text."""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except FileNotFoundError:
        yield f"{name}.json", {}
        return
    try:
        yield f"{name}.json", msgspec.to_builtins(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        yield f"{name}.txt", f"This is no TOML: {error}\n\n{text[:65536]}"


def _snapshot(sources: Sources) -> Files:
    if sources.snapshot is None:
        yield "snapshot.txt", "No agent was running.\n"
        return
    yield "snapshot.json", sources.snapshot
    yield "problems.json", sources.snapshot.get("problems", [])


def _log(sources: Sources) -> Files:
    """The end of the log, the newest file first."""
    left = LOG_BYTES
    for name in (LOG_FILE, *(f"{LOG_FILE}.{number}" for number in range(1, OLDER_FILES + 1))):
        path = sources.home.log / name
        if left <= 0 or not path.exists():
            continue
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - left, 0))
            content = file.read(left)
        if size > left:
            content = content.partition(b"\n")[2]  # the first line is a part of one
        left -= len(content)
        yield f"log/{name}", LogText(_decoded(content))


def _decoded(content: bytes) -> str:
    """Another program may have written UTF-16 into it; its NUL characters are cut out with the secrets."""
    return content.decode("utf-8", errors="replace")


def _failures(sources: Sources, name: str) -> Files:
    """The last failures with their history, and their reports where they are wanted."""
    with reading(sources.home.spool(name)) as db:
        reader = Reader(db, name, ())
        failed = reader.page(EntryState.ERROR, 2**62, FAILURES)
        yield (
            f"failures/{name}.json",
            [
                {
                    "entry": msgspec.to_builtins(one),
                    "history": msgspec.to_builtins(reader.events(one.id)),
                    "warnings": reader.warnings(one.id),
                }
                for one in failed
            ],
        )
        for one in failed[:PAYLOADS] if sources.payloads else ():
            body = reader.payload(one.id)
            if body is not None and len(body) <= PAYLOAD_BYTES:
                yield f"payloads/{name}-{one.id}.json", msgspec.json.decode(body)


def _spool(sources: Sources, name: str) -> Files:
    path = sources.home.spool(name)
    with reading(path) as db:
        yield f"spool/{name}.json", _facts(path, db)


def _facts(path: Path, db: sqlite3.Connection) -> dict[str, Any]:
    pragmas = ("user_version", "application_id", "journal_mode", "page_size", "page_count", "freelist_count")
    files = {suffix or "database": Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm")}
    return {
        "counts": dict(db.execute("SELECT state, count(*) FROM entry GROUP BY state").fetchall()),
        "sources": dict(db.execute("SELECT state, count(*) FROM source GROUP BY state").fetchall()),
        "unreleased": db.execute("SELECT count(*) FROM source WHERE released=0").fetchone()[0],
        "events": db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0],
        "pragmas": {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas},
        "meta": dict(db.execute("SELECT key, value FROM meta").fetchall()),
        "bytes": {kind: file.stat().st_size for kind, file in files.items() if file.exists()},
    }


def _folders(sources: Sources) -> Files:
    """How many files lie in each folder, never their names."""
    yield "folders.json", [{"folder": place, **_within_time(Path(place))} for place in _places(sources)]


def _places(sources: Sources) -> list[str]:
    home = sources.home
    places = [home.config, home.data, home.log]
    watched: list[str] = []
    for name in sources.names():
        places += [home.outbox(name), home.inbox(name), home.errors(name), home.archive(name)]
        try:
            raw = tomllib.loads((home.instances / f"{name}.toml").read_text(encoding="utf-8-sig"))
            watched += [str(folder["path"]) for folder in raw.get("watch", [])]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # told with the settings
    return list(dict.fromkeys([*map(str, places), *watched]))


def _within_time(folder: Path) -> dict[str, Any]:
    """A folder on a network may hang for ever: then its thread is left behind, and ends with the process."""
    answer: dict[str, Any] = {}

    def ask() -> None:
        try:
            answer.update(_counted(folder))
        except OSError as error:
            answer["trouble"] = error.strerror or type(error).__name__

    thread = threading.Thread(target=ask, daemon=True, name="folder")
    thread.start()
    thread.join(FOLDER_SECONDS)
    return dict(answer) or {"trouble": f"no answer in {FOLDER_SECONDS:g} s"}


def _counted(folder: Path) -> dict[str, Any]:
    files = size = below = 0
    times: list[float] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                below += 1
                continue
            found = entry.stat(follow_symlinks=False)
            files, size = files + 1, size + found.st_size
            times = [min([*times, found.st_mtime]), max([*times, found.st_mtime])]
            if files >= FOLDER_FILES:
                break
    now = time.time()
    ages = {"oldest_seconds": round(now - times[0]), "newest_seconds": round(now - times[1])} if times else {}
    return {"files": files, "bytes": size, "folders": below, **ages}
