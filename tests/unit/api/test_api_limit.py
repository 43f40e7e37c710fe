"""Every comparison operator, with values below, at and above its bounds."""

from __future__ import annotations

import math

import pytest

from stationmaster.api import CompOp, Limits, Report, Status, at_least, at_most, between, equal, log_only
from stationmaster.api.validate import check

LOW, HIGH = 1.0, 2.0
BELOW, AT_LOW, INSIDE, AT_HIGH, ABOVE = 0.5, 1.0, 1.5, 2.0, 2.5

SINGLE = {
    # operator: passes below, at, above the bound
    CompOp.EQ: (False, True, False),
    CompOp.EQT: (False, True, False),
    CompOp.NE: (True, False, True),
    CompOp.LT: (True, False, False),
    CompOp.LE: (True, True, False),
    CompOp.GT: (False, False, True),
    CompOp.GE: (False, True, True),
}
DOUBLE = {
    # operator: passes below, at low, inside, at high, above
    CompOp.GTLT: (False, False, True, False, False),
    CompOp.GTLE: (False, False, True, True, False),
    CompOp.GELT: (False, True, True, False, False),
    CompOp.GELE: (False, True, True, True, False),
    CompOp.LTGT: (True, False, False, False, True),
    CompOp.LTGE: (True, False, False, True, True),
    CompOp.LEGT: (True, True, False, False, True),
    CompOp.LEGE: (True, True, False, True, True),
}
TEXT = {CompOp.CASESENSIT, CompOp.IGNORECASE}


def test_the_tables_name_every_operator() -> None:
    assert set(SINGLE) | set(DOUBLE) | TEXT | {CompOp.LOG} == set(CompOp)


@pytest.mark.parametrize("comp", SINGLE)
def test_one_bound(comp: CompOp) -> None:
    limits = Limits(comp, LOW)
    assert tuple(limits.passes(value) for value in (BELOW, AT_LOW, ABOVE)) == SINGLE[comp]
    assert comp.bounds == 1
    assert not limits.passes(math.nan)
    assert not Limits(comp).passes(LOW), "no bound passes nothing"


@pytest.mark.parametrize("comp", DOUBLE)
def test_two_bounds(comp: CompOp) -> None:
    limits = Limits(comp, LOW, HIGH)
    values = (BELOW, AT_LOW, INSIDE, AT_HIGH, ABOVE)
    assert tuple(limits.passes(value) for value in values) == DOUBLE[comp]
    assert comp.bounds == 2
    assert not limits.passes(math.nan)
    assert not any(Limits(comp, LOW).passes(value) for value in values), "a missing bound passes nothing"


@pytest.mark.parametrize("value", [BELOW, INSIDE, math.nan, math.inf])
def test_log_passes_all(value: float) -> None:
    assert log_only().passes(value)
    assert CompOp.LOG.bounds == 0


@pytest.mark.parametrize("comp", sorted(TEXT))
def test_text_operators_pass_no_number(comp: CompOp) -> None:
    assert not Limits(comp, LOW).passes(LOW)
    assert comp.bounds == 1


def test_short_forms() -> None:
    assert between(1, 2) == Limits(CompOp.GELE, 1, 2)
    assert at_least(1) == Limits(CompOp.GE, 1)
    assert at_most(1) == Limits(CompOp.LE, 1)
    assert equal(1) == Limits(CompOp.EQ, 1)


@pytest.mark.parametrize("comp", [*SINGLE, *DOUBLE, CompOp.LOG])
@pytest.mark.parametrize("value", [BELOW, AT_LOW, INSIDE, AT_HIGH, ABOVE])
def test_the_builder_writes_bounds_where_wsjf_has_them(comp: CompOp, value: float) -> None:
    limits = Limits(comp, *(LOW, HIGH)[: comp.bounds])
    report = Report.uut(sn="S", pn="P", rev="A", process_code=1, start=None)
    step = report.root.numeric("n", value, limits=limits)
    [row] = step.data["numericMeas"]
    expected = {
        "status": Status.of(limits.passes(value)),
        "value": value,
        "unit": "",
        "compOp": comp.value,
    }
    if comp.bounds >= 1:
        expected["lowLimit"] = LOW
    if comp.bounds == 2:
        expected["highLimit"] = HIGH
    assert row == expected
    report.data |= {"machineName": "m", "location": "l", "purpose": "p", "start": "2026-01-01T00:00:00Z"}
    check(report.finish())


TEXTS = [
    (CompOp.LOG, None, "anything", True),
    (CompOp.LOG, "abc", "anything", True),
    (CompOp.CASESENSIT, "abc", "abc", True),
    (CompOp.CASESENSIT, "abc", "ABC", False),
    (CompOp.IGNORECASE, "Straße", "STRASSE", True),
    (CompOp.IGNORECASE, "abc", "abd", False),
    (None, None, "anything", True),
    (None, "abc", "abc", True),
    (None, "abc", "Abc", False),
]


@pytest.mark.parametrize(("comp", "limit", "value", "passes"), TEXTS)
def test_texts(comp: CompOp | None, limit: str | None, value: str, passes: bool) -> None:  # noqa: FBT001 - a table
    report = Report.uut(sn="S", pn="P", rev="A", process_code=1, start=None)
    step = report.root.string("s", value, limit=limit, comp=comp)
    assert step.status == Status.of(passes)
    [row] = step.data["stringMeas"]
    assert row["compOp"] == (comp or (CompOp.LOG if limit is None else CompOp.CASESENSIT))


@pytest.mark.parametrize("comp", [*SINGLE, *DOUBLE])
def test_texts_are_not_compared_as_numbers(comp: CompOp) -> None:
    report = Report.uut(sn="S", pn="P", rev="A", process_code=1, start=None)
    with pytest.raises(ValueError, match="CASESENSIT"):
        report.root.string("s", "a", limit="a", comp=comp)
