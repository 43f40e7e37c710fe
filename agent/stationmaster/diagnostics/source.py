"""What a bundle is made from: the files of a home, and what a running agent adds to them."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import socket
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from stationmaster.config.option import is_elsewhere, resolved
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.store import ConfigStore
from stationmaster.convert.built_in import BUILT_INS, KINDS
from stationmaster.diagnostics.path_text import Paths, roots_of
from stationmaster.diagnostics.pseudonym import Names
from stationmaster.diagnostics.redact import Redactor
from stationmaster.diagnostics.secret_text import SECRET_NAME, Secrets
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.home.paths import Home, Scope
from stationmaster.spool.schema import to_text

UNITS_KNOWN = 50_000
"""So many of the newest entries are asked for their serial and part numbers."""

PATHS_KNOWN = 2000
"""So many of the newest paths with spaces in them are known."""


class Sources(msgspec.Struct, kw_only=True):
    """What a bundle is made from.

    Attributes:
        folders: of the home: config, data, log, run.
        snapshot: of the running agent; None where none runs.
        secrets: values that must not go out.
        environment: of the agent; its values are only used to know secrets.
        payloads: put reports of failed entries in.
        doctor: the doctor's findings, None where it was not asked.
        notes: what could not be asked for, to be told.
    """

    scope: str
    folders: dict[str, str]
    snapshot: dict[str, Any] | None = None
    secrets: list[str] = []
    environment: dict[str, str] = {}
    payloads: bool = False
    doctor: Any = None
    notes: list[str] = []

    @property
    def home(self) -> Home:
        """The home as folders."""
        return Home(Scope(self.scope), **{name: Path(path) for name, path in self.folders.items()})

    @classmethod
    def of(cls, home: Home, *, payloads: bool = False) -> Sources:
        """The files of a home alone, and this process's environment."""
        folders = {name: str(getattr(home, name)) for name in ("config", "data", "log", "run")}
        environment = {name: value for name, value in os.environ.items() if value.isprintable()}
        return cls(scope=str(home.scope), folders=folders, environment=environment, payloads=payloads)

    def names(self) -> tuple[str, ...]:
        """Names of the instances; none where their folder cannot be read, which the settings' part tells."""
        try:
            return self.home.names()
        except StationmasterError:
            return ()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A spool's database, to read only; nothing is made or changed."""
    path.stat()  # says that it is not there, where SQLite would only say that it cannot open it
    db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2.0, isolation_level=None)
    try:
        db.execute("PRAGMA query_only=1")
        yield db
    finally:
        db.close()


def redactor_of(sources: Sources) -> Redactor:
    """A redactor that knows all secrets and names that can be known beforehand."""
    home, names, instances = sources.home, Names(), sources.names()
    keep = frozenset(instances) | converter_names(sources)
    found = Redactor(Secrets(), names, Paths(names, roots_of(home), keep))
    found.secrets.know_variables(sources.environment)
    for value in sources.secrets:
        found.secrets.know(value)
    _know_people(found, sources.environment)
    _know_raw_settings(found, home.agent_file)
    for name in instances:
        _know_raw_settings(found, home.instances / f"{name}.toml")
        with contextlib.suppress(OSError, StationmasterError):  # also where wrong settings hide what is used
            found.secrets.know(home.token_file(name).read_text(encoding="utf-8", errors="replace"))
        with contextlib.suppress(StationmasterError):
            _know_settings(found, ConfigStore(home).load(name))
        with contextlib.suppress(sqlite3.Error, OSError, StationmasterError):
            _know_units(found, home.spool(name))
    for status in (sources.snapshot or {}).get("instances", ()):
        found.know("HOST", [status["station"]])
        found.know_address(status["server"])
        for folder in status["folders"]:
            found.know_path(folder["path"])
    return found


def converter_names(sources: Sources) -> frozenset[str]:
    """Names of converters that folders may be called by, such as `inbox/<converter>`: they stay."""
    home, found = sources.home, {*BUILT_INS}
    for name in sources.names():
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, KeyError):  # told elsewhere
            raw = tomllib.loads(home.instance_file(name).read_text(encoding="utf-8-sig"))
            found.update(str(one) for folder in raw.get("watch", ()) for one in folder.get("converters", ()))
            found.update(str(source["converter"]) for source in raw.get("fetch", ()))
        with contextlib.suppress(sqlite3.Error, OSError, StationmasterError), reading(home.spool(name)) as db:
            newest = "(SELECT converter FROM source ORDER BY id DESC LIMIT ?)"
            rows = db.execute(f"SELECT DISTINCT converter FROM {newest}", (UNITS_KNOWN,))  # noqa: S608 - as below
            found.update(str(one) for (one,) in rows)
        with contextlib.suppress(OSError, StationmasterError):
            found.update(folder.name for folder in home.inbox(name).iterdir() if folder.is_dir())
        with contextlib.suppress(OSError, StationmasterError):
            found.update(file.stem for file in home.converters(name).iterdir() if file.suffix in KINDS)
    return frozenset(found)


def _know_people(found: Redactor, environment: Mapping[str, str]) -> None:
    users = {environment.get(name, "") for name in ("USER", "USERNAME", "LOGNAME", "SUDO_USER")}
    with contextlib.suppress(OSError, KeyError, RuntimeError):  # no such user in the system's list
        users |= {getpass.getuser(), Path.home().name}
    found.know("USER", sorted(users))
    hosts = {socket.gethostname(), platform.node(), environment.get("COMPUTERNAME", "")}
    found.know("HOST", sorted(hosts | {one.partition(".")[0] for one in hosts}))


def _know_raw_settings(found: Redactor, path: Path) -> None:
    """A token that somebody wrote into a settings file is known from then on, be the file right or wrong."""
    try:
        raw = tomllib.loads(path.read_bytes().decode("utf-8-sig", errors="replace"))
    except (OSError, tomllib.TOMLDecodeError):
        return
    for key, value in _leaves(raw):
        if not isinstance(value, str):
            continue
        if SECRET_NAME.search(key.rsplit(".", 1)[-1]):
            found.secrets.know(value)
        elif "://" in value:
            found.know_address(value)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, key)
    else:
        yield key, value


def _know_settings(found: Redactor, config: InstanceConfig) -> None:
    found.know_address(config.server.url)
    found.know_address(config.server.proxy)
    found.know("HOST", [config.station.name])
    found.know("PLACE", [config.station.location])
    for folder in config.watch:
        found.know_path(folder.path)
        found.know_path(folder.move_to)
    for source in config.fetch:
        for name, value in source.options.items():
            if is_elsewhere(value):
                with contextlib.suppress(ConfigError):
                    found.secrets.know(str(resolved({name: value})[name]))


def _know_units(found: Redactor, spool: Path) -> None:
    with reading(spool) as db:
        newest = "(SELECT * FROM entry ORDER BY id DESC LIMIT ?)"
        for kind, column in (("SN", "serial_number"), ("PN", "part_number"), ("USER", "dismissed_by")):
            rows = db.execute(f"SELECT DISTINCT {column} FROM {newest}", (UNITS_KNOWN,))  # noqa: S608 - our own words
            found.know(kind, [str(value) for (value,) in rows])
        people = db.execute("SELECT DISTINCT by FROM event LIMIT 1000")
        found.know("USER", [str(value) for (value,) in people])
        spaced = "path LIKE '% %' OR place LIKE '% %'"
        rows = db.execute(
            f"SELECT path, place FROM source WHERE {spaced} ORDER BY id DESC LIMIT ?",  # noqa: S608 - as above
            (PATHS_KNOWN,),
        )
        for kept in (kept for row in rows for kept in row if kept):
            found.know_path(to_text(kept))
            found.know_path(os.path.dirname(to_text(kept)))  # noqa: PTH120 - text, and not of this system perhaps
