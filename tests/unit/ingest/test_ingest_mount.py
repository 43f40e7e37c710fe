"""Does a folder lie on a network? Told from the mount table, without a look at the network."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stationmaster.home.file_system import read_mounts
from stationmaster.ingest.mount import is_network

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the mount table is Linux's")


def mounts(*lines: tuple[str, str]) -> str:
    return "".join(
        f"{number} 1 0:{number} / {point} rw - {kind} x rw\n" for number, (point, kind) in enumerate(lines)
    )


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "autofs"])
def test_network_file_systems(kind: str) -> None:
    table = mounts(("/", "ext4"), ("/mnt/share", kind))

    assert is_network(Path("/mnt/share/results"), mounts=table)
    assert is_network(Path("/mnt/share"), mounts=table)
    assert not is_network(Path("/mnt/shared"), mounts=table)
    assert not is_network(Path("/mnt"), mounts=table)


def test_a_local_disk_mounted_over_a_share_is_local() -> None:
    table = mounts(("/", "ext4"), ("/mnt/share", "ext4"))

    assert not is_network(Path("/mnt/share/results"), mounts=table)


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "far").symlink_to("/mnt/share/results")
    (tmp_path / "near").symlink_to("far")
    (tmp_path / "up").symlink_to(f"../{tmp_path.name}/far/below")
    table = mounts(("/", "ext4"), ("/mnt/share", "nfs4"))

    assert is_network(tmp_path / "far" / "x", mounts=table)
    assert is_network(tmp_path / "near", mounts=table)
    assert is_network(tmp_path / "up", mounts=table)
    assert not is_network(tmp_path / "x", mounts=table)


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    assert not is_network(tmp_path / "a", mounts=mounts(("/", "ext4")))


def test_this_machine_tells_its_mounts() -> None:
    assert " - " in read_mounts()


@pytest.mark.parametrize(("path", "network"), [
    ("/Volumes/Results/line-1", True), ("/Network/x", True), ("/Users/tester", False), ("/", False)
])  # fmt: skip
def test_on_macos_mounted_volumes_count(monkeypatch: pytest.MonkeyPatch, path: str, *, network: bool) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert is_network(Path(path), mounts="") is network


def test_without_a_mount_table_nothing_is_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)

    assert read_mounts() == ""
    assert not is_network(Path("/mnt/share"), mounts="")
