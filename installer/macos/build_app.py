"""The way from dist/ to a notarised disk image for macOS. Prints the steps; `--run`, on a Mac, takes them.

Nothing of this was run on a Mac yet: a test reads the steps and the property list. Who signs:
STATIONMASTER_MAC_IDENTITY, STATIONMASTER_MAC_PROFILE.
"""

from __future__ import annotations

import os
import plistlib
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "installer"))
import brand  # noqa: E402 - it lies one folder up

APP = ROOT / "dist" / "Stationmaster.app"


def info() -> dict[str, Any]:
    """Info.plist of the application (Apple's Information Property List Key Reference)."""
    return {
        "CFBundleIdentifier": "org.stationmaster.tray",
        "CFBundleName": brand.NAME,
        "CFBundleDisplayName": brand.NAME,
        "CFBundleExecutable": "stationmaster-tray",
        "CFBundleIconFile": "stationmaster.icns",
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": brand.version(),
        "CFBundleVersion": brand.version(),
        "LSMinimumSystemVersion": "13.0",
        "LSUIElement": True,  # an icon in the menu bar, none in the Dock
        "NSHighResolutionCapable": True,
    }


def steps() -> list[list[str]]:
    """The commands, in order. Inner programs are signed before what holds them."""
    identity = os.environ.get("STATIONMASTER_MAC_IDENTITY", "-")  # - is a signature without a certificate
    profile = os.environ.get("STATIONMASTER_MAC_PROFILE", "stationmaster")
    image = ROOT / "dist" / f"stationmaster-{brand.version()}.dmg"
    sign = ["codesign", "--force", "--timestamp", "--options", "runtime", "--sign", identity]
    inside = APP / "Contents" / "MacOS"
    return [
        ["mkdir", "-p", str(inside), str(APP / "Contents/Resources")],
        ["cp", str(ROOT / "dist/stationmaster"), str(ROOT / "dist/stationmaster-tray"), str(inside)],
        ["cp", str(brand.DRAWN / "stationmaster.icns"), str(APP / "Contents/Resources")],
        [*sign, str(inside / "stationmaster")],
        [*sign, str(APP)],
        ["codesign", "--verify", "--strict", "--deep", str(APP)],
        [
            "hdiutil",
            "create",
            "-volname",
            brand.NAME,
            "-srcfolder",
            str(APP),
            "-ov",
            "-format",
            "UDZO",
            str(image),
        ],
        [*sign, str(image)],
        ["xcrun", "notarytool", "submit", str(image), "--keychain-profile", profile, "--wait"],
        ["xcrun", "stapler", "staple", str(image)],
    ]


def main(arguments: list[str]) -> None:
    """Print the steps, or take them."""
    if arguments != ["--run"]:
        print(plistlib.dumps(info()).decode())  # noqa: T201 - the answer
        print("\n".join(" ".join(step) for step in steps()))  # noqa: T201 - the answer
        return
    brand.draw_apart()
    for number, step in enumerate(steps()):
        subprocess.run(step, check=True)  # noqa: S603 - of this file
        if number == 0:
            (APP / "Contents" / "Info.plist").write_bytes(plistlib.dumps(info()))


if __name__ == "__main__":
    main(sys.argv[1:])
