"""Read and edit the settings files: one TOML file per instance, one for the agent.

Reads take no lock: a file is replaced in one step, so a reader sees the old or the new one. Edits take the
home's lock, keep comments, are checked before they are written, and survive a kill at any moment.
All calls block for a moment (a few small files, a flush): call them off the event loop.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec

from stationmaster.config import rule
from stationmaster.config.atomic import Stamp, read_text, replace_text, stamp_of
from stationmaster.config.lock import FileLock
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.config.template import fresh
from stationmaster.errors import ConfigError
from stationmaster.home.name import check_name, same_place
from stationmaster.home.paths import Home

C = TypeVar("C")

_EDIT_TRIES = 20


class Loaded(msgspec.Struct, frozen=True):
    """All settings at one moment; a file with an error is in `errors` and nowhere else.

    Attributes:
        instances: by name.
        errors: by name; "" is the agent's own file.
        agent: the agent's settings, the defaults where its file has an error.
    """

    instances: dict[str, InstanceConfig]
    errors: dict[str, ConfigError]
    agent: AgentConfig


class ConfigStore:
    """The settings files of one home. Holds no state: every call reads the files."""

    def __init__(self, home: Home, *, wait: float = 10.0) -> None:
        """Use the files of `home`.

        Args:
            home: where the files lie.
            wait: seconds an edit waits for the edit of another process.
        """
        self.home = home
        self._wait = wait

    # ---------------------------------------------------------------- read
    def names(self) -> tuple[str, ...]:
        """Names of all instances that have a settings file, sorted; the names may be invalid."""
        return self.home.names()

    def load(self, name: str) -> InstanceConfig:
        """Settings of one instance.

        Raises:
            ConfigError: no such instance, or its file is wrong.
        """
        path = self.home.instance_file(name)
        text = read_text(path)
        if text is None:
            raise self._no_instance(name)
        return _parse_instance(text, path, name)

    def load_agent(self) -> AgentConfig:
        """Settings of the agent itself; the defaults where there is no file."""
        path = self.home.agent_file
        text = read_text(path)
        if text is None:
            return AgentConfig()
        return rule.parse(_toml(text, path), AgentConfig, file=str(path), text=text)

    def load_all(self) -> Loaded:
        """Everything; one wrong file never hides the others."""
        instances: dict[str, InstanceConfig] = {}
        errors: dict[str, ConfigError] = {}
        for name in self.names():
            try:
                instances[name] = self.load(name)
            except ConfigError as error:
                errors[name] = error
        agent = AgentConfig()
        try:
            agent = self.load_agent()
        except ConfigError as error:
            errors[""] = error
        return Loaded(instances, errors, agent)

    def stamps(self) -> dict[str, Stamp]:
        """A mark per file that changes with its content, by instance name; "" is the agent's own file."""
        files = {name: self.home.instances / f"{name}.toml" for name in self.names()}
        files[""] = self.home.agent_file
        marks = {name: stamp_of(file) for name, file in files.items()}
        return {name: mark for name, mark in marks.items() if mark is not None}

    # ---------------------------------------------------------------- write
    def add(
        self,
        name: str,
        server_url: str,
        watch: Sequence[Mapping[str, Any]] = (),
        patch: Mapping[str, Any] | None = None,
    ) -> InstanceConfig:
        """Make an instance and its folders; its id is fresh, or that of the data that are there already.

        Args:
            name: see `check_name`.
            server_url: address of its server.
            watch: settings of its watch folders, as they stand in the file.
            patch: further settings by dotted key, as `edit` takes them.

        Raises:
            ConfigError: the name is taken or invalid, or a setting is wrong; nothing is written then.
        """
        path = self.home.instance_file(name)
        self.home.ensure()
        with FileLock(self.home.lock, timeout=self._wait):
            for other in self.names():
                if same_place(name, other):
                    raise ConfigError(
                        f'There is an instance "{other}" already.' if other == name
                        else f'The instance "{other}" is there already, and "{name}" is too much like it.',
                        next_step="Choose another name, or edit that one.",
                    )  # fmt: skip
            changes = {"watch": list(watch)} if watch else {}
            text = _patched(fresh(name, server_url, self._id_of(name)), {**changes, **(patch or {})}, path)
            config = _parse_instance(text, path, name, lines=False)
            self.home.ensure_instance(name)
            keep_id(self.home, name, config.id)
            replace_text(path, text)
        return config

    def _id_of(self, name: str) -> UUID:
        """The id that the reports of earlier data carry: under another one they would go out again."""
        try:
            return UUID(self.home.id_file(name).read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            return uuid4()

    def edit(self, name: str, patch: Mapping[str, Any]) -> InstanceConfig:
        """Change settings of an instance; comments and everything else in its file stay.

        Args:
            name: the instance.
            patch: values by dotted key: `upload.mode`, `watch.0.settle`. The number after the last adds one
                (`watch.1.path`). None removes the setting, so that its default holds. Applied in order.

        Raises:
            ConfigError: no such instance, or a setting is wrong; nothing is written then.
        """
        path = self.home.instance_file(name)
        if not path.exists():
            raise self._no_instance(name)
        return self._edit(
            path, InstanceConfig, patch, lambda text: _parse_instance(text, path, name, lines=False)
        )

    def edit_agent(self, patch: Mapping[str, Any]) -> AgentConfig:
        """Change settings of the agent itself, as `edit` does; the file is made if need be."""
        path = self.home.agent_file
        self.home.ensure()
        return self._edit(
            path, AgentConfig, patch, lambda text: rule.parse(_toml(text, path), AgentConfig, file=str(path))
        )

    def _edit(
        self, path: Path, root: type[msgspec.Struct], patch: Mapping[str, Any], parse: Callable[[str], C]
    ) -> C:
        with FileLock(self.home.lock, timeout=self._wait):
            for _ in range(_EDIT_TRIES):
                before = stamp_of(path)
                text = _patched(read_text(path) or "", patch, path, root)
                config = parse(text)
                # An editor takes no lock: when it saved meanwhile, start from what it wrote.
                if replace_text(path, text, expect=before):
                    return config
        raise ConfigError(f"{path} keeps changing.", next_step="Close the other editor, then try again.")

    def remove(self, name: str) -> None:
        """Remove an instance's settings. Its data stay: the spool may still hold reports."""
        path = self.home.instance_file(name)
        if not path.exists():
            raise self._no_instance(name)
        with FileLock(self.home.lock, timeout=self._wait):
            replace_text(path, None)

    # ---------------------------------------------------------------- inside
    def _no_instance(self, name: str) -> ConfigError:
        from difflib import get_close_matches  # noqa: PLC0415 - needed for errors only

        names = self.names()
        close = get_close_matches(name, names, n=1)
        known = f"Instances: {', '.join(names)}." if names else "Make one with `stationmaster instance add`."
        return ConfigError(
            f'There is no instance "{name}".', next_step=f'Did you mean "{close[0]}"?' if close else known
        )


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is no TOML: {error}.", next_step="Correct the file at that place."
        ) from error


def _parse_instance(text: str, path: Path, name: str, *, lines: bool = True) -> InstanceConfig:
    """Not `lines`: errors name none, for those of a text that was not written yet would mislead."""
    raw = _toml(text, path)
    if "name" in raw:
        raise ConfigError(
            f"{path}: there is no setting \"name\": the file's own name is the instance's.",
            next_step='For the station\'s name set "station.name".',
        )
    return rule.parse(
        {**raw, "name": check_name(name)}, InstanceConfig, file=str(path), text=text if lines else ""
    )


def _patched(
    text: str, patch: Mapping[str, Any], path: Path, root: type[msgspec.Struct] = InstanceConfig
) -> str:
    from stationmaster.config.field import split_key, type_at  # noqa: PLC0415 - as below
    from stationmaster.config.patch import apply  # noqa: PLC0415 - brings tomlkit, which only edits need

    for key in (key for key, value in patch.items() if value is None):
        try:
            type_at(split_key(key), root)
        except ConfigError:
            # A setting that is none may go, should somebody have written it; else the key is a slip.
            if apply(text, {key: None}, file=str(path)) == apply(text, {}, file=str(path)):
                raise
    return apply(text, {key: _plain(value) for key, value in patch.items()}, file=str(path))


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=(datetime,), enc_hook=_plain_other)


def _plain_other(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise ConfigError(f"A {type(value).__name__} cannot stand in a settings file.")


def keep_id(home: Home, name: str, instance_id: UUID) -> None:
    """Write the instance's id beside its spool, once."""
    place = home.id_file(name)
    if not place.exists():
        replace_text(place, f"{instance_id}\n")
