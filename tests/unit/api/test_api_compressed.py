"""Packed files: told by their first bytes, unpacked within a bound, refused where they are damaged."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from stationmaster.api import ConversionError
from stationmaster.api.compressed import peek, read_unpacked
from stationmaster.api.testing import source_of

TEXT = b"".join(b"line %d of the text\n" % number for number in range(5000))
PACKERS: list[Callable[[bytes], bytes]] = [gzip.compress, bz2.compress, bytes]


@pytest.mark.parametrize("pack", PACKERS)
def test_the_content_is_the_same_packed_or_not(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "file"
    path.write_bytes(pack(TEXT))
    assert read_unpacked(source_of(path), limit=10**6) == TEXT
    with pytest.raises(ConversionError, match="larger than the bound, 1000 bytes"):
        read_unpacked(source_of(path), limit=1000)


def test_a_look_at_the_beginning_needs_no_whole_file() -> None:
    packed = gzip.compress(TEXT)
    assert peek(packed[:2000], 100) == TEXT[:100]
    assert peek(TEXT, 100) == TEXT[:100]
    assert peek(b"\x1f\x8bnothing") == b""
    assert peek(b"BZhx") == b""


@pytest.mark.parametrize("pack", PACKERS[:2])
def test_a_damaged_or_cut_file_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "file"
    packed = pack(TEXT)
    path.write_bytes(packed[:-9])
    with pytest.raises(ConversionError, match="ends too early"):
        read_unpacked(source_of(path), limit=10**6)
    path.write_bytes(packed[:4] + b"\xff" * 50 + packed[54:])
    with pytest.raises(ConversionError, match=r"damaged|ends too early"):
        read_unpacked(source_of(path), limit=10**6)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b"\0" * 50_000_000))
    with pytest.raises(ConversionError, match="larger than the bound"):
        read_unpacked(source_of(path), limit=10_000)
