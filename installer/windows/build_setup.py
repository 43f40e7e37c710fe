"""Make `stationmaster-VERSION-setup.exe` of the two programs for Windows: `make setup-exe`.

    python installer/windows/build_setup.py [PROGRAMS [OUT]]

PROGRAMS is the folder of the two programs, dist by default; OUT the folder of the setup, the same by default.
Needs makensis of NSIS 3. Programs, setup and uninstaller are signed, see installer/sign.py.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "installer"))
import brand  # noqa: E402 - it lies one folder up
import sign  # noqa: E402 - as above

PROGRAMS = ("stationmaster.exe", "stationmaster-tray.exe")


def build(programs: Path, out: Path) -> Path:
    """Make the setup; its path."""
    for name in PROGRAMS:
        if not (programs / name).is_file():
            raise SystemExit(f"{programs / name} is not there: build the programs on Windows, or under wine")
    signs = shutil.which("osslsigncode") is not None
    if signs:
        for name in PROGRAMS:
            if not sign.is_signed(programs / name):
                sign.sign(programs / name)
    brand.draw_apart()
    setup = out / f"stationmaster-{brand.version()}-setup.exe"
    values = {
        "VERSION": brand.version(),
        "FOUR": ".".join(map(str, brand.four_numbers())),
        "PUBLISHER": brand.PUBLISHER,
        "PROGRAMS": str(programs),
        "ICON": str(brand.DRAWN / "stationmaster.ico"),
        "OUT": str(setup),
    }
    if signs:
        values["SIGN"] = f'"{sys.executable}" "{ROOT / "installer" / "sign.py"}"'
    defined = [f"-D{name}={value}" for name, value in values.items()]
    script = Path(__file__).with_name("stationmaster.nsi")
    subprocess.run(["makensis", "-V2", "-WX", *defined, str(script)], check=True)  # noqa: S603, S607 - of NSIS
    if signs:
        sign.sign(setup)
    return setup


if __name__ == "__main__":
    where = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist").resolve()
    print(build(where, Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else where))  # noqa: T201 - the answer
