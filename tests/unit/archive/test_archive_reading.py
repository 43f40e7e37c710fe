"""A zip from anywhere gives what its manifest says, or nothing; and never more."""

from __future__ import annotations

import tracemalloc
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from stationmaster.archive import manifest
from stationmaster.archive.look import Archived, holding
from stationmaster.archive.manifest import Kind, Manifest, Member, PackError
from stationmaster.archive.writing import read_back

TEXT = b"content"


def forged(
    path: Path, *, content: bytes = TEXT, method: int = zipfile.ZIP_DEFLATED, **claims: object
) -> Path:
    """A zip whose manifest claims this of its only file."""
    claims = {"name": "a.txt", "size": len(TEXT), "sha256": sha256(TEXT).hexdigest(), **claims}
    member = Member(mtime_ns=0, **claims)  # type: ignore[arg-type] # as the caller says
    whole = Manifest(kind=Kind.FILES, made_at=datetime.now(UTC), members=(member,))
    with zipfile.ZipFile(path, "w", method) as pack:
        pack.writestr("a.txt", content)
        pack.writestr(manifest.NAME, msgspec.json.encode(whole), zipfile.ZIP_DEFLATED)
    return path


def read(path: Path, *, most: int = 1000) -> bytes:
    with holding(None, path) as held:
        (file,) = held.files()
        return held.read(file, most=most)


def test_what_is_as_the_manifest_says_is_read(tmp_path: Path) -> None:
    assert read(forged(tmp_path / "x.zip")) == TEXT
    assert read(forged(tmp_path / "x.zip", method=zipfile.ZIP_STORED)) == TEXT


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"size": 3}, "not what its manifest says"),
        ({"size": 8}, "not what its manifest says"),
        ({"sha256": "0" * 64}, "not what its manifest says"),
        ({"name": "b.txt"}, "its manifest lists it"),
        ({"method": zipfile.ZIP_BZIP2}, "compressed in a way"),
    ],
)
def test_what_is_other_than_the_manifest_says_is_refused(
    tmp_path: Path, claims: dict[str, object], told: str
) -> None:
    path = forged(tmp_path / "x.zip", **claims)  # type: ignore[arg-type] # as the parameters say
    with pytest.raises(PackError, match=told):
        read(path)
    with pytest.raises(PackError):
        read_back(path)


def test_a_bomb_is_put_out_at_the_size_that_the_manifest_claims(tmp_path: Path) -> None:
    path = forged(tmp_path / "x.zip", content=bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(PackError, match="not what its manifest says"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_one_that_the_manifest_admits_ends_at_what_the_reader_takes(tmp_path: Path) -> None:
    content = bytes(8 << 20)
    path = forged(tmp_path / "x.zip", content=content, size=len(content), sha256=sha256(content).hexdigest())
    with pytest.raises(PackError, match="more than 1000 bytes"):
        read(path)


def test_a_manifest_that_is_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = forged(tmp_path / "x.zip")
    monkeypatch.setattr(manifest, "MOST", 10)
    with pytest.raises(PackError, match="more than 10 bytes"):
        read(path)


@pytest.mark.parametrize("name", ["a\0.txt", "\u20ac.txt"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackError, match="no manifest that can be read"):
        read(forged(tmp_path / "x.zip", file=name))


def test_a_loose_file_that_grew_ends_at_what_the_reader_takes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(2000))
    with holding(None, None) as held, pytest.raises(PackError, match="more than 1000 bytes"):
        held.read(Archived(name="a.txt", place=str(path), size=3, mtime_ns=0), most=1000)
