"""What the installers say of themselves, and what goes into the bundles; nothing is built here."""

from __future__ import annotations

import plistlib
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import brand
import contents
from stationmaster import __version__

INSTALLER = Path(brand.__file__).parent


def test_every_version_is_the_products() -> None:
    assert brand.version() == __version__
    assert ".".join(map(str, brand.four_numbers())).startswith(__version__.split("+")[0][:5])


def test_the_icon_stands_alone_and_in_all_sizes() -> None:
    assert "var(" not in brand.icon_svg()
    pictures = {16: b"small", 256: b"large picture"}
    icon = brand.ico(pictures)
    _, kind, count = struct.unpack_from("<HHH", icon)
    assert (kind, count) == (1, 2)
    for number, (size, data) in enumerate(pictures.items()):
        side, *_, length, at = struct.unpack_from("<BBBBHHII", icon, 6 + 16 * number)
        assert side == size % 256
        assert icon[at : at + length] == data
    mac = brand.icns(pictures)
    assert mac[:4] == b"icns"
    assert struct.unpack_from(">I", mac, 4)[0] == len(mac)


def test_the_whole_standard_library_goes_in_but_what_needs_a_terminal_or_a_window() -> None:
    library = set(contents.standard_library())
    assert {"json.decoder", "xml.etree.ElementTree", "sqlite3.dbapi2", "email.mime.text", "csv"} <= library
    top = {name.partition(".")[0] for name in library}
    assert not top & {"tkinter", "idlelib", "curses", "readline", "test"}


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqeglfs.so", False),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", False),
        ("PySide6/Qt/translations/qt_de.qm", False),
        ("PySide6/Qt/lib/libQt6Widgets.so.6", True),
        ("PySide6/Qt/lib/libQt6Quick.so.6", False),
        ("libGL.so.1", False),
        ("lxml/etree.so", True),
        ("rich-15.dist-info/RECORD", False),
        ("rich-15.dist-info/METADATA", True),
    ],
)
def test_what_no_window_of_ours_uses_stays_out(name: str, needed: bool) -> None:  # noqa: FBT001 - a table
    assert contents.is_needed(name) is needed


def test_of_a_packages_metadata_the_page_for_the_web_stays_out(tmp_path: Path) -> None:
    whole = tmp_path / "METADATA"
    whole.write_text("Name: x\nVersion: 1.2\n\n# The page of x\n")
    other = ("x/METADATA", str(whole), "DATA")
    files = [("x-1.2.dist-info/METADATA", str(whole), "DATA"), other]
    [(name, place, kind), kept] = contents.without_descriptions(files, tmp_path / "short")
    assert (name, kind, kept) == ("x-1.2.dist-info/METADATA", "DATA", other)
    assert Path(place).read_text() == "Name: x\nVersion: 1.2\n"


def test_the_steps_for_macos_sign_the_inside_first_and_notarise_what_is_signed() -> None:
    shown = subprocess.run(
        [sys.executable, INSTALLER / "macos/build_app.py"], capture_output=True, text=True, check=True
    ).stdout
    listed, _, steps = shown.partition("</plist>")
    info = plistlib.loads(f"{listed}</plist>".encode())
    assert info["CFBundleVersion"] == __version__
    assert info["CFBundleExecutable"] == "stationmaster-tray"
    order = [
        steps.index(part)
        for part in ("MacOS/stationmaster\n", "--verify", "hdiutil create", "notarytool submit", "staple")
    ]
    assert order == sorted(order)
