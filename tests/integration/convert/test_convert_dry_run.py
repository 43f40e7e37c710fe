from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.converting import INSTANCE_ID, Bench
from fakes.report import completed, minimal_report
from stationmaster.api import Station
from stationmaster.api.identity import report_id
from stationmaster.api.wsjf import encode
from stationmaster.convert.dry_run import dry_run
from stationmaster.convert.job import Failed


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Bench:
    bench = Bench(tmp_path, clock)
    bench.plug_in("plain.py", "hostile.py")
    return bench


async def test_it_shows_the_reports_as_they_would_be_spooled(bench: Bench) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nSN-2\nend")
    run = await dry_run(
        path,
        converters=("wsjf", "plain"),
        options={"plain": {"suffix": "!"}},
        station=Station(name="ST-9"),
        folder=bench.folder,
        instance_id=INSTANCE_ID,
        most=1,
    )
    assert run.ok
    assert (run.converter, run.version, run.count, len(run.reports)) == ("plain", "1.2", 2, 1)
    assert run.confidences == {"wsjf": 0, "plain": 90}
    report = json.loads(run.reports[0].payload)
    assert (report["sn"], report["machineName"]) == ("SN-1!", "ST-9")
    assert report["id"] == report_id(INSTANCE_ID, "plain", b"SN-1", 0, None) == run.reports[0].meta.report_id


async def test_it_lists_every_broken_rule_with_its_report(bench: Bench) -> None:
    path = bench.file("a.txt", "x")
    run = await dry_run(path, converters=("invalid",), folder=bench.folder)
    assert not run.ok
    assert run.trouble is None
    assert [issue for issue in run.reports[0].issues if issue.severity == "error"] == []
    assert {issue.place for issue in run.reports[1].issues if issue.severity == "error"} == {"pn", "rev"}


async def test_it_tells_of_a_date_in_the_future(bench: Bench, clock: FakeClock) -> None:
    report = completed(minimal_report())
    late = clock.now() + timedelta(minutes=45)
    for start, texts in ((late, ["lies 45 minutes in the future"]), (clock.now(), [])):
        report.data["start"] = start.isoformat()
        path = bench.file("a.json", encode(report).decode())
        run = await dry_run(path, converters=("wsjf",), clock=clock)
        assert run.ok
        found = [issue for issue in run.reports[0].issues if issue.place == "start"]
        assert [issue.text.partition(":")[0] for issue in found] == texts
        assert {issue.severity for issue in found} <= {"warning"}


async def test_a_failure_is_told_as_the_agent_would(bench: Bench) -> None:
    (bench.folder / "broken.py").write_text("nonsense!")
    path = bench.file("a.txt", "key")
    run = await dry_run(path, converters=("odd",), folder=bench.folder)
    assert not run.ok
    assert isinstance(run.trouble, Failed)
    assert "KeyError" in run.trouble.reason
    assert [failure.subject for failure in run.failures] == ["broken.py"]
    assert path.read_text() == "key"


async def test_a_file_without_new_reports(bench: Bench) -> None:
    run = await dry_run(bench.file("a.txt", ""), converters=("growing",), folder=bench.folder)
    assert run.ok
    assert (run.count, run.reports) == (0, ())


async def test_a_file_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(FileNotFoundError):
        await dry_run(bench.root / "nothing.txt")
