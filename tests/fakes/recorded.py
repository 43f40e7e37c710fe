"""Programs of the system that only write down how they were called: real processes, without the system."""

from __future__ import annotations

import json
import sys
from pathlib import Path

_PROGRAM = """#!{python}
import json, pathlib, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]) + "\\n")
trouble = pathlib.Path({folder!r}, pathlib.Path(sys.argv[0]).name + ".fails")
if trouble.exists():
    sys.exit(trouble.read_text())
"""


class Recorded:
    """A folder of such programs, for PATH."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self._log = folder / "calls.log"
        folder.mkdir()
        for name in names:
            program = folder / name
            program.write_text(_PROGRAM.format(python=sys.executable, log=str(self._log), folder=str(folder)))
            program.chmod(0o755)

    def fail(self, name: str, words: str) -> None:
        """From now on this program ends with an error."""
        (self.folder / f"{name}.fails").write_text(words)

    def take(self) -> list[list[str]]:
        """What was called since the last time, with its arguments."""
        if not self._log.exists():
            return []
        calls = [json.loads(line) for line in self._log.read_text().splitlines()]
        self._log.unlink()
        return calls
