from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stationmaster.home.file_system import is_network_type, mount_type, unsafe_home_reason

MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:26 / /mnt/nas rw,relatime shared:2 - nfs4 server:/export rw,vers=4.2
31 22 0:27 / /mnt/nas/local rw,relatime - xfs /dev/sdb1 rw
32 22 0:28 / /mnt/my\040share rw,relatime - cifs //server/share rw
33 22 0:29 / /home/pi/sshfs rw - fuse.sshfs pi@host:/ rw
34 22 0:30 / /merged rw - fuse.fuse-overlayfs overlay rw
35 22 0:31 / /over rw - nfs server:/a rw
36 22 0:32 / /over rw - ext4 /dev/sdc1 rw
37 22 0:33 / /auto rw - autofs systemd-1 rw
not a mount line
38 22
""".strip()

linux_only = pytest.mark.skipif(sys.platform == "win32", reason="reads Linux mount tables")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/pi", "ext4"),
        ("/mnt/nas", "nfs4"),
        ("/mnt/nas/a/b", "nfs4"),
        ("/mnt/nasty", "ext4"),
        ("/mnt/nas/local/x", "xfs"),
        ("/mnt/my share/x", "cifs"),
        ("/over/x", "ext4"),
        ("/auto", "autofs"),
    ],
)
def test_the_innermost_newest_mount_counts(path: str, kind: str) -> None:
    assert mount_type(Path(path), MOUNTS) == kind


def test_no_mount_table_means_no_type() -> None:
    assert mount_type(Path("/a"), "") == ""


@linux_only
@pytest.mark.parametrize("path", ["/mnt/nas/home", "/mnt/my share", "/home/pi/sshfs/home", "/auto/x"])
def test_a_home_on_a_network_is_refused_with_a_sentence(path: str) -> None:
    reason = unsafe_home_reason(path, mountinfo=MOUNTS)
    assert reason is not None
    assert reason.startswith(path)
    assert "network file system" in reason
    assert reason.endswith(".")


@linux_only
@pytest.mark.parametrize("path", ["/home/pi", "/merged/x", "/over/x", "/mnt/nas/local"])
def test_a_home_on_a_disk_is_taken(path: str) -> None:
    assert unsafe_home_reason(path, mountinfo=MOUNTS) is None


@pytest.mark.parametrize("path", [r"\\server\share\home", "\\\\?\\UNC\\server\\share", "\\\\10.0.0.1\\c$"])
def test_a_windows_share_is_refused_everywhere(path: str) -> None:
    reason = unsafe_home_reason(path, mountinfo=MOUNTS)
    assert reason is not None
    assert "is a network share" in reason


@linux_only
def test_a_link_onto_a_share_is_followed(tmp_path: Path) -> None:
    target = tmp_path / "share"
    target.mkdir()
    link = tmp_path / "link"
    link.symlink_to(target)
    mounts = f"{MOUNTS}\n40 22 0:40 / {target.resolve()} rw - nfs server:/x rw"
    assert unsafe_home_reason(link / "home", mountinfo=mounts) is not None
    assert unsafe_home_reason(tmp_path / "home", mountinfo=mounts) is None


@linux_only
def test_this_machine_s_own_table_is_read(tmp_path: Path) -> None:
    assert unsafe_home_reason(tmp_path) is None


def test_network_types() -> None:
    assert is_network_type("fuse.rclone")
    assert is_network_type("smb3")
    assert not is_network_type("fuse.gocryptfs")
    assert not is_network_type("fuseblk")
    assert not is_network_type("btrfs")
