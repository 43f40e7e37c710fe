"""The published third-party client's models accept what our builder makes.

Its Python is named by STATIONMASTER_PYWATS_PYTHON (`make peer` sets it up in an environment of its own).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from corpus.peer import answers
from fakes.report import START, completed, minimal_report, repair_report, rich_report
from stationmaster.api import CompOp, Limits, Report
from stationmaster.api.testing import convert_file
from stationmaster.api.validate import check
from stationmaster.converters.wsjf import WsjfConverter

DATA = Path(__file__).parents[2] / "data" / "wsjf"

MODELS = {
    "SequenceCall": "SequenceCall",
    "ET_NLT": "NumericStep",
    "ET_MNLT": "MultiNumericStep",
    "ET_PFT": "PassFailStep",
    "ET_MPFT": "MultiBooleanStep",
    "ET_SVT": "StringValueStep",
    "ET_MSVT": "MultiStringStep",
    "Action": "GenericStep",
    "NI_Flow_If": "GenericStep",
    "Chart": "ChartStep",
}
"""Step types that the models know, and the class they take each for."""

EXCEPTIONS = {"CallExecutable", "MessagePopup", "MyStepType", "WATS_XYGMNLT"}
"""Step types that the models do not know: kept as `UnknownStep`, a bare mapping."""


def every_operator() -> Report:
    """A step for each comparison operator, single and among several."""
    report = Report.uut(sn="SN-1", pn="PN-1", rev="A", process_code=10, start=START)
    multi = report.root.multi_numeric("all")
    for comp in CompOp:
        if comp in (CompOp.CASESENSIT, CompOp.IGNORECASE):
            report.root.string(comp.value, "x", limit="X", comp=comp)
        else:
            limits = Limits(comp, *(1.0, 2.0)[: comp.bounds])
            report.root.numeric(comp.value, 1.5, limits=limits)
            multi.add(comp.value, 1.5, limits=limits)
    return completed(report)


def test_test_reports_keep_their_steps(peer: str) -> None:
    reports = [completed(minimal_report()), completed(rich_report()), every_operator()]
    for report in reports:
        check(report)
    for report, answer in zip(reports, answers(peer, *reports), strict=True):
        assert answer.get("error") is None
        assert answer["model"] == "UUTReport"
        ours = Counter((step.step_type, step.name) for step in report.steps())
        theirs = Counter((kind, name) for kind, name, *_ in answer["steps"])
        assert theirs == ours
        for kind, name, model, _ in answer["steps"]:
            assert model == ("UnknownStep" if kind in EXCEPTIONS else MODELS[kind]), name


def test_the_rich_report_uses_every_type_of_the_tables() -> None:
    used = {step.step_type for step in rich_report().finish().steps()}
    assert used == set(MODELS) | EXCEPTIONS


def test_repair_reports_keep_their_failures(peer: str) -> None:
    report = completed(repair_report())
    [answer] = answers(peer, report)
    del answer["parts"]
    assert answer == {"model": "UURReport", "steps": [], "failures": [1, 1, 0]}


def test_assets_and_deep_additional_data_are_kept_whole(peer: str) -> None:
    reports = [completed(rich_report()), completed(repair_report())]
    for report, answer in zip(reports, answers(peer, *reports), strict=True):
        assert answer["parts"]["additionalData"] == report.data["additionalData"]
        for theirs, ours in zip(answer["parts"]["assets"], report.data["assets"], strict=True):
            assert {key: _moment(value) for key, value in theirs.items()} == {
                key: _moment(value) for key, value in ours.items()
            }


def _moment(value: object) -> object:
    """The value, a time in whichever way it is written."""
    try:
        return datetime.fromisoformat(str(value)) if isinstance(value, str) else value
    except ValueError:
        return value


def test_converted_samples_are_accepted(peer: str) -> None:
    reports = [convert_file(WsjfConverter(), DATA / f"{name}.json")[0] for name in ("minimal", "uur")]
    found = answers(peer, *reports)
    assert [answer.get("model") for answer in found] == ["UUTReport", "UURReport"]
    assert [len(answer["steps"]) for answer in found] == [2, 0]


def test_the_models_do_refuse(peer: str) -> None:
    """Else the tests above would show nothing."""
    report = completed(minimal_report())
    del report.data["sn"]
    [answer] = answers(peer, report)
    assert "sn" in answer["error"]
