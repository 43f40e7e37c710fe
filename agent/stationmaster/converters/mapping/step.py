"""Rows become steps: the rule that fits, the kind of step, the sequences it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from stationmaster.api import (
    CompOp,
    ConversionError,
    Limits,
    Report,
    Sequence,
    Status,
)
from stationmaster.api.notes import Notes
from stationmaster.api.reading import unread_status
from stationmaster.api.step import Step
from stationmaster.converters.mapping.cell import Reader
from stationmaster.converters.mapping.curve import Curves
from stationmaster.converters.mapping.limits import compared, limits_of, next_step_of, read_limits
from stationmaster.converters.mapping.numeral import SeparatedError
from stationmaster.converters.mapping.pick import Cells, Row
from stationmaster.converters.mapping.schema import Mapping, StepKind, StepRule, Wide
from stationmaster.converters.mapping.wide import add_wide

_Kept = TypeVar("_Kept")
_TRUE_FALSE: Final = {"true", "false"}


class Steps:
    """The steps of one report, while rows come."""

    def __init__(self, root: Sequence, mapping: Mapping, read: Reader, *, result: str = "") -> None:
        """Begin below `root`; `result` is the unit's, "" where the file does not say it."""
        self._result = result
        self._root = root
        self._rules = mapping.step
        self._read = read
        self._at = root
        self._path: tuple[str, ...] = ()
        self._opened: list[Sequence] = []
        self._curves = Curves(read)
        self._kept: tuple[str, StepKind, object] | None = None
        self._count = self._left = self._unjudged = self._cut_off = 0
        self._first_cut = ""
        self._notes = Notes()

    def add(self, row: Cells, rule: StepRule | None = None) -> None:
        """Make of a row what its rule says; the first that fits, where none is given.

        Raises:
            ConversionError: a value of it cannot be read.
        """
        rule = rule or self._rule_for(row)
        if rule is None:
            self._left += 1
            return
        if rule.skip:
            return
        if isinstance(row, Row) and row.dropped:
            self._drop(row)
        if rule.kind == "axis":
            self._curves.axis(rule, row)
            return
        self._count += 1
        name, groups = self._names(rule, row)
        if rule.wide is not None and isinstance(row, Row):
            self._wide(rule.wide, row, [*groups, name] if name else groups)
            return
        self._open(tuple(groups))
        try:
            step = self._step(rule, row, name or "Step")
        except ValueError as error:
            raise ConversionError(
                str(error),
                place=f"{row.place}, step {name[:60]!r}",
                next_step=error.next_step if isinstance(error, SeparatedError) else "",
            ) from error
        text = self._read.text(rule.text, row, "step.text")
        seconds = self._read.number(rule.seconds, row, "step.seconds")
        if step is not None and (text or seconds is not None):
            step.details(text=text or None, total_time=seconds)

    def end(self, report: Report, unit: Cells) -> None:
        """All rows have come.

        Raises:
            ConversionError: none of them became a step.
        """
        if not self._count:
            raise ConversionError(
                "no row became a step",
                place=unit.place,
                next_step="Do the mapping's steps fit? Their `when` or `each` may ask for something else.",
            )
        self._curves.draw()
        report.warnings += self._notes.sentences()
        if self._left:
            report.warn(f"{self._left} rows fit no step of the mapping and were left out")
        if self._cut_off:
            count = f"{self._cut_off} cells" if self._cut_off > 1 else "a cell"
            report.warn(f"{count} in no named column dropped, {self._first_cut} for one")
        if self._unjudged:
            report.warn(
                f"{self._unjudged} rows have no verdict where the mapping takes it from: limits decide, "
                "and what has none is recorded without one"
            )

    def _drop(self, row: Row) -> None:
        """Count cells that no column took.

        Raises:
            ConversionError: one of them says that something failed; it must not count as passed.
        """
        bad = next(filter(self._read.is_bad, row.dropped), "")
        if bad:
            raise ConversionError(
                f"{bad[:40]!r} stands in no column with a name, and would be dropped: is it a verdict?",
                place=row.place,
                next_step='In the mapping, table.extra = "last" takes what stands beyond the columns for the '
                'last one, "keep" keeps it beside them; table.columns with header = 0 names all.',
            )
        self._first_cut = self._first_cut or f"{row.dropped[0][:40]!r} in {row.place}"
        self._cut_off += len(row.dropped)

    # ---------------------------------------------------------------- where
    def _rule_for(self, row: Cells) -> StepRule | None:
        for rule in self._rules:
            cells = ((row.get(name), pattern) for name, pattern in rule.when.items())
            if all(text is not None and re.fullmatch(pattern, text.strip()) for text, pattern in cells):
                return rule
        return None

    def _names(self, rule: StepRule, row: Cells) -> tuple[str, list[str]]:
        """The step's name, and those of the sequences above it."""
        groups: list[str] = []
        for given in rule.group if isinstance(rule.group, list) else [rule.group]:
            text = self._read.text(given, row, "step.group")
            groups += text.split(rule.split) if rule.split else [text]
        name = self._read.text(rule.name, row, "step.name")
        if rule.split:
            *above, name = name.split(rule.split)
            groups += above
        return name.strip(), [group.strip() for group in groups if group.strip()]

    def _open(self, path: tuple[str, ...], *, fresh: bool = False) -> None:
        """Go to the sequences of this path; those that are open already go on, but a fresh last one."""
        if path == self._path and not fresh:
            return
        same = 0
        while same < min(len(path), len(self._path)) and path[same] == self._path[same]:
            same += 1
        same = min(same, len(path) - 1) if fresh else same
        del self._opened[same:]
        at = self._opened[-1] if self._opened else self._root
        for name in path[same:]:
            at = at.sequence(name)
            self._opened.append(at)
        self._at, self._path, self._kept = at, path, None

    def _several(self, name: str, kind: StepKind, make: Callable[[], _Kept]) -> _Kept:
        """What the rows under one name share: a step of several measurements, the points of a curve.

        Raises:
            ValueError: the rows of this name are of several kinds.
        """
        if self._kept is None or self._kept[0] != name:
            self._kept = (name, kind, make())
        if self._kept[1] != kind:
            raise ValueError(
                f"a row of kind {kind!r} follows one of kind {self._kept[1]!r} under the same name: "
                "say the `kind` in the mapping, or give them names of their own"
            )
        kept: _Kept = self._kept[2]  # type: ignore[assignment]  # one kind of row makes one kind of step
        return kept

    # ---------------------------------------------------------------- what
    def _step(self, rule: StepRule, row: Cells, name: str) -> Step | None:
        value = self._read.text(rule.value, row, "step.value")
        word = self._read.text(rule.status, row, "step.status")
        status = self._read.status(word, row, "step.status") if word else None
        limits = self._limits(rule, row)
        kind = self._kind(rule, value, limits, status) if rule.kind == "auto" else rule.kind
        if rule.status != "" and not word and _is_judged(kind, value):
            self._unjudged += 1
            # Nothing says that it passed.
            compared = limits is not None or bool(self._read.text(rule.limit, row, "step.limit"))
            status = None if compared else Status.DONE
        measurement = self._read.text(rule.measurement, row, "step.measurement")
        if not measurement and (kind != "curve" or rule.x == ""):
            self._kept = None
        match kind:
            case "curve":
                chart = self._several(
                    name, kind, lambda: self._curves.begin(self._at, name, rule, row, status)
                )
                self._curves.add(chart, measurement or name, rule, row)
                return None
            case "action":
                return self._at.action(name, status or Status.DONE)
            case "passfail":
                verdict = status or self._read.status(value, row, "step.value")
                return self._passfail(name, measurement, verdict)
            case "string":
                limit = self._read.text(rule.limit, row, "step.limit") or None
                return self._string((name, measurement), value, limit, status)
        number = self._read.number(rule.value, row, "step.value")
        return self._numeric(rule, row, (name, measurement), number, (limits, status))

    def _passfail(self, name: str, measurement: str, status: Status) -> Step | None:
        if not measurement:
            return self._at.passfail(name, status)
        self._several(name, "passfail", lambda: self._at.multi_passfail(name)).add(measurement, status)
        return None

    def _string(
        self, names: tuple[str, str], value: str, limit: str | None, status: Status | None
    ) -> Step | None:
        name, measurement = names
        comp = CompOp.CASESENSIT if limit else CompOp.LOG
        if not measurement:
            return self._at.string(name, value, limit=limit, comp=comp, status=status)
        several = self._several(name, "string", lambda: self._at.multi_string(name))
        several.add(measurement, value, limit=limit, comp=comp, status=status)
        return None

    def _numeric(
        self,
        rule: StepRule,
        row: Cells,
        names: tuple[str, str],
        number: float | None,
        verdict: tuple[Limits | None, Status | None],
    ) -> Step | None:
        (name, measurement), (limits, status) = names, verdict
        if number is None:
            # There is nothing to compare: the verdict stays, the limits are told.
            told = f"no value; limits {limits.low} {limits.high}" if limits else "no value"
            status = status or unread_status(self._read.text(rule.value, row, "step.value"), limits)
            return self._at.passfail(name, status).details(text=told)
        unit = self._read.text(rule.unit, row, "step.unit")
        if measurement:
            several = self._several(name, "numeric", lambda: self._at.multi_numeric(name))
            several.add(measurement, number, unit=unit, limits=limits, status=status)
            return None
        return self._at.numeric(name, number, unit=unit, limits=limits, status=status)

    def _kind(self, rule: StepRule, value: str, limits: Limits | None, status: Status | None) -> StepKind:
        if rule.limit != "":
            return "string"
        if limits is not None:
            return "numeric"
        if not value:
            return "passfail" if status else "action"
        if value.casefold() in _TRUE_FALSE:
            return "passfail"
        try:
            return "numeric" if self._read.numeral.read(value) is not None else "passfail"
        except SeparatedError:
            raise
        except ValueError:
            return "string"

    def _limits(self, rule: StepRule, row: Cells) -> Limits | None:
        if rule.limits is not None:
            text = self._read.text(rule.limits.from_, row, "step.limits")
            unit = self._read.text(rule.unit, row, "step.unit")
            return self._told_limits(text, rule.limits.pattern, unit, f"{row.place}, step.limits")
        low, high = (self._read.number(getattr(rule, key), row, f"step.{key}") for key in ("low", "high"))
        if rule.zero_is_none and low == 0 and high == 0:
            return None
        word = self._read.text(rule.comp, row, "step.comp")
        if not word:
            return limits_of(low, high)
        word = rule.operators.get(word, word).upper()
        try:
            comp = CompOp(word)
        except ValueError:
            raise ConversionError(
                f"{word[:20]!r} is no comparison",
                place=f"{row.place}, step.comp",
                next_step='Name it in the step: operators = { "between" = "GELE" }, for example.',
            ) from None
        try:
            return compared(comp, low, high)
        except ValueError as error:
            raise ConversionError(
                str(error),
                place=f"{row.place}, step.comp",
                next_step='Take one of them: low = "" or high = "" in a step for such rows (`when`).'
                if low is not None and high is not None
                else "",
            ) from error

    def _told_limits(self, text: str, pattern: str, unit: str, place: str) -> Limits | None:
        try:
            return read_limits(text, pattern, self._read.numeral, unit=unit)
        except ValueError as error:
            raise ConversionError(str(error), place=place, next_step=next_step_of(error)) from error

    def _wide(self, wide: Wide, row: Row, groups: list[str]) -> None:
        """A sequence for the row, a numeric step for each of its measurements."""
        keys = " ".join(filter(None, (row.cells.get(key, "") for key in wide.keys)))
        path = (*groups, keys) if keys or groups else ()
        self._open(path, fresh=bool(path))
        self._unjudged += not add_wide(self._at, row, wide, self._read, self._notes, result=self._result)


def _is_judged(kind: StepKind, value: str) -> bool:
    """A row of this kind has a verdict of its own: not a title, nor a truth that is the value."""
    return kind in {"numeric", "string"} and bool(value)
