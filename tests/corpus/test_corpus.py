"""Every real file becomes the report that its oracle names, or is refused with the reason that it names."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from corpus.oracle import (
    OneFile,
    Oracle,
    cases,
    confidences,
    convert,
    converters,
    counts,
    field,
    measurements,
    oracles,
    statuses,
    told,
)
from corpus.peer import answers
from corpus.table import lines, page, without_times
from fakes.report import completed
from stationmaster.api import ConversionError, Glimpse, Report
from stationmaster.api.converter import Completes
from stationmaster.api.step import Step
from stationmaster.api.testing import convert_file
from stationmaster.api.wsjf import encode
from stationmaster.embedded_server import EmbeddedServer, ServerSettings

GOOD = [(oracle, file) for oracle, file in cases() if file.reports]
SURE = 60
"""A converter that is less sure must not get a file without being told to."""


def _id(value: object) -> str:
    if isinstance(value, Oracle):
        return value.folder
    return value.path if isinstance(value, OneFile) else ""


each = pytest.mark.parametrize(("oracle", "file"), cases(), ids=_id)
each_good = pytest.mark.parametrize(("oracle", "file"), GOOD, ids=_id)
each_folder = pytest.mark.parametrize("oracle", oracles(), ids=_id)


@each_folder
def test_the_oracle_names_every_file_of_its_folder(corpus: Path, oracle: Oracle) -> None:
    folder = corpus / oracle.folder
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert sorted(file.path for file in oracle.file) == there


@each
def test_the_right_converter_takes_it(corpus: Path, oracle: Oracle, file: OneFile) -> None:
    sure = confidences(corpus / oracle.folder / file.path)
    if file.left_alone:
        assert max(sure.values(), default=0) < SURE
    elif file.reports:
        best = max(sure.values(), default=0)
        assert best >= SURE
        assert [name for name, one in sure.items() if one == best] == [oracle.converter]


@each
def test_it_shows_the_values_of_the_file(corpus: Path, oracle: Oracle, file: OneFile) -> None:
    if file.left_alone:
        return
    if file.refused:
        with pytest.raises(ConversionError, match=file.refused):
            convert(corpus, oracle, file)
        return
    reports = convert(corpus, oracle, file)
    steps, values = counts(reports)
    found = {"reports": len(reports), "steps": steps, "measurements": values}
    wanted = {"reports": file.reports, "steps": file.steps, "measurements": file.measurements}
    assert found == {key: found[key] if value is None else value for key, value in wanted.items()}
    for one in file.report:
        report = reports[one.nr]
        shown = {path: field(report, path) for path in one.fields}
        assert shown == one.fields
        lines = told(report)
        missing = [line for line in one.values if line not in lines]
        assert not missing, "\n".join(lines[:200])
        own = counts([report])
        assert own == tuple(
            b if a is None else a for a, b in zip((one.steps, one.measurements), own, strict=True)
        )
        if one.statuses:
            assert statuses(report) == one.statuses
        if one.warning:
            assert any(re.search(one.warning, text) for text in report.warnings), report.warnings


@each_good
def test_it_is_complete_and_a_half_written_one_is_not_taken(
    corpus: Path, tmp_path: Path, oracle: Oracle, file: OneFile
) -> None:
    converter = converters()[oracle.converter]
    if not isinstance(converter, Completes):
        return
    path = corpus / oracle.folder / file.path
    assert converter.is_complete(Glimpse.at(path))
    half = tmp_path / path.name
    whole = path.read_bytes()
    half.write_bytes(whole[: len(whole) // 2 + 1])
    if not converter.is_complete(Glimpse.at(half)):
        return
    # A format without an end mark, or a cut that meets one: what comes then must be right or refused.
    try:
        reports = convert_file(converter, half, options=oracle.options_for(file))
    except ConversionError:
        return
    assert len(reports) <= file.reports


@each_folder
async def test_the_embedded_server_takes_each_report(corpus: Path, tmp_path: Path, oracle: Oracle) -> None:
    settings = ServerSettings(database=tmp_path / "s.db", port=0)
    async with EmbeddedServer(settings) as server, aiohttp.ClientSession(server.url) as session:
        for file in oracle.file:
            if not file.reports:
                continue
            for report in _ready(convert(corpus, oracle, file))[:50]:
                async with session.post("/api/Report/WSJF", data=encode(report)) as answer:
                    assert answer.status == 200, (file.path, await answer.text())
                async with session.get(f"/api/Report/Wsjf/{report.id}") as answer:
                    assert await answer.json() == report.data


@each_folder
def test_the_third_party_models_take_each_report(corpus: Path, peer: str, oracle: Oracle) -> None:
    reports = [
        report
        for file in oracle.file
        if file.reports
        for report in _ready(convert(corpus, oracle, file))[:20]
    ]
    for report, answer in zip(reports, answers(peer, *reports), strict=True):
        assert answer.get("error") is None
        steps = [] if report.data["type"] == "R" else list(report.steps())
        theirs = Counter((kind, name, values) for kind, name, _model, values in answer["steps"])
        assert theirs == Counter((one.step_type, one.name, _kept(one)) for one in steps)


def _kept(step: Step) -> int:
    """How many measurements of a step the models keep: of the single types one, even where there are more."""
    values = measurements(step.data)
    return min(1, values) if step.step_type in {"ET_NLT", "ET_PFT", "ET_SVT"} else values


def _ready(reports: list[Report]) -> list[Report]:
    """As the host hands them over: each with an id and where it was tested."""
    for report in reports:
        given = {key: report.data.get(key) for key in ("location", "purpose")}
        completed(report)
        report.data |= {"id": str(uuid4())} | {key: value for key, value in given.items() if value}
    return reports


def test_the_table_in_the_docs_is_what_this_run_finds(corpus: Path) -> None:
    written = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    found = page(lines(corpus))
    assert without_times(written) == without_times(found), "tests/corpus/table.py --write makes it anew"
