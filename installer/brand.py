"""Name, version and icon of every bundle and installer, from one place.

The version is `stationmaster.__version__`; the icon is the one of the tray at rest, `icons/idle.svg`.
`python installer/brand.py FIELD` prints a field, `... icon FOLDER` draws the pictures into a folder.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ICON = ROOT / "tray" / "stationmaster_tray" / "icons" / "idle.svg"
DRAWN = ROOT / "build" / "icons"

NAME = "Stationmaster"
PUBLISHER = "Stationmaster maintainers"
SUMMARY = "Picks test result files up and uploads them to WATS, exactly once"
WEB = "https://stationmaster.example"
MAIL = "maintainers@stationmaster.example"
_COLOURS = {"var(--good)": "#1d7a46", "var(--on)": "#ffffff"}
"""In the window the theme chooses them; a file has no theme."""
SIZES = (16, 24, 32, 48, 64, 128, 256)


def version() -> str:
    """The version, read and not imported: the system's own Python may be another one."""
    text = (ROOT / "agent" / "stationmaster" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise SystemExit("agent/stationmaster/__init__.py has no __version__")
    return found[1]


def four_numbers() -> tuple[int, int, int, int]:
    """The version as Windows wants it."""
    numbers = [int(part) for part in re.findall(r"\d+", version())[:4]]
    first, second, third, fourth = [*numbers, 0, 0, 0, 0][:4]
    return first, second, third, fourth


def icon_for(platform: str, folder: Path = DRAWN) -> str | None:
    """The icon that goes into a program, drawn anew; None where programs have none."""
    if platform not in {"win32", "darwin"}:
        return None
    file = folder / ("stationmaster.ico" if platform == "win32" else "stationmaster.icns")
    draw_apart(folder)
    return str(file)


def icon_svg() -> str:
    """The icon as a picture that stands alone."""
    text = ICON.read_text(encoding="utf-8")
    for name, colour in _COLOURS.items():
        text = text.replace(name, colour)
    if "var(" in text:
        raise SystemExit(f"{ICON} has a colour that installer/brand.py does not know")
    return text


def draw_apart(folder: Path = DRAWN) -> None:
    """Draw the pictures in another process: Qt must not be loaded where PyInstaller looks at imports."""
    subprocess.run([sys.executable, __file__, "icon", str(folder)], check=True)  # noqa: S603 - ourselves


def version_resource(program: str) -> object:
    """What Windows shows under Properties, Details."""
    from PyInstaller.utils.win32 import (  # type: ignore[import-untyped]  # noqa: PLC0415 - no types; Windows alone
        versioninfo as parts,
    )

    texts = {
        "CompanyName": PUBLISHER,
        "FileDescription": NAME if program.endswith("tray") else f"{NAME} command line and agent",
        "FileVersion": version(),
        "InternalName": program,
        "OriginalFilename": f"{program}.exe",
        "ProductName": NAME,
        "ProductVersion": version(),
    }
    return parts.VSVersionInfo(
        ffi=parts.FixedFileInfo(filevers=four_numbers(), prodvers=four_numbers()),
        kids=[
            parts.StringFileInfo(
                [parts.StringTable("040904B0", [parts.StringStruct(*one) for one in texts.items()])]
            ),
            parts.VarFileInfo([parts.VarStruct("Translation", [1033, 1200])]),
        ],
    )


def draw(folder: Path) -> None:
    """Draw the icon in each size as PNG, and together as .ico (Windows) and .icns (macOS)."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QBuffer, QIODevice, Qt  # noqa: PLC0415 - after the platform is chosen
    from PySide6.QtGui import QGuiApplication, QImage, QPainter  # noqa: PLC0415 - as above
    from PySide6.QtSvg import QSvgRenderer  # noqa: PLC0415 - as above

    application = QGuiApplication([])
    picture = QSvgRenderer(icon_svg().encode())
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[int, bytes] = {}
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        picture.render(painter)
        painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes for the format
        drawn[size] = bytes(buffer.data().data())
        (folder / f"stationmaster-{size}.png").write_bytes(drawn[size])
    (folder / "stationmaster.svg").write_text(icon_svg(), encoding="utf-8")
    (folder / "stationmaster.ico").write_bytes(ico(drawn))
    (folder / "stationmaster.icns").write_bytes(icns(drawn))
    del application


def ico(pictures: dict[int, bytes]) -> bytes:
    """A Windows icon of PNG pictures (ICONDIR and ICONDIRENTRY of the Windows SDK)."""
    head = struct.pack("<HHH", 0, 1, len(pictures))
    at = len(head) + 16 * len(pictures)
    entries = b""
    for size, data in pictures.items():
        side = size % 256  # 0 stands for 256
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(data), at)
        at += len(data)
    return head + entries + b"".join(pictures.values())


def icns(pictures: dict[int, bytes]) -> bytes:
    """A macOS icon of PNG pictures (types of Apple's Icon Image format)."""
    kinds = {16: b"icp4", 32: b"icp5", 64: b"icp6", 128: b"ic07", 256: b"ic08"}
    body = b"".join(
        kinds[size] + struct.pack(">I", len(data) + 8) + data
        for size, data in pictures.items()
        if size in kinds
    )
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def main(arguments: list[str]) -> None:
    """Answer the Makefile and the installers' scripts."""
    fields = {"version": version(), "name": NAME, "publisher": PUBLISHER, "summary": SUMMARY, "web": WEB}
    if arguments[:1] == ["icon"]:
        draw(Path(arguments[1]) if len(arguments) > 1 else DRAWN)
    elif len(arguments) == 1 and arguments[0] in fields:
        print(fields[arguments[0]])  # noqa: T201 - the answer
    else:
        raise SystemExit(f"usage: brand.py {' | '.join(fields)} | icon [FOLDER]")


if __name__ == "__main__":
    main(sys.argv[1:])
