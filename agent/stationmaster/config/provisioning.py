"""The provisioning file: settings of the agent and of several instances, for many PCs.

docs/how-to/roll-out.md tells how it is used::

    schema = 1
    [agent]                    as agent.toml
    [defaults.server]          sections of an instance file, for all instances
    [instances.line1.station]  the same for one instance, instead of what `defaults` says
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar
from uuid import UUID, uuid4

import msgspec

from stationmaster.config import migration
from stationmaster.config.mistake import every, together
from stationmaster.config.rule import Where, line_of, parse, refuse_newer
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.errors import ConfigError
from stationmaster.home.name import check_name, same_place

C = TypeVar("C", InstanceConfig, AgentConfig)

HOST = "{host}"
"""Stands for the computer's name in `station.name`."""

SECTIONS = ("schema", "agent", "defaults", "instances")
_SECRET = re.compile(r"(?i)token|secret|passw|credential")
_VARIABLES = ("token_variable", "register_variable")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of the file.

    Attributes:
        settings: what the file says of it, the shared settings among them, as they stand in a settings file.
        config: what that means; its id is any where `id` is None.
        id: only where the file gives one.
        token_variable: the environment variable that holds its token, "" where the file names none.
        register_variable: the one that holds a register-client token, the same.
    """

    settings: dict[str, Any]
    config: InstanceConfig
    id: UUID | None
    token_variable: str
    register_variable: str = ""


class Provisioning(msgspec.Struct, frozen=True, kw_only=True):
    """What a provisioning file asks for, checked as a whole.

    Attributes:
        agent: settings of the agent, as they stand in its file.
        agent_config: what they mean.
        instances: by name, in the order of the file.
    """

    agent: dict[str, Any]
    agent_config: AgentConfig
    instances: dict[str, Wanted]


def read(text: str, *, file: str) -> Provisioning:
    """Read a provisioning file.

    Args:
        text: TOML.
        file: its name, for errors.

    Raises:
        ConfigError: it is no TOML, it holds a token (which is not shown), or a setting is wrong; names file,
            line, instance, key, value, what is allowed, and "did you mean", of every mistake.
    """
    return _Reader(text, file).read()


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._raw = migration.toml(text, file=file)
        self._mistakes: list[ConfigError] = []

    def read(self) -> Provisioning:
        self._refuse_tokens(self._raw, ())
        self._tell()  # alone: another sentence might show a value that is the token
        refuse_newer(self._raw, file=self._file)
        with self._noted():
            self._check_sections()
        agent, agent_config = self._agent()
        instances = self._named_instances()
        with self._noted():
            self._parse_defaults()
        self._tell()
        return Provisioning(agent=agent, agent_config=agent_config, instances=instances)

    def _agent(self) -> tuple[dict[str, Any], AgentConfig]:
        agent, config = dict[str, Any](), AgentConfig()
        with self._noted():
            agent = self._section(("agent",), AgentConfig)
            config = self._parsed(agent, AgentConfig, self._where_in((("agent",),), "agent"))
        return agent, config

    # ---------------------------------------------------------------- mistakes
    @contextmanager
    def _noted(self) -> Iterator[None]:
        """A mistake in here is told with all the others."""
        try:
            yield
        except ConfigError as error:
            self._mistakes.append(error)

    def _tell(self) -> None:
        error = together(self._file, self._mistakes)
        if error is not None:
            raise error

    def _parsed(self, raw: dict[str, Any], kind: type[C], where: Where) -> C:
        """The section in its type; each mistake is noted, and the first one raised as well."""
        self._mistakes += every(raw, kind, where)
        return parse(raw, kind, file=self._file, where=where)

    # ---------------------------------------------------------------- the file as a whole
    def _refuse_tokens(self, raw: Mapping[str, Any], above: tuple[str, ...]) -> None:
        """No sentence here shows a value: it may be the token."""
        for key, value in raw.items():
            parts = (*above, key)
            if above[-1:] == ("secrets",) and key in _VARIABLES:
                if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
                    with self._noted():
                        self._fail(
                            parts, "must be the name of an environment variable", "Such as WATS_TOKEN."
                        )
            elif isinstance(value, dict):
                if key != "options":  # those of a converter are its own matter
                    self._refuse_tokens(value, parts)
            elif isinstance(value, list):
                for number, item in enumerate(value):
                    if isinstance(item, dict):
                        self._refuse_tokens(item, (*parts, str(number)))
            elif _SECRET.search(key) and not _is_setting(parts):
                with self._noted():
                    self._fail(
                        parts,
                        "does not belong here: a token never stands in a provisioning file",
                        "Hand it over with --token NAME=env:VARIABLE, or name the variable as "
                        "secrets.token_variable. Think about a new token, for others may have read this one.",
                    )

    def _check_sections(self) -> None:
        for key in self._raw:
            if key not in SECTIONS:
                close = get_close_matches(key, SECTIONS, n=1)
                ours = f"It has {', '.join(SECTIONS)}."
                step = f'Did you mean "{close[0]}"?' if close else ours
                if key in InstanceConfig.__struct_fields__:
                    step = "What belongs to a station stands in [defaults] or [instances.NAME]."
                text = f'{self._at((key,))}: a provisioning file has no "{key}".'
                self._mistakes.append(ConfigError(text, next_step=step))
        for key in ("agent", "defaults", "instances"):
            self._table((key,))
        if "id" in self._raw.get("defaults", {}):
            self._fail(("defaults", "id"), "must not be shared", "Each station gets an id of its own.")

    # ---------------------------------------------------------------- sections
    def _named_instances(self) -> dict[str, Wanted]:
        found: dict[str, Wanted] = {}
        names: list[str] = []
        with self._noted():
            names = [*self._table(("instances",))]
        for number, name in enumerate(names):
            with self._noted():
                self._check_name(name, names[:number])
            with self._noted():
                found[name] = wanted = self._instance(name)
                for other, one in found.items():
                    if other != name and wanted.id is not None and wanted.id == one.id:
                        self._fail(
                            ("instances", name, "id"), f'is the id of "{other}", too', "Leave both out."
                        )
        return found

    def _check_name(self, name: str, others: Sequence[str]) -> None:
        try:
            check_name(name)
        except ConfigError as error:
            raise ConfigError(
                f"{self._at(('instances', name))}: {error.text}", next_step=error.next_step
            ) from None
        for other in others:
            if same_place(name, other):
                self._fail(("instances", name), f'is too much like "{other}"', "Choose another name.")

    def _instance(self, name: str) -> Wanted:
        above = ("instances", name)
        shared, own = self._section(("defaults",), InstanceConfig), self._section(above, InstanceConfig)
        merged = _merged(shared, own)
        variable, register = (_taken(merged, "secrets", key) for key in _VARIABLES)
        where = self._where_in((above, ("defaults",)), f'instance "{name}"')
        self._fill_in(merged, where)
        given = merged.get("id")
        config = self._parsed({**merged, "id": given or str(uuid4()), "name": name}, InstanceConfig, where)
        merged.pop("id", None)
        return Wanted(
            settings=merged,
            config=config,
            id=config.id if given is not None else None,
            token_variable=variable or "",
            register_variable=register or "",
        )

    def _parse_defaults(self) -> None:
        """Check shared settings where no instance has done it."""
        shared = self._section(("defaults",), InstanceConfig)
        for key in _VARIABLES:
            _taken(shared, "secrets", key)
        where = self._where_in((("defaults",),), "defaults")
        self._fill_in(shared, where)
        least = {"id": str(uuid4()), "server": {"url": "https://company.wats.com"}}
        self._parsed(_merged(least, shared), InstanceConfig, where)

    def _section(self, above: tuple[str, ...], kind: type[msgspec.Struct]) -> dict[str, Any]:
        """A copy of a section's values, in the newest version."""
        raw = self._table(above)
        for key in ("schema", "name"):
            if key in raw:
                self._fail(
                    (*above, key),
                    "does not belong here",
                    "The version stands at the top of the file."
                    if key == "schema"
                    else "The name is the section's.",
                )
        raw = _merged({}, raw)
        if not migration.is_older(self._raw):
            return raw
        newest = migration.migrated({**raw, "schema": self._raw.get("schema", 1)}, kind, file=self._file)
        return {key: value for key, value in newest.items() if key != "schema"}

    def _fill_in(self, raw: dict[str, Any], where: Where) -> None:
        """Put the computer's name into the station's."""
        station = raw.get("station")
        name = station.get("name") if isinstance(station, dict) else None
        if not isinstance(name, str) or not isinstance(station, dict):
            return
        station["name"] = filled = name.replace(HOST, socket.gethostname())
        if re.search(r"[{}]", name.replace(HOST, "")):
            raise ConfigError(
                f'{where(("station", "name"))}station.name knows one placeholder, {HOST}, not "{filled}".',
                next_step=f'For example "FCT-{HOST}".',
            )

    # ---------------------------------------------------------------- places
    def _table(self, parts: tuple[str, ...]) -> dict[str, Any]:
        found: Any = self._raw
        for part in parts:
            found = found.get(part, {})
        if not isinstance(found, dict):
            self._fail(parts, "must be a table", f"Write [{'.'.join(parts)}].")
        return found

    def _at(self, parts: Sequence[str]) -> str:
        line = line_of(self._text, parts)
        return f"{self._file}, line {line}" if line else self._file

    def _where_in(self, places: Sequence[tuple[str, ...]], whose: str) -> Where:
        """Where a key of a section stands: in the first of `places` that has it."""

        def where(parts: Sequence[str]) -> str:
            above = next((place for place in places if self._has((*place, *parts))), places[0])
            return f"{self._at((*above, *parts))}, {whose}: "

        return where

    def _has(self, parts: Sequence[str]) -> bool:
        found: Any = self._raw
        for part in parts:
            if isinstance(found, dict) and part in found:
                found = found[part]
            elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
                found = found[int(part)]
            else:
                return False
        return True

    def _fail(self, parts: Sequence[str], text: str, next_step: str) -> NoReturn:
        from stationmaster.config.field import join_key  # noqa: PLC0415 - needed for errors only

        raise ConfigError(f'{self._at(parts)}: "{join_key(parts)}" {text}.', next_step=next_step)


def _is_setting(parts: tuple[str, ...]) -> bool:
    from stationmaster.config.field import type_at  # noqa: PLC0415 - needed for errors only

    kind: type[msgspec.Struct] = AgentConfig if parts[0] == "agent" else InstanceConfig
    try:
        type_at(parts[2:] if parts[0] == "instances" else parts[1:], kind)
    except ConfigError:
        return False
    return len(parts) > 1


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged, at any depth; everything else of `above` takes the place of what is below."""
    result = {key: _merged(value, {}) if isinstance(value, dict) else value for key, value in below.items()}
    for key, value in above.items():
        if isinstance(value, dict):
            old = result.get(key)
            result[key] = _merged(old if isinstance(old, dict) else {}, value)
        else:
            result[key] = value
    return result


def _taken(raw: dict[str, Any], section: str, key: str) -> Any:
    """Take a key of a section out; None where there is none."""
    inside = raw.get(section)
    return inside.pop(key, None) if isinstance(inside, dict) else None
