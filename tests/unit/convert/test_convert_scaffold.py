"""Names of new converters, and what is written for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stationmaster.convert.scaffold import GROWING, Kind, Scaffold, check_name, suggestion
from stationmaster.errors import ConfigError

COMMANDS = {"test": "T", "try": "Y", "check": "C", "use": "U"}


@pytest.mark.parametrize("name", ["bench", "bench-csv", "ict3", "a1-b2-c3"])
def test_good_names(name: str) -> None:
    assert check_name(name, {}) == name


@pytest.mark.parametrize(
    ("name", "reason", "instead"),
    [
        ("BenchCSV", "small letters", "bench-csv"),
        ("bench_csv", "small letters", "bench-csv"),
        ("Pr\u00fcfstand 3", "small letters", "pruefstand-3"),
        ("3d-scan", "begins with a letter", "d-scan"),
        ("bench.py", "small letters", "bench"),
        ("../evil", "small letters", "evil"),
        ("", "small letters", "my-tester"),
        ("--", "small letters", "my-tester"),
        ("json", "would hide what Python knows as json", "json-tester"),
        ("class", "would hide what Python knows as class", "class-tester"),
        ("pytest", "would hide", "pytest-tester"),
        ("test-bench", "for a test", "bench"),
        ("bench-test", "for a test", "bench"),
        ("junit", "already (built-in)", "junit-tester"),
        ("ours", "already (file)", "ours-tester"),
        ("a" * 41, "longer than 40", "a" * 31),
        ("bench\x1b[31m", "small letters", "bench-31m"),
    ],
)
def test_bad_names_get_a_reason_and_one_that_would_do(name: str, reason: str, instead: str) -> None:
    taken = {"ours": "file"}
    with pytest.raises(ConfigError) as refused:
        check_name(name, taken)
    assert reason in refused.value.text
    assert "\x1b" not in refused.value.text
    assert refused.value.next_step == f"For instance: {instead}"
    assert check_name(suggestion(name, taken), taken) == instead


def test_a_taken_suggestion_is_not_made() -> None:
    taken = dict.fromkeys(("ours", "ours-tester", "ours-2"), "file")
    assert suggestion("ours", taken) == "ours-3"


@pytest.mark.parametrize(
    ("kind", "growing"), [*((kind, False) for kind in Kind), *((kind, True) for kind in sorted(GROWING))]
)
def test_names_are_filled_in_everywhere(tmp_path: Path, kind: Kind, *, growing: bool) -> None:
    scaffold = Scaffold("line-3-bench", kind, growing)
    written = scaffold.write(tmp_path / "new", COMMANDS)
    assert [path.name for path in written] == [
        "line_3_bench.py",
        "test_line_3_bench.py",
        f"line_3_bench_sample.{'txt' if kind is Kind.TEXT else kind}",
        "line_3_bench_README.md",
    ]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "@" not in text.replace("@classmethod", ""), path
    assert "class Line3BenchConverter:" in written[0].read_text()
    assert 'name: ClassVar[str] = "line-3-bench"' in written[0].read_text()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "bench_sample.csv"
    mine.write_text("my own")
    with pytest.raises(ConfigError, match=r"bench_sample.csv is in .* already: nothing was written"):
        Scaffold("bench", Kind.CSV).write(tmp_path, COMMANDS)
    assert [path.name for path in tmp_path.iterdir()] == [mine.name]
    assert mine.read_text() == "my own"


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        Scaffold("bench", Kind.CSV).write(tmp_path / "file" / "below", COMMANDS)
