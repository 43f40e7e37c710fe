"""Make the setup, install it silently under wine, look, and remove it again; signatures with it.

    python installer/windows/try_setup.py PROGRAMS      with WINEPREFIX set

It looks at files and the registry, not at what programs print.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import sign  # noqa: E402 - it lies one folder up
from build_setup import build  # noqa: E402 - as above

PATIENCE = 180.0
SETTLED = 5.0
"""Seconds until a program surely runs; earlier it would only hold the file, too."""


def main() -> None:
    """Make and try it."""
    if not shutil.which("makensis"):
        print("Skipped: makensis is not installed.")  # noqa: T201 - the answer
        return
    programs = Path(sys.argv[1])
    setup = build(programs, programs)
    home = Path(os.environ["WINEPREFIX"]) / "drive_c"
    _wine(str(setup), "/S", r"/D=C:\Stationmaster")
    installed = home / "Stationmaster"
    for name in ("stationmaster.exe", "stationmaster-tray.exe", "uninstall.exe"):
        _hold(f"{name} is installed", (installed / name).is_file())
    links = [path for path in home.rglob("Stationmaster.lnk") if "Start Menu" in str(path)]
    _hold("the Start menu has it", bool(links))
    if shutil.which("osslsigncode"):
        for file in (setup, installed / "stationmaster.exe", installed / "uninstall.exe"):
            _hold(f"{file.name} is signed", sign.verify(file))
        changed = programs / "changed.exe"
        data = bytearray(setup.read_bytes())
        data[len(data) // 2] ^= 1
        changed.write_bytes(data)
        _hold("one changed byte is found", not sign.verify(changed))
        changed.unlink()
    _try_update(setup, installed)
    run = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
    for value in ("stationmaster-tray", "stationmaster-tray-machine"):
        _wine("reg", "add", run, "/v", value, "/d", "tray.exe", "/f")
    _wine(str(installed / "uninstall.exe"), "/S")
    end = time.monotonic() + PATIENCE
    while installed.exists() and time.monotonic() < end:  # it goes on in a copy of itself
        time.sleep(0.2)
    _hold(
        "the setup removes all that it installed", not installed.exists() and not any(map(Path.exists, links))
    )
    _hold("nothing starts at log-in any more", b"stationmaster" not in _asked("reg", "query", run).stdout)


def _try_update(setup: Path, installed: Path) -> None:
    """Install over programs that run: first one that can be ended, then one that stays."""
    with tempfile.TemporaryDirectory(prefix="sm-setup-") as folder:
        os.environ["STATIONMASTER_HOME"] = "Z:" + folder.replace("/", "\\")
        log = Path(folder) / "log/agent.log"
        program = installed / "stationmaster.exe"
        _wine(str(program), "agent", "start")
        _hold("an agent starts", _starts(log, 1))
        _wine(str(setup), "/S", r"/D=C:\Stationmaster")
        _hold("an update ends the agent in order and starts it again", _starts(log, 2))
        before = program.stat()
        stays = subprocess.Popen(  # noqa: S603 - what we just made
            ["wine", str(program), "server", "run", "--port", "0"],  # noqa: S607 - by name
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(SETTLED)
        refused = _asked(str(setup), "/S", r"/D=C:\Stationmaster")
        _hold("a program that stays makes the update fail", refused.returncode == 1 and stays.poll() is None)
        now = program.stat()
        _hold("then nothing is changed", (now.st_ino, now.st_mtime_ns) == (before.st_ino, before.st_mtime_ns))
        _hold("then the agent runs again", _starts(log, 3))
        _asked("taskkill", "/F", "/IM", "stationmaster.exe")
        stays.wait(PATIENCE)
        del os.environ["STATIONMASTER_HOME"]


def _starts(log: Path, times: int) -> bool:
    """The agent became ready so often, within our patience."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if log.is_file() and log.read_text(encoding="utf-8").count('"agent ready') == times:
            return True
        time.sleep(0.2)
    return False


def _hold(what: str, true: bool) -> None:  # noqa: FBT001 - a sentence and whether it is so
    if not true:
        raise SystemExit(f"FAILED {what}")
    print(f"ok  {what}", flush=True)  # noqa: T201 - the answer


def _wine(*command: str) -> None:
    done = _asked(*command)
    if done.returncode:
        raise SystemExit(f"FAILED {command}: {done.returncode}\n{done.stdout.decode(errors='replace')}")


def _asked(*command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, but not to that of what it started, which holds its output open."""
    process = subprocess.Popen(  # noqa: S603 - what we just made
        ["wine", *command],  # noqa: S607 - by name
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    code = process.wait(PATIENCE)
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    os.set_blocking(process.stdout.fileno(), False)
    return subprocess.CompletedProcess(command, code, process.stdout.read() or b"")


if __name__ == "__main__":
    main()
