"""Make `dist/stationmaster_VERSION_ARCHITECTURE.deb` of the two programs in dist/: `make deb`.

Not compressed inside: the programs are compressed already, and xz would gain 1 MB for 17 s.
"""

from __future__ import annotations

import gzip
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "installer"))
import brand  # noqa: E402 - it lies one folder up

HERE = Path(__file__).parent
DIST = ROOT / "dist"
PROGRAMS = ("stationmaster", "stationmaster-tray")
SCRIPTS = ("postinst", "prerm")
DRAWN_BY_QT = (
    *(
        "libgl1",
        "libegl1",
        "libx11-6",
        "libx11-xcb1",
        "libxcb1",
        "libxkbcommon0",
        "libfontconfig1",
        "libdbus-1-3",
    ),
    *("fonts-dejavu-core | fonts-freefont-ttf",),
)
"""What the tray takes from the system. Recommended, not needed: a station without a screen does without."""


def control(architecture: str, kilobytes: int) -> str:
    """The package's own description (deb-control(5))."""
    _, libc = platform.libc_ver()
    return f"""Package: stationmaster
Version: {brand.version()}
Section: utils
Priority: optional
Architecture: {architecture}
Maintainer: {brand.PUBLISHER} <{brand.MAIL}>
Installed-Size: {kilobytes}
Depends: libc6 (>= {libc}), libgcc-s1, libstdc++6
Recommends: {", ".join(DRAWN_BY_QT)}
Suggests: gnome-keyring
Homepage: {brand.WEB}
Description: picks test result files up and uploads them to WATS
 Stationmaster runs on a test station. Test equipment writes result files into
 folders; Stationmaster picks them up, converts them to WATS test reports, keeps
 them on disk, and uploads them, exactly once.
 .
 This package holds the command line with the agent, and the tray app. Nothing
 starts by itself until you say so.
"""


def fill(tree: Path, made_at: datetime) -> None:
    """Lay out the files as they will lie on the machine."""
    home = tree / "usr/lib/stationmaster"
    programs = tree / "usr/bin"
    for folder in (home, programs):
        folder.mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copyfile(DIST / name, home / name)
        (home / name).chmod(0o755)
        (programs / name).symlink_to(f"../lib/stationmaster/{name}")
        page = (HERE / f"{name}.1").read_text(encoding="utf-8")
        page = page.replace("@version@", brand.version()).replace("@date@", f"{made_at:%Y-%m-%d}")
        _packed(tree / f"usr/share/man/man1/{name}.1.gz", page)
    _copied(HERE / "stationmaster-tray.desktop", tree / "usr/share/applications/stationmaster-tray.desktop")
    icons = tree / "usr/share/icons/hicolor"
    for size in brand.SIZES:
        _copied(
            brand.DRAWN / f"stationmaster-{size}.png", icons / f"{size}x{size}" / "apps" / "stationmaster.png"
        )
    _copied(brand.DRAWN / "stationmaster.svg", icons / "scalable/apps/stationmaster.svg")
    _copied(HERE / "lintian-overrides", tree / "usr/share/lintian/overrides/stationmaster")
    notes = tree / "usr/share/doc/stationmaster"
    _packed(
        notes / "changelog.gz",
        f"stationmaster ({brand.version()}) stable; urgency=medium\n\n"
        "  * See CHANGELOG.md of the source.\n\n"
        f" -- {brand.PUBLISHER} <{brand.MAIL}>  {format_datetime(made_at)}\n",
    )
    (notes / "copyright").write_text(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {brand.NAME}\n\n"
        f"Files: *\nCopyright: {made_at.year} {brand.PUBLISHER}\nLicense: Apache-2.0\n"
        " On Debian systems the full text of the Apache License 2.0 is in\n"
        " /usr/share/common-licenses/Apache-2.0.\n",
        encoding="utf-8",
    )
    for path in tree.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
        elif not path.is_symlink() and path.parent != home:
            path.chmod(0o644)


def build() -> Path:
    """Make the package; its path."""
    for name in PROGRAMS:
        if not (DIST / name).is_file():
            raise SystemExit(f"{DIST / name} is not there: run `make bundle` first")
    brand.draw_apart()
    architecture = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()  # noqa: S607 - Debian's own tool, by name
    made_at = datetime.fromtimestamp(
        int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.now(UTC).timestamp()), UTC
    )
    package = DIST / f"stationmaster_{brand.version()}_{architecture}.deb"
    with tempfile.TemporaryDirectory(prefix="deb-") as folder:
        tree = Path(folder) / "tree"
        tree.mkdir(mode=0o755)
        fill(tree, made_at)
        kilobytes = sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_dir()) // 1024
        (tree / "DEBIAN").mkdir(mode=0o755)
        (tree / "DEBIAN/control").write_text(control(architecture, kilobytes), encoding="utf-8")
        (tree / "DEBIAN/md5sums").write_text(_sums(tree), encoding="utf-8")
        for name in SCRIPTS:
            shutil.copyfile(HERE / name, tree / "DEBIAN" / name)
            (tree / "DEBIAN" / name).chmod(0o755)
        subprocess.run(  # noqa: S603 - our own paths
            ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(package)],  # noqa: S607 - Debian's own tool, by name
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return package


def _sums(tree: Path) -> str:
    import hashlib  # noqa: PLC0415 - here alone

    lines = []
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink() and "DEBIAN" not in path.parts:
            digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            lines.append(f"{digest}  {path.relative_to(tree)}\n")
    return "".join(lines)


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _packed(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    print(build())  # noqa: T201 - the answer
