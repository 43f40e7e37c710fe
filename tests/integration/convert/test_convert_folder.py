"""A folder goes to a converter as one source: real workers, the sample plug-in."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fakes.converting import INSTANCE_ID, Bench, payloads
from fakes.rack import MARKER, expected_id, record, unit
from stationmaster.clock import Clock
from stationmaster.convert.dry_run import dry_run
from stationmaster.convert.job import Conversion, Failed, Job, NotYet
from stationmaster.ingest import tree
from stationmaster.model import ProblemCode, SourceState

RESUMES = """
from stationmaster.api import Report, Resume
class Resumes:
    name = "resumes"
    version = "1"
    takes_folders = True
    def convert(self, source, options, resume):
        yield Resume(offset=0)
"""
WHOLE = """
from datetime import UTC, datetime
from stationmaster.api import Report
class Whole:
    name = "whole"
    version = "1"
    takes_folders = True
    def is_complete(self, glimpse):
        return "result.csv" in glimpse.files
    def convert(self, source, options, resume):
        yield Report.uut(sn=source.name, pn=source.folder, rev="A", process_code=10, start=None)
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, Clock())
    bench.plug_in("rack.py", "plain.py")
    (bench.folder / "resumes.py").write_text(RESUMES)
    (bench.folder / "whole.py").write_text(WHOLE)
    return bench


def job(path: Path, *converters: str) -> Job:
    state = SourceState(path=path, size=tree.look(path).size, mtime_ns=tree.look(path).mtime_ns)
    return Job(
        path=path, state=state, converters=converters, instance_id=INSTANCE_ID, is_folder=True, marker=MARKER
    )


async def test_a_folder_becomes_one_report_with_what_lies_in_it(bench: Bench) -> None:
    folder = unit(bench.root / "in", "SN-1")
    async with bench.pool() as pool:
        for names in ((), ("rack",), ("whole", "rack")):
            done = await pool.convert(job(folder, *names))
            assert isinstance(done, Conversion), done
            assert done.converter == "rack"
            assert done.digest == tree.digest(folder)
            assert [meta.report_id for meta in done.reports] == [expected_id(INSTANCE_ID, "SN-1")]
            (report,) = map(msgspec.json.decode, payloads(done))
            assert report["sn"] == "SN-1"
            done.discard()


async def test_ids_without_a_record_depend_on_the_content_not_on_the_marker(bench: Bench) -> None:
    folder = unit(bench.root / "in", "SN-1")
    ids = []
    async with bench.pool() as pool:
        for change in ("", MARKER, "more.txt"):
            if change:
                (folder / change).write_text("x")
            done = await pool.convert(job(folder, "whole"))
            assert isinstance(done, Conversion), done
            ids += [meta.report_id for meta in done.reports]
            (report,) = map(msgspec.json.decode, payloads(done))
            assert (report["sn"], report["pn"]) == ("SN-1", "in")
            done.discard()
    assert ids[0] == ids[1] != ids[2]


async def test_a_converter_of_files_is_refused_by_name_and_the_folder_waits(bench: Bench) -> None:
    folder = unit(bench.root / "in", "SN-1")
    async with bench.pool() as pool:
        for names in (("plain",), ("rack", "plain")):
            refused = await pool.convert(job(folder, *names))
            assert isinstance(refused, NotYet)
            assert refused.reason == "held"
            assert refused.text == "Converter plain takes files, no folders."
        (problem,) = pool.problems()
        assert (problem.code, problem.subject) == (ProblemCode.CONVERTER_FAILING, "plain")
        assert "takes single files" in problem.text


async def test_what_can_go_wrong_with_a_folder(bench: Bench) -> None:
    folder = unit(bench.root / "in", "SN-1")
    async with bench.pool() as pool:
        late = job(folder, "rack")
        (folder / "more.txt").touch()
        changed = await pool.convert(late)
        assert isinstance(changed, NotYet)
        assert changed.reason == "changed"
        resumed = await pool.convert(job(folder, "resumes"))
        assert isinstance(resumed, Failed)
        assert "a folder is always read anew" in resumed.reason
        (folder / "result.csv").unlink()
        incomplete = await pool.convert(job(folder, "whole"))
        assert isinstance(incomplete, NotYet)
        assert incomplete.reason == "incomplete"
        failed = await pool.convert(job(folder, "rack"))
        assert isinstance(failed, Failed)
        assert failed.reason == "Converter rack cannot convert SN-1: there is no result.csv in it"


async def test_a_dry_run_of_a_folder(bench: Bench) -> None:
    folder = unit(bench.root / "in", "SN-1")
    run = await dry_run(folder, folder=bench.folder, instance_id=INSTANCE_ID, marker=MARKER)
    assert run.ok
    assert [one.meta.report_id for one in run.reports] == [expected_id(INSTANCE_ID, "SN-1")]
    assert record("SN-1").decode().split(",")[0] == run.reports[0].meta.serial_number
