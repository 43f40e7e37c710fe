"""Make the setup, install it silently under wine, look, and remove it again; signatures with it.

    python installer/windows/try_setup.py PROGRAMS      with WINEPREFIX set

It looks at files and the registry, not at what programs print.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import sign  # noqa: E402 - it lies one folder up
from build_setup import build  # noqa: E402 - as above

PATIENCE = 120.0


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
    _wine(str(installed / "uninstall.exe"), "/S")
    end = time.monotonic() + PATIENCE
    while installed.exists() and time.monotonic() < end:  # it goes on in a copy of itself
        time.sleep(0.2)
    _hold(
        "the setup removes all that it installed", not installed.exists() and not any(map(Path.exists, links))
    )


def _hold(what: str, true: bool) -> None:  # noqa: FBT001 - a sentence and whether it is so
    if not true:
        raise SystemExit(f"FAILED {what}")
    print(f"ok  {what}", flush=True)  # noqa: T201 - the answer


def _wine(*command: str) -> None:
    done = subprocess.run(  # noqa: S603 - what we just made
        ["wine", *command],  # noqa: S607
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"FAILED {command}: {done.returncode}\n{done.stdout.decode(errors='replace')}")


if __name__ == "__main__":
    main()
