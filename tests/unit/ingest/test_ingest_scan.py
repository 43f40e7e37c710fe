"""Which names count, and how a folder is read in slices."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stationmaster.ingest.files import FolderFiles
from stationmaster.ingest.scan import UNSEEN, NameScan, Selection, Sieve, stats
from stationmaster.ingest.settle import Stat


def read(folder: Path, selection: Selection, known: set[str] | None = None, limit: int = 1000) -> list[str]:
    scan = NameScan(str(folder), Sieve(selection))
    found: list[str] = []
    while not scan.done:
        found += scan.step(known or set(), limit)
    return sorted(found)


@pytest.mark.parametrize(
    ("name", "selection", "takes"),
    [
        ("a.xml", Selection(), True),
        ("A.XML", Selection(include=("*.xml",)), True),
        ("a.json", Selection(include=("*.xml", "*.json")), True),
        ("a.txt", Selection(include=("*.xml", "*.json")), False),
        ("a.xml", Selection(include=("*.xml",), exclude=("a*",)), False),
        ("sub/a.xml", Selection(include=("sub/*.xml",), recursive=True), True),
        ("other/a.xml", Selection(include=("sub/*.xml",), recursive=True), False),
        ("sub/draft-1.xml", Selection(exclude=("draft-*",), recursive=True), False),
        ("sub/a.xml", Selection(exclude=("sub/*",), recursive=True), False),
        (".hidden", Selection(), False),
        (".hidden", Selection(include=("*", ".hidden")), False),
        ("~$sheet.xlsx", Selection(), False),
        ("a.xml.part", Selection(), False),
        ("a.TMP", Selection(), False),
        ("a.tmp", Selection(include=("*.tmp",)), True),
        ("a~", Selection(), False),
        (".stationmaster-0123abcd-a.xml", Selection(), False),
    ],
)
def test_which_files_count(name: str, selection: Selection, *, takes: bool) -> None:
    assert Sieve(selection).takes(name.replace("/", os.sep)) is takes


def test_a_file_counts_only_where_its_folders_are_looked_into(tmp_path: Path) -> None:
    sieve = Sieve(Selection(recursive=True, exclude=("old",), skip=(str(tmp_path / "a" / "archive"),)))

    assert sieve.covers(str(Path("a", "b", "c.xml")), str(tmp_path))
    assert not sieve.covers(str(Path("a", "old", "c.xml")), str(tmp_path))
    assert not sieve.covers(str(Path("a", "archive", "c.xml")), str(tmp_path))
    assert not Sieve(Selection()).covers(str(Path("a", "c.xml")), str(tmp_path))


def test_a_scan_gives_unknown_names_only(tmp_path: Path) -> None:
    for name in ("a.xml", "b.xml", "c.xml"):
        (tmp_path / name).touch()

    assert read(tmp_path, Selection(), {"b.xml"}) == ["a.xml", "c.xml"]


def test_a_scan_in_slices_sees_each_name_once(tmp_path: Path) -> None:
    for number in range(57):
        (tmp_path / f"{number}.xml").touch()
    (tmp_path / "sub").mkdir()
    for number in range(13):
        (tmp_path / "sub" / f"{number}.xml").touch()
    scan = NameScan(str(tmp_path), Sieve(Selection(recursive=True)))

    slices = []
    while not scan.done:
        slices.append(scan.step(set(), 10))

    found = [name for names in slices for name in names]
    assert max(map(len, slices)) <= 10
    assert len(found) == len(set(found)) == 70


def test_sub_folders_links_and_what_is_no_file(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "deep.xml").touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.xml").touch()
    (tmp_path / "circle").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "loop.xml").symlink_to(tmp_path / "loop.xml")
    (tmp_path / "link.xml").symlink_to(deep / "deep.xml")
    os.mkfifo(tmp_path / "pipe.xml")

    assert read(tmp_path, Selection()) == ["link.xml"]
    assert read(tmp_path, Selection(recursive=True)) == sorted(["link.xml", str(Path("a", "b", "deep.xml"))])
    assert read(tmp_path, Selection(recursive=True, skip=(str(deep),))) == ["link.xml"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_where_others_leave_files_only_plain_ones_count(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere"
    secret.write_text("secret")
    folder = tmp_path / "outbox"
    folder.mkdir()
    (folder / "plain").write_text("report")
    (folder / "link").symlink_to(secret)
    (folder / "second-name").hardlink_to(secret)
    assert read(folder, Selection(plain=True)) == ["plain"]
    assert sorted(read(folder, Selection())) == ["link", "plain", "second-name"]
    names = ["plain", "link", "second-name"]
    # File events name a file without a scan.
    assert [one is not None for one in stats(str(folder), names, plain=True)] == [True, False, False]
    assert None not in stats(str(folder), names)


def test_files_in_the_middle_of_a_release_are_told(tmp_path: Path) -> None:
    (tmp_path / ".stationmaster-0123abcd-a.xml").touch()
    (tmp_path / ".stationmaster-0123abcd.tmp").touch()
    scan = NameScan(str(tmp_path), Sieve(Selection()))

    assert scan.step(set(), 100) == []
    assert scan.take_hidden() == [".stationmaster-0123abcd-a.xml"]
    assert scan.take_hidden() == []


def test_a_folder_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        NameScan(str(tmp_path / "gone"), Sieve(Selection())).step(set(), 10)


def test_a_sub_folder_that_vanishes_or_refuses_does_not_end_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gone", "refused", "well"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.xml").touch()
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("gone"):
            raise FileNotFoundError(2, "No such file or directory")
        if path.endswith("refused"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    scan = NameScan(str(tmp_path), Sieve(Selection(recursive=True)))

    assert scan.step(set(), 100) == [str(Path("well", "x.xml"))]
    assert scan.done
    assert scan.unreadable == [("refused", "Permission denied")]


@pytest.mark.parametrize("below", ["", "sub"])
def test_an_error_in_the_middle_of_a_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    (tmp_path / "sub").mkdir()
    real = os.scandir

    class Broken:
        def __init__(self, path: str) -> None:
            self._real = real(path)

        def __iter__(self) -> Broken:
            return self

        def __next__(self) -> object:
            raise OSError(5, "Input/output error")

        def close(self) -> None:
            self._real.close()

    def scandir(path: str) -> object:
        return Broken(path) if path == str(tmp_path / below) else real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    scan = NameScan(str(tmp_path), Sieve(Selection(recursive=True)))

    if below:
        assert scan.step(set(), 100) == []
        assert scan.unreadable == [("sub", "Input/output error")]
    else:
        with pytest.raises(OSError, match="Input/output error"):
            scan.step(set(), 100)


def test_a_closed_scan_lets_go_of_the_folder(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / str(number)).touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    scan = NameScan(str(tmp_path), Sieve(Selection()))
    scan.step(set(), 3)

    scan.close()
    scan.close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_stats_of_files_gone_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    os.utime(tmp_path / "a", ns=(1, 42))
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    assert stats(str(tmp_path), ["a", "gone", "folder", str(Path("a", "b")), "loop"]) == [
        Stat(5, 42),
        None,
        None,
        None,
        UNSEEN,
    ]


def test_a_name_that_is_no_unicode_text_is_found(tmp_path: Path) -> None:
    name = os.fsdecode(b"pr\xfcfung.xml")
    (tmp_path / name).write_bytes(b"1")

    assert read(tmp_path, Selection()) == [name]
    assert stats(str(tmp_path), [name]) != [None]


def test_a_listing_that_did_not_change_is_told_by_its_marks(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.xml").touch()
    folder = FolderFiles(str(tmp_path), Selection())
    known = Counting(f"{number}.xml" for number in range(30))

    def scan(dropped: int = 0) -> tuple[list[str], int]:
        known.asked = 0
        return folder.names(known, restart=True, limit=1000, dropped=dropped).found, known.asked

    assert scan() == ([], 30)
    assert scan() == ([], 0)
    known.discard("7.xml")
    assert scan(dropped=1) == (["7.xml"], 30)
    assert scan(dropped=1) == (["7.xml"], 30), "only what was known entirely is familiar"
    known.add("7.xml")
    assert scan(dropped=1) == ([], 30)
    assert scan(dropped=1) == ([], 0)
    (tmp_path / "7.xml").rename(tmp_path / "new.xml")
    assert scan(dropped=1)[0] == ["new.xml"]


def test_a_folder_that_is_closed_while_it_is_read_is_closed_by_its_reader(tmp_path: Path) -> None:
    names = {f"{number:04}.xml" for number in range(3000)}
    for name in names:
        (tmp_path / name).touch()
    folder = FolderFiles(str(tmp_path), Selection())

    class Closing(set[str]):
        """Has the folder closed in the middle of a slice, as another thread would."""

        def __contains__(self, name: object) -> bool:
            folder.close()
            return super().__contains__(name)

    slice_ = folder.names(Closing(), restart=True, limit=2500)
    assert len(slice_.found) == 2500
    assert set(slice_.found) < names
    if sys.platform == "linux":
        assert not [one for one in Path("/proc/self/fd").iterdir() if _leads_to(one, tmp_path)]


def _leads_to(number: Path, folder: Path) -> bool:
    try:
        return number.readlink() == folder
    except OSError:  # the one that listed them
        return False


class Counting(set[str]):
    """Counts how often it is asked."""

    asked = 0

    def __contains__(self, name: object) -> bool:
        self.asked += 1
        return super().__contains__(name)
