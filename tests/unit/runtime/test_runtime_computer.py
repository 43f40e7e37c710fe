"""What a registered client tells of its computer and its converters."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from stationmaster.config.schema import WatchFolder
from stationmaster.runtime.computer import computer, local_mounts
from stationmaster.runtime.heartbeat import numeric
from stationmaster.runtime.tally import Tally

MOUNTS = """\
proc /proc proc rw 0 0
overlay / overlay rw 0 0
/dev/sda1 /data\\040disk ext4 rw 0 0
/dev/sda1 /again ext4 rw 0 0
/dev/loop3 /snap/core squashfs ro 0 0
server:/share /mnt/share nfs4 rw 0 0
//server/share /mnt/cifs cifs rw 0 0
/dev/fuse /run/user/doc fuse.portal rw 0 0
/dev/sdb1 /backup vfat rw 0 0
broken
"""


def test_the_disks_are_the_local_ones_and_each_is_there_once() -> None:
    assert list(local_mounts(MOUNTS)) == [
        ("/", "overlay", True),
        ("/data disk", "ext4", False),
        ("/backup", "vfat", False),
    ]


def test_a_root_on_a_network_is_not_asked() -> None:
    assert list(local_mounts("server:/root / nfs4 rw 0 0\n")) == []


def test_the_facts_are_those_of_this_computer() -> None:
    facts = computer()
    assert facts.python_version == platform.python_version()
    assert facts.os_version
    assert facts.computer_name
    assert facts.total_physical_memory > 2**20
    assert all(disk.total_size >= disk.total_free_space >= disk.available_free_space for disk in facts.disks)


def test_facts_that_cannot_be_had_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> str:
        raise OSError("gone")

    monkeypatch.setattr(Path, "read_text", away)
    monkeypatch.setattr(platform, "freedesktop_os_release", away)
    monkeypatch.setattr("os.statvfs", away)
    monkeypatch.setattr("os.sysconf", away)
    facts = computer()
    assert (facts.disks, facts.total_physical_memory) == ((), 0)
    assert facts.os_version


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.2.3", "1.2.3"), ("0.4.0.dev3+g12", "0.4.0"), ("1.2.3.4.5", "1.2.3.4"), ("2rc1", "2"), ("?", "0")],
)
def test_a_version_is_told_in_numbers(version: str, expected: str) -> None:
    assert numeric(version) == expected


def test_files_are_counted_by_folder_and_converter() -> None:
    one = WatchFolder(path="/one", converters=("wsjf",))
    two = WatchFolder(path="/two", converters=("wsjf", "junit"))
    tally = Tally()
    tally.converted(one, "wsjf")
    tally.failed(one, "")
    tally.failed(two, "junit")
    tally.failed(two, "")
    assert tally.of(one, "wsjf") == (2, 1)
    assert tally.of(two, "junit") == (1, 1)
    assert tally.of(two, "wsjf") == (0, 0)
