"""What the canary's child does: private copies, and comparisons of result files."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stationmaster.api.folder import digests_of, files_in, joined
from stationmaster.convert.canary_child import MOST_COUNTED, compare_results, keep
from stationmaster.file_name import from_wire, to_wire


def kept(source: Path, into: Path, *, most: int = 1000, results: Path | None = None) -> dict[str, Any]:
    return keep(
        {
            "source": to_wire(source),
            "into": to_wire(into),
            "results": to_wire(results) if results else "",
            "is_folder": source.is_dir(),
            "most": most,
        }
    )


def test_a_copy_has_name_content_and_time_and_is_no_link(tmp_path: Path) -> None:
    source, results = tmp_path / "a.txt", tmp_path / "1.wsjf"
    source.write_bytes(b"SN1,5.0\n")
    results.write_bytes(b"{}")
    os.utime(source, ns=(5, 1_700_000_000_123_456_789))
    done = kept(source, tmp_path / "7", results=results)
    copy = Path(from_wire(done["path"]))
    assert (copy.name, copy.read_bytes()) == ("a.txt", b"SN1,5.0\n")
    assert (done["size"], done["mtime_ns"]) == (8, copy.stat().st_mtime_ns)
    assert done["digest"] == hashlib.sha256(b"SN1,5.0\n").hexdigest()
    assert copy.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert not copy.samefile(source)
    results.unlink()
    assert (tmp_path / "7" / "live").read_bytes() == b"{}"


def test_a_folder_is_copied_as_it_counts(tmp_path: Path) -> None:
    source = tmp_path / "unit"
    (source / "below").mkdir(parents=True)
    (source / "done.txt").write_text("")
    (source / "below" / "data.csv").write_text("1,2\n")
    (source / ".hidden").write_text("no")
    done = kept(source, tmp_path / "7")
    copy = Path(from_wire(done["path"]))
    names = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert names == {"below/data.csv", "done.txt"}
    assert done["digest"] == joined(digests_of(files_in(source)), files_in(source)).hex()
    assert kept(source, tmp_path / "8", most=3)["trouble"] == "It is larger than 0 MB."


def test_what_is_too_large_or_gone_is_told(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_bytes(b"x" * 1001)
    assert "larger than" in kept(source, tmp_path / "7")["trouble"]
    assert not (tmp_path / "7").exists()
    assert "cannot be copied" in kept(tmp_path / "b.txt", tmp_path / "7")["trouble"]


@pytest.mark.skipif(sys.platform != "linux", reason="a file without an end, of a size of 0")
def test_a_file_that_never_ends_is_given_up(tmp_path: Path) -> None:
    assert "larger than" in kept(Path("/dev/zero"), tmp_path / "7")["trouble"]


def side(path: Path, *reports: dict[str, Any], count: int = 0) -> dict[str, Any]:
    spans = []
    with path.open("wb") as file:
        for report in reports:
            payload = msgspec.json.encode(report)
            spans.append([file.tell(), len(payload)])
            file.write(payload)
    return {"file": to_wire(path), "spans": spans, "count": count or len(reports)}


def compared(old: dict[str, Any], new: dict[str, Any], most: int = 20) -> tuple[int, list[dict[str, str]]]:
    done = compare_results({"old": old, "new": new, "most": most})
    return done["count"], done["values"]


def test_reports_are_compared_in_their_order_but_for_their_ids(tmp_path: Path) -> None:
    old = side(tmp_path / "old", {"id": "1", "sn": "A"}, {"id": "2", "sn": "B"})
    assert compared(old, side(tmp_path / "new", {"id": "8", "sn": "A"}, {"id": "9", "sn": "B"})) == (0, [])
    count, values = compared(old, side(tmp_path / "new", {"id": "8", "sn": "A"}, {"id": "9", "sn": "C"}))
    assert (count, values) == (1, [{"path": "report 2: sn", "old": "B", "new": "C"}])


def test_no_report_on_one_side_is_a_difference(tmp_path: Path) -> None:
    none = {"file": "", "spans": [], "count": 0}
    assert compared(side(tmp_path / "old", {"sn": "A"}), none)[1][-1] == {
        "path": "reports",
        "old": "1",
        "new": "0",
    }
    assert compared(none, none) == (0, [])


def test_beyond_the_reports_that_are_compared_their_number_counts(tmp_path: Path) -> None:
    old = side(tmp_path / "old", {"sn": "A"}, count=5000)
    assert compared(old, side(tmp_path / "new", {"sn": "A"}, count=5000)) == (0, [])
    assert compared(old, side(tmp_path / "new", {"sn": "A"}, count=5001)) == (
        1,
        [{"path": "reports", "old": "5000", "new": "5001"}],
    )


def test_differences_are_bounded(tmp_path: Path) -> None:
    old, new = ({"values": [number + by for number in range(3000)]} for by in (0, 1))
    count, values = compared(side(tmp_path / "old", old), side(tmp_path / "new", new), most=3)
    assert (count, len(values)) == (MOST_COUNTED, 3)
