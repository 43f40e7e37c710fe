"""The command by which a desktop opens files, in the place of the system's own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from stationmaster_tray.opening import COMMANDS


class Opener:
    """Notes what it is asked to open."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is found first from now on.

        Args:
            folder: a new one, for the command.
            monkeypatch: for the path of commands.
        """
        folder.mkdir()
        self._command, self._asked = folder / COMMANDS[0][0], folder / "asked"
        self.answers("exit 0")
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def answers(self, script: str) -> None:
        """What it does from now on, when it has noted what it is asked for: lines of a shell."""
        self._command.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$1\" >> {shlex.quote(str(self._asked))}\n{script}\n"
        )
        self._command.chmod(0o755)

    @property
    def paths(self) -> list[str]:
        """What it was asked to open."""
        return self._asked.read_text().splitlines() if self._asked.exists() else []
