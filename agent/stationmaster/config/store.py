"""Read and edit the settings files: one TOML file per instance, one for the agent.

Reads take no lock: a file is replaced in one step, so a reader sees the old or the new one. Edits take the
home's lock, keep comments, are checked before they are written, and survive a kill at any moment.
All calls block for a moment (a few small files, a flush): call them off the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec

from stationmaster.config import last_good, migration
from stationmaster.config.atomic import Stamp, read_text, replace_text, stamp_of
from stationmaster.config.content import parse_agent, parse_instance, patched
from stationmaster.config.lock import FileLock
from stationmaster.config.schema import AgentConfig, InstanceConfig
from stationmaster.config.template import fresh
from stationmaster.errors import ConfigChangedError, ConfigError
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
        texts: of the files that are right, by name.
    """

    instances: dict[str, InstanceConfig]
    errors: dict[str, ConfigError]
    agent: AgentConfig
    texts: dict[str, str] = {}


_SOME_SERVER = "https://server.invalid"
"""Stands for the address of a new instance until somebody gives one."""


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
        return self.read(name)[0]

    def read(self, name: str) -> tuple[InstanceConfig, str]:
        """Settings of one instance, and the text that says so.

        Raises:
            ConfigError: no such instance, or its file is wrong.
        """
        path = self.home.instance_file(name)
        text = read_text(path)
        if text is None:
            raise self._no_instance(name)
        return parse_instance(text, path, name), text

    def load_agent(self) -> AgentConfig:
        """Settings of the agent itself; the defaults where there is no file."""
        return self.read_agent()[0]

    def read_agent(self) -> tuple[AgentConfig, str]:
        """The same, and the text that says so; "" where there is no file."""
        path = self.home.agent_file
        text = read_text(path)
        return (AgentConfig(), "") if text is None else (parse_agent(text, path), text)

    def load_all(self) -> Loaded:
        """Everything; one wrong file never hides the others."""
        instances: dict[str, InstanceConfig] = {}
        errors: dict[str, ConfigError] = {}
        texts: dict[str, str] = {}
        for name in self.names():
            try:
                instances[name], texts[name] = self.read(name)
            except ConfigError as error:
                errors[name] = error
        agent = AgentConfig()
        try:
            agent, texts[""] = self.read_agent()
        except ConfigError as error:
            errors[""] = error
        return Loaded(instances, errors, agent, texts)

    def stamps(self) -> dict[str, Stamp]:
        """A mark per file that changes with its content, by instance name; "" is the agent's own file."""
        files = {name: self.home.instances / f"{name}.toml" for name in self.names()}
        files[""] = self.home.agent_file
        marks = {name: stamp_of(file) for name, file in files.items()}
        return {name: mark for name, mark in marks.items() if mark is not None}

    def revision(self, name: str) -> str:
        """Changes with the settings file: for `edit` of what was read after this call. "" is the agent's."""
        path = self.home.instance_file(name) if name else self.home.agent_file
        return _revision(stamp_of(path))

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
            self._must_be_free(name)
            changes = {"watch": list(watch)} if watch else {}
            identity = self.kept_id(name) or uuid4()
            text = fresh(name, server_url, identity, migration.version())
            text = patched(text, {**changes, **(patch or {})}, path, InstanceConfig)
            config = parse_instance(text, path, name, lines=False)
            if config.id != identity:
                self.check_id(name, config.id)
            self.home.ensure_instance(name)
            keep_id(self.home, name, config.id)
            replace_text(path, text)
        return config

    def _must_be_free(self, name: str) -> None:
        check_name(name)
        for other in self.names():
            if same_place(name, other):
                raise ConfigError(
                    f'There is a station "{other}" already.' if other == name
                    else f'The station "{other}" is there already, and "{name}" is too much like it.',
                    next_step="Choose another name, or edit that one.",
                    key="name",
                )  # fmt: skip

    def faults_of_new(self, name: str, patch: Mapping[str, Any]) -> tuple[ConfigError, ...]:
        """Everything that `add` would refuse, as far as it can be told at once; nothing is written.

        Args:
            name: of the new instance; what is wrong with it has the key `name`.
            patch: all of its settings that are no defaults, by dotted key.
        """
        from stationmaster.config.fault import faults  # noqa: PLC0415 - brings inspect along, rarely asked for

        found: list[ConfigError] = []
        try:
            self._must_be_free(name)
        except ConfigError as error:
            found.append(ConfigError(error.text, next_step=error.next_step, key="name"))
        path = self.home.instances / "new.toml"
        text = fresh("new", _SOME_SERVER, uuid4(), migration.version())

        def preview(left: Mapping[str, Any]) -> InstanceConfig:
            return parse_instance(patched(text, left, path, InstanceConfig), path, "new", lines=False)

        return (*found, *faults(preview, patch, file=str(path)))

    def kept_id(self, name: str) -> UUID | None:
        """The id that an instance's data carry: under another one their reports would go out again."""
        try:
            return UUID(self.home.id_file(name).read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            return None

    def check_id(self, name: str, identity: UUID) -> None:
        """Refuse an id that would send reports again, or let two instances overwrite each other's."""
        kept = self.kept_id(name)
        if kept not in (None, identity):
            raise ConfigError(
                f'The data of "{name}" carry the id {kept}, not {identity}: its reports would go out again.',
                next_step=f"Leave the id out, or move {self.home.instance_dir(name)} away.",
            )
        for other, config in self.load_all().instances.items():
            if other != name and config.id == identity:
                raise ConfigError(
                    f'The station "{other}" has the id {identity} already.',
                    next_step="Leave the id out: each station gets one of its own.",
                )

    def edit(self, name: str, patch: Mapping[str, Any], *, base: str = "") -> InstanceConfig:
        """Change settings of an instance; comments and everything else in its file stay.

        Args:
            name: the instance.
            patch: values by dotted key: `upload.mode`, `watch.0.settle`. The number after the last adds one
                (`watch.1.path`). None removes the setting, so that its default holds. Applied in order.
            base: the `revision` that the patch was made for: another item may have a number by now. "" for
                any.

        Raises:
            ConfigError: no such instance, or a setting is wrong; nothing is written then.
            ConfigChangedError: the revision is another one.
        """
        path = self.home.instance_file(name)
        if not path.exists():
            raise self._no_instance(name)
        return self._edit(path, InstanceConfig, patch, partial(parse_instance, path=path, name=name), base)

    def edit_agent(self, patch: Mapping[str, Any], *, base: str = "") -> AgentConfig:
        """Change settings of the agent itself, as `edit` does; the file is made if need be."""
        path = self.home.agent_file
        self.home.ensure()
        return self._edit(path, AgentConfig, patch, partial(parse_agent, path=path), base)

    def _edit(
        self,
        path: Path,
        root: type[msgspec.Struct],
        patch: Mapping[str, Any],
        parse: Callable[..., C],
        base: str,
    ) -> C:
        with FileLock(self.home.lock, timeout=self._wait):
            for _ in range(_EDIT_TRIES):
                before = stamp_of(path)
                if base and base != _revision(before):
                    raise ConfigChangedError(
                        f"{path} was changed meanwhile, so nothing was written.",
                        next_step="Read the settings again, then make the change for them.",
                    )
                old = read_text(path) or ""
                newest = migration.up_to_date(old, root, file=str(path))
                text = patched(newest, patch, path, root)
                config = parse(text, lines=False)
                if before is not None and newest != old:
                    _set_aside(path, old)
                # An editor takes no lock: when it saved meanwhile, start from what it wrote.
                if replace_text(path, text, expect=before):
                    return config
        raise ConfigError(f"{path} keeps changing.", next_step="Close the other editor, then try again.")

    def preview(self, name: str, patch: Mapping[str, Any]) -> InstanceConfig:
        """What `edit` would make of an instance's settings; nothing is written.

        Raises:
            ConfigError: `edit` would refuse it.
        """
        path = self.home.instance_file(name)
        text = read_text(path)  # not `read`: an edit may be what puts a wrong file right
        if text is None:
            raise self._no_instance(name)
        newest = migration.up_to_date(text, InstanceConfig, file=str(path))
        return parse_instance(patched(newest, patch, path, InstanceConfig), path, name, lines=False)

    def preview_agent(self, patch: Mapping[str, Any]) -> AgentConfig:
        """What `edit_agent` would make of the agent's settings; nothing is written."""
        path = self.home.agent_file
        text = read_text(path) or ""
        newest = migration.up_to_date(text, AgentConfig, file=str(path))
        return parse_agent(patched(newest, patch, path, AgentConfig), path, lines=False)

    def faults(self, name: str, patch: Mapping[str, Any]) -> tuple[ConfigError, ...]:
        """Everything that is wrong with an edit, as far as it can be told at once; nothing is written.

        Args:
            name: the instance; "" for the agent itself.
            patch: as `edit` and `edit_agent` take it.

        Raises:
            ConfigError: no such instance.
        """
        from stationmaster.config.fault import faults  # noqa: PLC0415 - brings inspect along, rarely asked for

        if not name:
            return faults(self.preview_agent, patch, file=str(self.home.agent_file))
        path = self.home.instance_file(name)
        if not path.exists():
            raise self._no_instance(name)
        return faults(partial(self.preview, name), patch, file=str(path))

    def bring_up_to_date(self) -> tuple[Path, ...]:
        """Write every settings file of an older version in the newest one; the old one stays beside it.

        A file that is wrong stays as it is.

        Returns:
            The files that were written.

        Raises:
            ConfigError: one cannot be written; it is read as before.
        """
        done: list[Path] = []
        for name in ("", *self.names()):
            path = self.home.instances / f"{name}.toml" if name else self.home.agent_file
            try:
                old = read_text(path)
                older = old is not None and migration.is_older(migration.toml(old, file=str(path)))
                if older:
                    self.preview(name, {}) if name else self.preview_agent({})
            except ConfigError:
                continue  # whoever loads it says what is wrong
            if older:
                self.edit(name, {}) if name else self.edit_agent({})
                done.append(path)
        return tuple(done)

    def remove(self, name: str) -> None:
        """Remove an instance's settings. Its data stay: the spool may still hold reports."""
        path = self.home.instance_file(name)
        if not path.exists():
            raise self._no_instance(name)
        with FileLock(self.home.lock, timeout=self._wait):
            replace_text(path, None)
            last_good.forget(self.home, name)

    # ---------------------------------------------------------------- inside
    def _no_instance(self, name: str) -> ConfigError:
        from difflib import get_close_matches  # noqa: PLC0415 - needed for errors only

        names = self.names()
        close = get_close_matches(name, names, n=1)
        known = f"Stations: {', '.join(names)}." if names else "Make one with `stationmaster instance add`."
        return ConfigError(
            f'There is no instance "{name}".', next_step=f'Did you mean "{close[0]}"?' if close else known
        )


def keep_id(home: Home, name: str, instance_id: UUID) -> None:
    """Write the instance's id beside its spool, once."""
    place = home.id_file(name)
    if not place.exists():
        replace_text(place, f"{instance_id}\n")


def _revision(stamp: Stamp | None) -> str:
    # No digest: with the rest of the text known, a password in it could be guessed by one.
    return "none" if stamp is None else "-".join(str(part) for part in stamp)


def _set_aside(path: Path, text: str) -> None:
    """Keep the text of an older version beside its file."""
    old = migration.version_of(migration.toml(text, file=str(path)))
    replace_text(path.with_name(f"{path.name}.v{old}"), text, mode=path.stat().st_mode & 0o777)
