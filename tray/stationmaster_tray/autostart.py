r"""The switch "start at log-in", in the way of each system. It blocks for a moment: call it in a thread.

==========  ==========================================================================
Linux       a desktop entry in ~/.config/autostart (freedesktop.org, Desktop Application
            Autostart Specification 0.5)
macOS       a launch agent in ~/Library/LaunchAgents, see launchd.plist(5)
Windows     a value below HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Run
==========  ==========================================================================
"""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from stationmaster.errors import StationmasterError
from stationmaster.hosting.launch import program
from stationmaster_tray.text import tr

_NAME = "stationmaster-tray"
_LABEL = "org.stationmaster.tray"
_RESERVED = re.compile(r"[^\w@+=:,./\-]")
"""A word that has such a letter stands in quotes: most of them mean something to a shell."""

_APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"


class Autostart:
    """Starts the tray, hidden, when this user logs in: for one scope."""

    def __init__(
        self, scope: str = "user", *, platform: str = sys.platform, env: Mapping[str, str] | None = None
    ) -> None:
        """Change nothing yet.

        Args:
            scope: whose agent the tray is to follow.
            platform: as `sys.platform`.
            env: where the user's folders are; None: ours.
        """
        self._scope = scope
        self._platform = platform
        self._env = os.environ if env is None else env

    @property
    def is_on(self) -> bool:
        """It is switched on, here and in the system's own settings."""
        if self._platform == "win32":
            return _registered(self._key) is not None and is_approved(_approval(self._key))
        if self._platform == "darwin":
            return self._file.exists()
        try:
            return is_enabled(self._file.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return False

    def switch(self, *, on: bool) -> None:
        """Switch it.

        Raises:
            StationmasterError: the system refuses it.
        """
        try:
            if self._platform == "win32":
                _register(self._key, subprocess.list2cmdline(self._command) if on else None)
            elif on:
                self._write(self._file, self._definition())
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            raise StationmasterError(
                tr("Starting at log-in cannot be changed: {reason}.", reason=error.strerror or str(error)),
                next_step=tr("See who may write to {place}.", place=self._place),
            ) from error

    # ---------------------------------------------------------------- inside
    @property
    def _command(self) -> tuple[str, ...]:
        scope = ("--scope", self._scope) if self._scope != "user" else ()
        return (*program(windowed=True), *scope, "--hidden")

    @property
    def _key(self) -> str:
        return _NAME if self._scope == "user" else f"{_NAME}-{self._scope}"

    @property
    def _file(self) -> Path:
        home = Path(self._env.get("HOME", "") or Path.home())
        if self._platform == "darwin":
            label = _LABEL if self._scope == "user" else f"{_LABEL}.{self._scope}"
            return home / "Library/LaunchAgents" / f"{label}.plist"
        config = Path(self._env.get("XDG_CONFIG_HOME", "") or home / ".config")
        return config / "autostart" / f"{self._key}.desktop"

    @property
    def _place(self) -> str:
        return rf"HKEY_CURRENT_USER\{_RUN}" if self._platform == "win32" else str(self._file)

    def _definition(self) -> bytes:
        if self._platform == "darwin":
            label = self._file.name.removesuffix(".plist")
            return plistlib.dumps(
                {"Label": label, "ProgramArguments": list(self._command), "RunAtLoad": True}
            )
        lines = (
            "[Desktop Entry]",
            "Type=Application",
            "Name=Stationmaster",
            "Comment=Picks test result files up and uploads them",
            f"Exec={_exec_line(self._command)}",
            "Icon=stationmaster",
            "Terminal=false",
            "X-GNOME-Autostart-enabled=true",
        )
        return ("\n".join(lines) + "\n").encode()

    @staticmethod
    def _write(file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new")
        temporary.write_bytes(content)
        temporary.replace(file)


def is_enabled(entry: str) -> bool:
    """A desktop entry starts its program: desktops switch it off by a key of it, and leave the file.

    Args:
        entry: the content of the file.
    """
    group, keys = "", dict[str, str]()
    for line in entry.splitlines():
        if line.startswith("["):
            group = line.strip()
        elif group == "[Desktop Entry]" and "=" in line:
            key, value = line.split("=", 1)
            keys[key.strip()] = value.strip().lower()
    return keys.get("Hidden") != "true" and keys.get("X-GNOME-Autostart-enabled") != "false"


def is_approved(value: bytes | None) -> bool:
    """Windows starts a program: its Task Manager and its Settings keep a value beside for each one.

    Args:
        value: that value; None where nobody ever switched the program there. An odd first byte says off.
    """
    return not value or value[0] % 2 == 0


def _exec_line(command: Sequence[str]) -> str:
    """A command line as the Desktop Entry Specification 1.5 wants it ("The Exec key")."""
    words = []
    for word in command:
        escaped = word.replace("%", "%%")
        for letter in '\\"`$':
            escaped = escaped.replace(letter, f"\\{letter}")
        # The value of a key is a string with escapes of its own: each backslash once more.
        words.append(f'"{escaped}"'.replace("\\", "\\\\") if _RESERVED.search(word) else word)
    return " ".join(words)


if sys.platform == "win32":
    import winreg

    def _registered(name: str) -> str | None:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
                return str(winreg.QueryValueEx(key, name)[0])
        except FileNotFoundError:
            return None

    def _approval(name: str) -> bytes | None:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _APPROVED) as key:
                value = winreg.QueryValueEx(key, name)[0]
        except FileNotFoundError:
            return None
        return value if isinstance(value, bytes) else None

    def _register(name: str, command: str | None) -> None:
        if _approval(name) is not None:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _APPROVED) as key:
                winreg.DeleteValue(key, name)
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
            if command is not None:
                winreg.SetValueEx(key, name, 0, winreg.REG_SZ, command)
            elif _registered(name) is not None:
                winreg.DeleteValue(key, name)

else:

    def _registered(name: str) -> str | None:
        raise NotImplementedError(name)

    def _approval(name: str) -> bytes | None:
        raise NotImplementedError(name)

    def _register(name: str, command: str | None) -> None:
        raise NotImplementedError(name, command)
