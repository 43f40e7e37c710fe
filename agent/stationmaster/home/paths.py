"""Where everything lies: one `Home` per scope fixes config, data, logs and the control channel together.

====================  =================================  ==================================================
folder                user scope on Linux                holds
====================  =================================  ==================================================
``config``            ~/.config/stationmaster            agent.toml, instances/<name>.toml
``data``              ~/.local/share/stationmaster       .agent.lock, <name>/ with spool.db, outbox,
                                                         converters, errors, archive
``log``               ~/.local/state/stationmaster/log   log files
``run``               ~/.local/state/stationmaster/run   agent.sock
====================  =================================  ==================================================

`STATIONMASTER_HOME` puts the four under one folder.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from stationmaster.errors import ConfigError
from stationmaster.home.file_system import unsafe_home_reason
from stationmaster.home.name import check_name

HOME_VARIABLE = "STATIONMASTER_HOME"
DETACHED_VARIABLE = "STATIONMASTER_DETACHED"
"""Set for an agent in the background that nothing supervises: it starts its own successor."""

GROUP = "stationmaster"
"""Group that may operate a machine-scope agent: use its control channel, put files into its outboxes."""

LISTED, PASSED, DROPPED = 0o750, 0o710, 0o1770
"""Rights of a machine-scope agent's folders: the group may see names; pass through; leave files."""

_APP = "stationmaster"
_LONGEST_SOCKET = 100  # bytes; sun_path takes 104 on macOS, 108 on Linux


class Scope(StrEnum):
    """Whose agent it is: this user's, or the machine's (it runs before anybody logs in)."""

    USER = "user"
    MACHINE = "machine"


class Home(msgspec.Struct, frozen=True):
    """The folders of one scope. Nothing is created before `ensure`.

    Attributes:
        sockets: folder for the socket where its path in `run` is too long; None: found by the environment.
    """

    scope: Scope
    config: Path
    data: Path
    log: Path
    run: Path
    sockets: Path | None = None

    @classmethod
    def find(cls, scope: Scope = Scope.USER, env: Mapping[str, str] | None = None) -> Home:
        """The home of `scope`.

        Args:
            scope: whose agent.
            env: environment to read `STATIONMASTER_HOME` and `XDG_RUNTIME_DIR` from; None: the process's.
        """
        env = os.environ if env is None else env
        sockets = _socket_folder(env)
        chosen = env.get(HOME_VARIABLE, "")
        if chosen:
            root = Path(os.path.abspath(os.path.expanduser(chosen)))  # noqa: PTH100, PTH111 - resolve() would follow links; Path.expanduser raises
            folders = (root / "config", root / "data", root / "log", root / "run")
        elif scope is Scope.MACHINE:
            folders = _machine_folders()
        else:
            folders = _user_folders()
        return cls(scope, *folders, sockets)

    # ---------------------------------------------------------------- config
    @property
    def agent_file(self) -> Path:
        """Settings of the agent itself; need not exist."""
        return self.config / "agent.toml"

    @property
    def instances(self) -> Path:
        """Folder of the instances' settings."""
        return self.config / "instances"

    def instance_file(self, name: str) -> Path:
        """Settings of one instance."""
        return self.instances / f"{check_name(name)}.toml"

    def names(self) -> tuple[str, ...]:
        """Names of all instances that have a settings file, sorted; the names may be invalid.

        Raises:
            ConfigError: the folder cannot be read.
        """
        try:
            files = list(self.instances.iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise ConfigError(
                f"The folder {self.instances} cannot be read: {error.strerror}.",
                next_step="Check its rights.",
            ) from error
        return tuple(sorted(file.stem for file in files if file.suffix == ".toml" and file.name[0] != "."))

    @property
    def lock(self) -> Path:
        """Held for the moment of an edit of settings, never longer."""
        return self.config / ".lock"

    @property
    def provision_lock(self) -> Path:
        """Held while a provisioning file is applied: two runs at once would see each other's half."""
        return self.config / ".provision.lock"

    # ---------------------------------------------------------------- data
    @property
    def embedded_server(self) -> Path:
        """The embedded server's database, whoever runs it."""
        return self.data / "embedded-server.db"

    def instance_dir(self, name: str) -> Path:
        """All data of one instance."""
        return self.data / check_name(name)

    def id_file(self, name: str) -> Path:
        """The instance's id, kept beside its spool: an instance that is made anew goes on with it."""
        return self.instance_dir(name) / "id"

    def spool(self, name: str) -> Path:
        """The spool's database."""
        return self.instance_dir(name) / "spool.db"

    def outbox(self, name: str) -> Path:
        """Folder for `*.queued` files."""
        return self.instance_dir(name) / "outbox"

    def inbox(self, name: str) -> Path:
        """Folder where submitted raw files wait, one sub-folder a converter."""
        return self.instance_dir(name) / "inbox"

    def processes(self, name: str) -> Path:
        """The server's list of processes, as it was last seen."""
        return self.instance_dir(name) / "processes.json"

    def fetched(self, name: str) -> Path:
        """Folder of what scheduled sources fetched: a state file and a sub-folder each."""
        return self.instance_dir(name) / "fetched"

    def converters(self, name: str) -> Path:
        """Folder for the instance's own converters."""
        return self.instance_dir(name) / "converters"

    def canary(self, name: str) -> Path:
        """Folder of a converter that runs beside a live one: its state, its code, files on their way."""
        return self.instance_dir(name) / "canary"

    def canary_state(self, name: str) -> Path:
        """What is known of it."""
        return self.canary(name) / "state.json"

    def replaced(self, name: str) -> Path:
        """Folder of converters that others took the place of."""
        return self.instance_dir(name) / "replaced"

    def errors(self, name: str) -> Path:
        """Folder for source files that could not be converted."""
        return self.instance_dir(name) / "errors"

    def archive(self, name: str) -> Path:
        """Folder for archived source files, where the watch folder names none."""
        return self.instance_dir(name) / "archive"

    def token_file(self, name: str) -> Path:
        """The token, only where `secrets.store` is "file"."""
        return self.instance_dir(name) / "token"

    def last_good(self, name: str) -> Path:
        """Copy of the last settings of an instance that were right; "" for the agent's own."""
        return (
            self.instance_dir(name) / "settings.last-good.toml"
            if name
            else self.data / ".agent.last-good.toml"
        )

    # ---------------------------------------------------------------- run
    @property
    def agent_lock(self) -> Path:
        """Held by the agent as long as it lives: one agent for these spools, whatever else differs."""
        return self.data / ".agent.lock"

    @property
    def key(self) -> str:
        """Twelve hex digits that tell this home from every other on the machine."""
        place = os.path.normcase(os.path.realpath(self.config))
        return hashlib.sha256(os.fsencode(place)).hexdigest()[:12]

    @property
    def socket(self) -> str:
        """Address of the control channel: path of a Unix socket, or name of a Windows pipe."""
        if sys.platform == "win32":
            user = "".join(letter if letter.isalnum() else "_" for letter in getpass.getuser())
            return rf"\\.\pipe\{_APP}-{user if self.scope is Scope.USER else 'machine'}-{self.key}"
        usual = self.run / "agent.sock"
        if len(os.fsencode(usual)) <= _LONGEST_SOCKET:
            return str(usual)
        return str((self.sockets or _socket_folder(os.environ)) / f"{self.key}.sock")

    def ensure(self) -> None:
        """Create the folders, for the owner only; existing ones are left as they are.

        Raises:
            ConfigError: the home lies on a network, a folder cannot be made, or others may write to one: who
                can put a converter or a setting there runs code as us, who owns the socket's poses as us.
        """
        for folder in (self.config, self.data):
            reason = unsafe_home_reason(folder)
            if reason:
                raise ConfigError(reason, next_step=f"Set {HOME_VARIABLE} to a folder on a local disk.")
        for folder in (self.config, self.instances, self.data, self.log, self.run):
            make_private(folder)
        if sys.platform != "win32":
            for folder in (self.config, self.instances, self.log, self.run):
                self._let_group_in(folder, LISTED)
            self._let_group_in(self.data, PASSED)
            sockets = Path(self.socket).parent
            make_private(sockets)
            for folder in (self.config, self.instances, self.data, self.log, self.run):
                _refuse_foreign(folder, folder.stat(), owners={0, os.geteuid()})
            # Its parent may be everybody's /tmp: a link there could lead anywhere.
            _refuse_foreign(sockets, sockets.lstat(), owners={os.geteuid()})

    def ensure_instance(self, name: str) -> None:
        """Create the folders of one instance: for the owner only, but the outbox in machine scope."""
        for folder in (self.instance_dir(name), self.outbox(name), self.converters(name), self.errors(name)):
            make_private(folder)
        self._let_group_in(self.instance_dir(name), PASSED)
        self.make_drop(self.outbox(name))

    def make_drop(self, folder: Path) -> None:
        """Create a folder where, in machine scope, members of the group may leave files.

        It is sticky: nobody but their owner and the agent's account takes a file away or replaces it.
        """
        make_private(folder)
        if self.scope is Scope.MACHINE and sys.platform != "win32":
            above = folder.parent.stat()
            if os.geteuid() == 0 != above.st_uid:
                os.chown(folder, above.st_uid, above.st_gid)  # what root makes here is the agent's
        self._let_group_in(folder, DROPPED)

    def _let_group_in(self, folder: Path, mode: int) -> None:
        """Rights of the group in machine scope, where there is such a group."""
        if self.scope is Scope.MACHINE and sys.platform != "win32":
            try:
                shutil.chown(folder, group=GROUP)
                folder.chmod(mode)
            except (LookupError, OSError):
                return  # no group, or not ours to change: the owner alone uses it


def make_private(folder: Path) -> None:
    """Create `folder` and what is missing above it, 0700; an existing one is left as it is."""
    try:
        missing = [folder, *folder.parents]
        missing = missing[: next(i for i, place in enumerate(missing) if place.is_dir())]
        for place in reversed(missing):
            place.mkdir(mode=0o700, exist_ok=True)
    except (OSError, StopIteration) as error:
        raise ConfigError(
            f"The folder {folder} cannot be made: {getattr(error, 'strerror', None) or 'no such drive'}.",
            next_step=f"Check the rights there, or set {HOME_VARIABLE} to another folder.",
        ) from error


def _refuse_foreign(folder: Path, found: os.stat_result, *, owners: Collection[int]) -> None:
    if found.st_uid not in owners or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
        raise ConfigError(
            f"The folder {folder} belongs to, or may be written by, others.",
            next_step="See what they put there, then make it yours alone: "
            f"chmod 700 {folder}; or set {HOME_VARIABLE} to another folder.",
        )


def _socket_folder(env: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(tempfile.gettempdir())
    runtime = env.get("XDG_RUNTIME_DIR", "") or f"/run/user/{os.getuid()}"
    if os.access(runtime, os.W_OK | os.X_OK) and len(os.fsencode(runtime)) <= 60:
        return Path(runtime) / _APP
    # The temp folder of tests and of macOS may be long itself: /tmp is short everywhere.
    temp = tempfile.gettempdir()
    return Path(temp if len(os.fsencode(temp)) <= 60 else "/tmp") / f"{_APP}-{os.getuid()}"  # noqa: S108 - `ensure` checks the owner


def _user_folders() -> tuple[Path, Path, Path, Path]:
    import platformdirs  # noqa: PLC0415 - a home by STATIONMASTER_HOME needs none of it

    if sys.platform == "win32" or sys.platform == "darwin":
        root = platformdirs.user_data_path(_APP, appauthor=False, roaming=False)
        return root / "config", root / "data", root / "log", root / "run"
    state = platformdirs.user_state_path(_APP)
    # Not XDG_RUNTIME_DIR: it goes with the last session, a detached agent stays.
    return (
        platformdirs.user_config_path(_APP),
        platformdirs.user_data_path(_APP),
        state / "log",
        state / "run",
    )


def _machine_folders() -> tuple[Path, Path, Path, Path]:
    if sys.platform == "win32":
        root = Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / _APP
        return root / "config", root / "data", root / "log", root / "run"
    if sys.platform == "darwin":
        root = Path("/Library/Application Support") / _APP
        return root / "config", root / "data", root / "log", root / "run"
    return Path("/etc") / _APP, Path("/var/lib") / _APP, Path("/var/log") / _APP, Path("/run") / _APP
