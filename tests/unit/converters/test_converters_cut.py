"""Files that were cut: no converter takes a part of one for a unit that passed, but those that cannot know.

Such a part is not complete yet, or is refused, or its report carries a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.optional import skip_without
from fuzz.row import CONVERTERS, FOLDERS, Row
from stationmaster.api import ConversionError, Converter, Glimpse, Report
from stationmaster.api.converter import Completes
from stationmaster.api.testing import convert_file
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.plugin import Plugins
from unit.converters.test_converters_docs import BINARY, DATA, page, sample, typed_options

PLACES = 20
CANNOT_KNOW = {
    "fct-csv": "",
    "klippel": "",
    "litepoint-csv": "",
    "listen-soundcheck": "",
    "takaya": ".atdx",
}
"""Converters of formats without any end mark, and in which of their samples; "" in all.

Of Klippel QC these are the tables in a folder: its log has a mark.
"""

SENTENCE = "A file cut between two rows cannot be told from a whole one"
"""What the page of such a converter says."""


def _one_attempt() -> bytes:
    """An ATDX file in which a group was tested once, and passed."""
    text = (DATA / "takaya" / "retested.atdx").read_bytes()
    first = text[: text.index(b'#############"Main header', 100)]
    return first.replace(b"A FAIL", b"A PASS").replace(b";OPEN;", b";PASS;")


MADE = {"takaya": {"once.atdx": _one_attempt()}}
"""Samples beside those of other tests."""


def samples(row: Row, folder: Path) -> Iterator[tuple[Path, dict[str, object]]]:
    """Sound files with their options: those of the tests, and that of the converter's page."""
    common = {"part_number": "P-1", "process_code": 10}
    for name, data in (row.samples | MADE.get(row.name, {})).items():
        path = folder / "tests" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        yield path, common | dict(row.options)
    if row.name not in BINARY:
        place = folder / "page"
        place.mkdir()
        yield sample(converter(row), place), typed_options(converter(row))


def converter(row: Row) -> Converter:
    return Plugins().make(BUILT_INS[row.name])


def places(data: bytes) -> list[int]:
    """Within lines and behind them, over all of the file."""
    spread = {len(data) * part // (PLACES + 1) for part in range(1, PLACES + 1)}
    behind = {found.end() for at in spread if (found := re.compile(rb"\r\n|[\r\n]").search(data, at))}
    return sorted((spread | behind) - {0, len(data)})


def taken(row: Row, path: Path, options: dict[str, object]) -> list[Report]:
    """The reports of a file or a folder; none where it is not complete, or refused."""
    one = converter(row)
    glimpse = Glimpse.at_folder(path) if path.is_dir() else Glimpse.at(path)
    if isinstance(one, Completes) and not one.is_complete(glimpse):
        return []
    try:
        return convert_file(one, path, options=options)
    except ConversionError:
        return []


def silent(row: Row, path: Path, changed: Path, options: dict[str, object]) -> set[bytes]:
    """What `changed`, which is `path` or a file in it, ended with where it was cut without a word."""
    whole, data = taken(row, path, options), changed.read_bytes()
    found = set()
    for at in places(data):
        changed.write_bytes(data[:at])
        part = taken(row, path, options)
        if any(_passes_for(one, full) for one, full in zip(part, whole, strict=False)):
            found.add(data[at - 1 : at])
    changed.write_bytes(data)
    return found


def _passes_for(part: Report, whole: Report) -> bool:
    """It passed, without a word of what is missing or of a value that is another one."""
    quiet = set(part.warnings) <= set(whole.warnings)
    return part.data["result"] == "P" and part.data["root"] != whole.data["root"] and quiet


@pytest.mark.parametrize("row", CONVERTERS, ids=lambda row: row.name)
def test_no_part_of_a_file_passes_for_all_of_it(tmp_path: Path, row: Row) -> None:
    skip_without(row.name)
    passed, untold = 0, {}
    for path, options in samples(row, tmp_path):
        passed += any(report.data["result"] == "P" for report in taken(row, path, options))
        if ends := silent(row, path, path, options):
            untold[path.name] = ends
    assert passed
    if row.name not in CANNOT_KNOW or row.name == "klippel":
        assert untold == {}
    else:
        between_rows(row, untold)


def between_rows(row: Row, untold: dict[str, set[bytes]]) -> None:
    """Of a format that cannot know: only between two rows, where nothing could tell, and its page says so."""
    assert untold  # else it can know by now
    assert all(CANNOT_KNOW[row.name] in name and ends <= {b"\r", b"\n"} for name, ends in untold.items()), (
        untold
    )
    assert SENTENCE in " ".join(page(converter(row)).split())


@pytest.mark.parametrize("row", FOLDERS, ids=lambda row: row.folder)
def test_no_part_of_a_folder_passes_for_all_of_it(tmp_path: Path, row: Row) -> None:
    for name, data in row.samples.items():
        path = tmp_path / "rig" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    folder, options = tmp_path / "rig", {"part_number": "P-1", "process_code": 10}
    assert taken(row, folder, options)
    cut = {name: silent(row, folder, folder / name, options) for name in row.samples}
    untold = {name: ends for name, ends in cut.items() if ends}
    passed = any(report.data["result"] == "P" for report in taken(row, folder, options))
    if passed:
        between_rows(row, untold)
        assert all("-" in Path(name).name for name in untold), "no log"
