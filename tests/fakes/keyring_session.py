"""A real desktop session's keyring for tests: gnome-keyring-daemon on a D-Bus of its own.

Nothing is installed: `missing()` says which program is not here, for a skip with a reason.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")

# The daemon goes when its bus does, the bus when this shell ends, the shell when our end of stdin closes.
_SCRIPT = """
printf %s "$1" | gnome-keyring-daemon $2 --components=secrets --daemonize >/dev/null || exit 1
echo "$DBUS_SESSION_BUS_ADDRESS"
read -r line
"""


def missing() -> str:
    """Why the session cannot run here; "" where it can."""
    absent = [program for program in _PROGRAMS if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextlib.contextmanager
def keyring_session(folder: Path, *, locked: bool = False) -> Iterator[dict[str, str]]:
    """Run a session; gives the environment variables that lead a process to its keyring.

    Args:
        folder: keeps the keyring's files. Must be short: a socket lies in it.
        locked: leave the keyring of an earlier session here locked, with nobody to ask for a password.
    """
    data, runtime, empty = folder / "data", folder / "run", folder / "empty"
    for place in (data, runtime, empty):
        place.mkdir(mode=0o700, exist_ok=True)
    variables = {
        "HOME": str(folder),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "XDG_DATA_HOME": str(data),
        "XDG_RUNTIME_DIR": str(runtime),
    }
    if locked:
        variables["XDG_DATA_DIRS"] = str(empty)  # no prompter to activate
    command = ["dbus-run-session", "--", "sh", "-c", _SCRIPT, "sh", "password", "" if locked else "--unlock"]
    with (folder / "session.log").open("ab") as log:
        session = subprocess.Popen(
            command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert session.stdin is not None
        assert session.stdout is not None
        try:
            address = session.stdout.readline().strip()
            assert address, f"the session did not start: {(folder / 'session.log').read_text()}"
            yield {**variables, "DBUS_SESSION_BUS_ADDRESS": address}
        finally:
            session.stdin.close()
            session.stdout.close()
            session.wait(timeout=20)
