"""The STEP groups of a Spectrum file to steps: pages, values, limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from stationmaster.api import (
    ConversionError,
    Limits,
    Report,
    Sequence,
    Status,
    Step,
    at_least,
    at_most,
    between,
    log_only,
)
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.reading import add_line, add_reading, unit_name
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import status_of
from stationmaster.converters.teradyne_spectrum_tree import Node

_SCALES: Final = {"p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "K": 3, "M": 6, "G": 9}
_WRONG_DECIMAL: Final = "If the tester writes another decimal mark, set the converter's option decimal."
_NODES: Final = ("FROM", "TO", "STIM", "MEAS", "GUARD", "LOWR_FROM_NODES", "LOWR_TO_NODES")


@dataclass(frozen=True, slots=True)
class _Test:
    """One measurement of a page, or a page without any.

    Attributes:
        holder: the ANA, INTC or PAGE group with the limits.
        result: the INTC_RESULT with the value, where that is another one.
        several: the page has more than this one.
    """

    page: Node
    holder: Node
    result: Node | None
    several: bool

    @property
    def status(self) -> str:
        """The tester's word: the innermost that there is."""
        inner = self.result.value("STAT") if self.result else ""
        return inner or self.holder.value("STAT") or self.page.value("STAT")

    @property
    def name(self) -> str:
        """The page's name, with the kind of test where the page has several."""
        name = self.page.value("PAGE_NAME") or self.page.value("TYPE")
        return f"{name} {self.holder.value('TYPE')}".strip() if self.several else name

    @property
    def measured(self) -> Node | None:
        """The value."""
        return (self.result.child("MEASVAL") if self.result else None) or self.holder.child("MEASVAL")


@dataclass(frozen=True, slots=True)
class _Amount:
    """A value as it stands there: number, power of ten, unit with prefix; a word where it is no number."""

    value: float | None
    exponent: int
    unit: str
    word: str = ""

    def at(self, exponent: int) -> float | None:
        """The number for another power of ten, without the dust of binary fractions."""
        power = self.exponent - exponent
        if self.value is None or power == 0:
            return self.value
        return float(f"{self.value * 10.0**power if power > 0 else self.value / 10.0**-power:.12g}")


class Steps:
    """Adds the steps of one unit, section by section."""

    def __init__(
        self, report: Report, *, description_in_name: bool, keep_units: bool, decimal: Decimal
    ) -> None:
        self._report = report
        self._decimal: Decimal = decimal
        self._description_in_name = description_in_name
        self._keep_units = keep_units
        self._section = ""
        self._here: Sequence | None = None

    def section(self, name: str) -> None:
        """Begin a section; one without steps is left out."""
        self._section, self._here = name, None

    def add(self, node: Node) -> None:
        """Add the step of a STEP group.

        Raises:
            ConversionError: a value or a verdict cannot be read; names the line.
        """
        if self._here is None:
            self._here = self._report.root.sequence(one_line(self._section, 200) or "-")
        name = node.value("SNAME") or "-"
        if self._description_in_name and node.value("DESC"):
            name = f"{name} {node.value('DESC')}"
        tests = list(_tests(node))
        status = _status(node, node.value("STAT") or (tests[0].status if len(tests) == 1 else ""))
        name = one_line(name, 500)
        if len(tests) == 1:
            step = self._test(self._here, tests[0], name, status)
        elif tests:
            step = self._here.sequence(name, status=status)
            for one in tests:
                self._test(step, one, one_line(one.name, 500), _status(one.holder, one.status))
        else:
            step = self._here.passfail(name, status)
        if not self._description_in_name:
            add_line(step, clip(node.value("DESC"), 2000))

    def _test(self, parent: Sequence, test: _Test, name: str, status: Status) -> Step:
        measured = test.measured
        value = self._amount(measured) if measured else None
        low, high = (self._amount(found) if (found := test.holder.child(key)) else None for key in _BOUNDS)
        shown = value if value is not None and value.value is not None else (low or high or value)
        if shown is None:
            step = parent.passfail(name, status)
        else:
            number = value.value if value else None
            unit, limits = shown.unit, self._limits(test.holder, low, high, shown.exponent)
            step = add_reading(parent, name, number, unit=unit, limits=limits, status=status)
        if value is not None and value.word:
            add_line(step, f"Value: {value.word}")
        self._details(step, test)
        return step

    def _details(self, step: Step, test: _Test) -> None:
        for key, label in (
            ("NOMVAL", "Nominal"),
            ("RES_LIMIT", "Resistance limit"),
            ("CAP_LIMIT", "Capacitance limit"),
        ):
            found = test.holder.child(key)
            if found is not None:
                amount = self._amount(found)
                number = amount.word if amount.value is None else f"{amount.value:.15g}"
                add_line(step, f"{label}: {number} {amount.unit}".rstrip())
        for key in ("COMMENT", "FAIL_MSG"):
            add_line(step, clip(test.page.value(key), 2000))
        if step.status not in {Status.PASSED, Status.DONE, Status.SKIPPED}:
            for holder in (test.holder, test.result):
                for node in holder.nodes if holder else ():
                    if node.key in _NODES:
                        names = zip(node.all("TPNUM"), node.all("TPNAME"), strict=False)
                        points = ", ".join(f"{number.text} {name.text}" for number, name in names)
                        add_line(step, clip(f"{node.key}: {points}", 2000))

    def _amount(self, node: Node) -> _Amount:
        scale, unit, text = node.value("SCALE"), node.value("UNIT"), node.value("VAL")
        if scale not in _SCALES:
            raise node.error(f"{scale[:20]!r} is no scale we know")
        plain = one_line(scale + unit, 100)
        shown = plain if self._keep_units else unit_name(f"k{plain[1:]}" if scale == "K" else plain)
        try:
            return _Amount(parse_number(text, decimal=self._decimal), _SCALES[scale], shown)
        except ValueError as error:
            if any(letter.isdigit() for letter in text):
                raise ConversionError(str(error), place=node.place, next_step=_WRONG_DECIMAL) from error
            return _Amount(None, _SCALES[scale], shown, clip(text, 100))

    def _limits(self, holder: Node, low: _Amount | None, high: _Amount | None, exponent: int) -> Limits:
        """The limits in the scale of the value."""
        least = low.at(exponent) if low else None
        most = high.at(exponent) if high else None
        if least is not None and most is not None:
            if least > most:
                self._report.warn(f"{holder.place}: the low limit {least:g} is above the high one {most:g}")
            return between(least, most)
        if least is not None:
            return at_least(least)
        return at_most(most) if most is not None else log_only()


_BOUNDS: Final = ("LOLIM", "HILIM")


def _tests(step: Node) -> Iterator[_Test]:
    for page in step.all("PAGE"):
        holders = [one for one in page.nodes if one.key in {"ANA", "INTC"}]
        pairs: list[tuple[Node, Node | None]] = []
        for holder in holders:
            results = holder.all("INTC_RESULT")
            pairs += [(holder, one) for one in results] or [(holder, None)]
        if not pairs:
            yield _Test(page, page, None, several=False)
        for holder, result in pairs:
            yield _Test(page, holder, result, several=len(pairs) > 1)


def _status(node: Node, word: str) -> Status:
    try:
        return status_of(word)
    except ValueError as error:
        raise node.error(str(error) if word else "the step has no verdict") from error
