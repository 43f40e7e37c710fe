"""The Debian package: what it puts where, that it installs and goes again, and its signature."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import brand
import sign
from fakes import bundle

PACKAGE = bundle.DIST / f"stationmaster_{brand.version()}_amd64.deb"
WHY_NOT = bundle.not_built(PACKAGE).replace("make bundle", "make bundle deb")
pytestmark = [pytest.mark.bundle, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it is built")]


def dpkg(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dpkg on a system below `root`: the machine itself stays as it is."""
    return subprocess.run(
        [
            "dpkg",
            f"--root={root}",
            "--force-depends",
            "--force-not-root",
            "--force-script-chrootless",
            "--log=/dev/null",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system without any package."""
    root = tmp_path / "root"
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "var/lib/dpkg/updates").mkdir()
    (root / "var/lib/dpkg/status").touch()
    return root


def test_it_installs_runs_and_goes_without_a_trace(root: Path, tmp_path: Path) -> None:
    done = dpkg(root, "--install", str(PACKAGE))
    assert done.returncode == 0, done.stderr
    for name in ("stationmaster", "stationmaster-tray"):
        link = root / "usr/bin" / name
        assert link.is_symlink()
        env = bundle.environment(tmp_path)
        shown = subprocess.run([link, "--version"], env=env, capture_output=True, text=True, check=True)
        assert shown.stdout.split() == [name, brand.version()]
    assert not (root / "etc").exists(), "nothing starts by itself"
    done = dpkg(root, "--purge", "stationmaster")
    assert done.returncode == 0, done.stderr
    left = [path for path in root.rglob("*") if path.is_file() and "var/lib/dpkg" not in str(path)]
    assert left == []


@pytest.mark.skipif(
    not os.environ.get("STATIONMASTER_TEST_INSTALL"), reason="STATIONMASTER_TEST_INSTALL is not set"
)
def test_it_installs_on_this_machine_and_goes_again(tmp_path: Path) -> None:
    installed = subprocess.run(["dpkg", "-i", PACKAGE], capture_output=True, text=True, check=False)
    try:
        assert installed.returncode == 0, installed.stderr
        shown = subprocess.run(
            ["stationmaster", "--version"],
            env=bundle.environment(tmp_path),
            capture_output=True,
            text=True,
            check=True,
        )
        assert brand.version() in shown.stdout
        assert Path("/usr/share/applications/stationmaster-tray.desktop").is_file()
    finally:
        subprocess.run(["dpkg", "--purge", "stationmaster"], check=True, stdout=subprocess.DEVNULL)
    assert not Path("/usr/lib/stationmaster").exists()


@pytest.mark.skipif(not shutil.which("lintian"), reason="not installed: lintian")
def test_lintian_and_the_desktops_checker_find_nothing(tmp_path: Path) -> None:
    found = subprocess.run(
        ["lintian", "--fail-on", "error,warning", PACKAGE],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert found.returncode == 0, found.stdout
    if shutil.which("desktop-file-validate"):
        entry = bundle.ROOT / "installer/linux/stationmaster-tray.desktop"
        assert subprocess.run(["desktop-file-validate", entry], check=False).returncode == 0


@pytest.mark.skipif(not shutil.which("gpg"), reason="not installed: gpg")
def test_its_signature_tells_one_changed_byte(tmp_path: Path) -> None:
    copy = tmp_path / PACKAGE.name
    shutil.copyfile(PACKAGE, copy)
    sign.sign(copy)
    assert sign.verify(copy)
    data = bytearray(copy.read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(data)
    assert not sign.verify(copy)
