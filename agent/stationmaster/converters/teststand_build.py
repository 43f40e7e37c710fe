"""From TestStand's steps to those of a report: step types, measurements, loops, the culprit."""

from __future__ import annotations

import re
from typing import Final

from stationmaster.api import CompOp, Report, Sequence, Status, Step
from stationmaster.api.additional import Property, Value
from stationmaster.api.loop import difference, loops
from stationmaster.api.notes import Notes
from stationmaster.api.status import worst
from stationmaster.api.text import one_line, printable
from stationmaster.converters.teststand_tree import Node, Row

_ROLES: Final = {
    "NumericLimitTest": "number",
    "ET_NLT": "number",
    "NI_MultipleNumericLimitTest": "numbers",
    "ET_MNLT": "numbers",
    "WATS_XYGMNLT": "graph",
    "PassFailTest": "verdict",
    "ET_PFT": "verdict",
    "ET_MPFT": "verdicts",
    "StringValueTest": "string",
    "ET_SVT": "string",
    "ET_MSVT": "strings",
    "SequenceCall": "sequence",
    "WATS_SeqCall": "sequence",
    "MessagePopup": "message",
    "CallExecutable": "executable",
}
_ITERATION: Final = re.compile(r" ?\(Loop Index: ?[0-9]{1,9}\)$")
_BAD: Final = frozenset({"F", "E", "T"})


class Builder:
    """Adds steps to one report, and tells of what it had to decide."""

    def __init__(self, report: Report) -> None:
        """Nothing is added yet."""
        self._report = report
        self._notes = Notes()
        self._numbers: dict[str, Step] = {}

    def fill(self, root: Node, critical: str = "") -> None:
        """Add the steps of the root, and what the file says of the root itself.

        Args:
            root: the main sequence; its name and verdict are the report's already.
            critical: number of the result that made the test fail, where the file names it.
        """
        self._details(self._report.root, root)
        self._below(self._report.root, root.steps)
        self._name_culprit(critical)
        for text in self._notes.sentences():
            self._report.warn(text)

    def _below(self, parent: Sequence, nodes: list[Node]) -> None:
        self._add(parent, nodes)
        if nodes:
            self._fit_loops(parent)

    def _add(self, parent: Sequence, nodes: list[Node]) -> None:
        """Add steps; what a step calls that is no sequence follows it, or the loop that it is in.

        Readers of reports look for steps in sequences only.
        """
        called: list[Node] = []
        for node in nodes:
            if called and (node.loop is None or node.loop.index is None):
                self._add(parent, called)
                called = []
            step = self._step(parent, node)
            self._details(step, node)
            if "seqCall" in step.data:
                self._below(Sequence(step.data), node.steps)
            else:
                called += node.steps
        if called:
            self._add(parent, called)

    # ---------------------------------------------------------------- one step
    def _step(self, parent: Sequence, node: Node) -> Step:
        name = _ITERATION.sub("", node.name) if node.loop and node.loop.index is not None else node.name
        role = _ROLES.get(node.kind) or _by_content(node)
        if role == "sequence":
            return self._sequence(parent, node, name)
        if role in {"number", "numbers", "graph"} and any(row.value is not None for row in node.numbers):
            if role == "number" and len(node.numbers) == 1:
                step = self._number(parent, node, name)
            else:
                step = self._numbers_step(parent, node, name, graph=role == "graph")
        elif role in {"string", "strings"} and node.strings:
            step = self._strings(parent, node, name, one=role == "string")
        elif role == "verdicts" and node.verdicts:
            several = parent.multi_passfail(name, status=node.status)
            for row in node.verdicts:
                several.add(row.name or name, self._verdict(row, node))
            step = several
        elif role in {"message", "executable"}:
            step = self._other(parent, node, name, role)
        elif role == "other":
            step = parent.generic(node.kind or "Action", name, self._status(node))
        else:
            step = self._without_value(parent, node, name)
        if node.kind and node.kind not in _ROLES and role != "other":
            step.additional("Step type", {"name": node.kind})
        return step

    def _sequence(self, parent: Sequence, node: Node, name: str) -> Step:
        call = node.call
        step = parent.sequence(name, status=node.status)
        step.data["stepType"] = node.kind if node.kind in _ROLES else "SequenceCall"
        if call is not None:
            step.data["seqCall"] = {
                "path": one_line(call.path, 500) or name[:500],
                "name": one_line(call.name, 200) or name[:200],
                "version": one_line(call.version, 30) or "1.0",
            }
        return step

    def _number(self, parent: Sequence, node: Node, name: str) -> Step:
        row = node.numbers[0]
        assert isinstance(row.value, int | float)  # noqa: S101 - the caller looked
        self._say(node, row)
        if node.status is None:
            self._notes.add("a step without a verdict: its limits decided", node.place)
        return parent.numeric(
            name, row.value, unit=one_line(row.unit, 50), limits=row.limits, status=node.status
        )

    def _numbers_step(self, parent: Sequence, node: Node, name: str, *, graph: bool) -> Step:
        several = (
            parent.chart_multi_numeric(name, status=node.status)
            if graph
            else parent.multi_numeric(name, status=node.status)
        )
        lost: list[Status] = []
        for at, row in enumerate(node.numbers):
            label = row.name or f"Measurement {at}"
            self._say(node, row, label)
            if not isinstance(row.value, int | float):
                node.texts.append(f"{label}: no value{_bounds(row)}, {row.status or 'no verdict'}")
                lost.append(row.status or self._unread(row, node))
                continue
            if row.status is None and row.limits is not None:
                self._notes.add("a measurement without a verdict: its limits decided", node.place)
            several.add(label, row.value, unit=one_line(row.unit, 50), limits=row.limits, status=row.status)
        if node.status is None:
            several.data["status"] = worst((several.status, *lost))
        if node.curves:
            several.chart(one_line(name, 100), node.curves)
        return several

    def _strings(self, parent: Sequence, node: Node, name: str, *, one: bool) -> Step:
        if one and len(node.strings) == 1:
            row = node.strings[0]
            self._say(node, row)
            text = printable(str(row.value or ""))
            status = node.status or self._compared(row, node)
            return parent.string(name, text, limit=row.limit, comp=row.comp or CompOp.LOG, status=status)
        several = parent.multi_string(name, status=node.status)
        for row in node.strings:
            self._say(node, row, row.name or name)
            text = printable(str(row.value or ""))
            status = row.status or self._compared(row, node)
            several.add(row.name or name, text, limit=row.limit, comp=row.comp or CompOp.LOG, status=status)
        return several

    def _compared(self, row: Row, node: Node) -> Status:
        if row.comp is None:
            return Status.DONE
        self._notes.add("a text without a verdict: its limit decided", node.place)
        value, limit = str(row.value or ""), row.limit or ""
        if row.comp is CompOp.IGNORECASE:
            value, limit = value.casefold(), limit.casefold()
        return Status.of(value == limit)

    def _without_value(self, parent: Sequence, node: Node, name: str) -> Step:
        """A verdict alone: of a pass/fail test, of a skipped one, of one that got no number."""
        for row in node.numbers:
            node.texts.append(f"{row.name or 'no value'}{_bounds(row)}")
        status = node.status
        if status is None and len(node.verdicts) == 1:
            status = self._verdict(node.verdicts[0], node)
        elif status is None and node.numbers:
            missing = [self._unread(row, node) for row in node.numbers]
            status = Status.ERROR if Status.ERROR in missing else None
        return parent.passfail(name, status or self._status(node))

    def _unread(self, row: Row, node: Node) -> Status:
        """Of a number that is not there, and that nobody judged: beside limits it is an error, no pass."""
        if row.limits is None:
            return Status.DONE
        self._notes.add("a value with limits has neither a number nor a verdict: it is an error", node.place)
        return Status.ERROR

    def _other(self, parent: Sequence, node: Node, name: str, role: str) -> Step:
        status = self._status(node)
        if role == "message":
            response = _text(node.extra.pop("Response", ""))
            return parent.message(
                name, response=response, button=_whole(node.extra.pop("ButtonHit", "")) or 0, status=status
            )
        code = _whole(node.extra.pop("ExitCode", ""))
        if code is None:
            return parent.generic(node.kind, name, status)
        return parent.executable(name, code, status)

    def _status(self, node: Node) -> Status:
        if node.status is None:
            self._notes.add("a step without a verdict became D (done)", node.place)
        return node.status or Status.DONE

    def _verdict(self, row: Row, node: Node) -> Status:
        if row.status is not None:
            return row.status
        return Status.of(row.value) if isinstance(row.value, bool) else self._status(node)

    def _say(self, node: Node, row: Row, label: str = "") -> None:
        if row.note:
            node.texts.append(f"{label}: {row.note}" if label else row.note)

    def _details(self, step: Step, node: Node) -> None:
        step.details(
            group=node.group,
            start=node.start,
            total_time=max(0.0, node.total_time) if node.total_time is not None else None,
            text=printable("\n".join(text for text in node.texts if text)) or None,
            error_code=node.error_code,
            error_message=printable(node.error_message) or None,
        )
        if node.caused:
            step.data["causedSeqFailure"] = True
        if node.extra:
            step.additional("Additional results", node.extra)
        if node.number:
            self._numbers.setdefault(node.number, step)
        if node.loop is not None and node.loop.index is not None:
            step.data["loop"] = {"idx": node.loop.index}
        elif node.loop is not None and (node.loop.count or 0) > 0:
            step.data["loop"] = {
                "idx": None,
                "num": node.loop.count,
                "endingIndex": (node.loop.count or 0) - 1,
                "passed": node.loop.passed,
                "failed": node.loop.failed,
            }

    # ---------------------------------------------------------------- the whole
    def _fit_loops(self, parent: Sequence) -> None:
        """Counts follow the iterations that are there; what a server would not take as a loop is none."""
        for loop in loops(parent.data["steps"]):
            steps = [step for _, step in loop.iterations]
            indexes = [step["loop"]["idx"] for step in steps]
            unlike = loop.summary is None or any(difference(loop.summary, step) for step in steps)
            if unlike or min(indexes, default=0) < 0 or len(set(indexes)) < len(indexes):
                for step in [*([loop.summary] if loop.summary else []), *steps]:
                    told = {key: str(value) for key, value in step.pop("loop").items() if value is not None}
                    Step(step).additional("Loop", told)
                self._notes.add("a loop whose steps are not alike is told as single steps", parent.name)
            elif loop.summary is not None and loop.highest is not None:
                loop.summary["loop"] |= {"num": loop.highest + 1, "endingIndex": loop.highest}

    def _name_culprit(self, critical: str) -> None:
        if self._report.data.get("result") not in _BAD:
            return
        step = self._numbers.get(critical) if critical else None
        if step is None:
            step = _caused(self._report.root)
        if step is not None:
            step.data["causedUUTFailure"] = True


def _caused(root: Step) -> Step | None:
    """The step at the end of the chain of those that made their sequences fail."""
    found: Step | None = None
    step: Step | None = root
    while step is not None:
        step = next((one for one in step.steps if one.data.get("causedSeqFailure")), None)
        found = step or found
    return found


def _by_content(node: Node) -> str:
    """The role of a step type of somebody's own: what it measured says it."""
    if node.numbers:
        return "number" if len(node.numbers) == 1 and not node.numbers[0].name else "numbers"
    if node.strings:
        return "string" if len(node.strings) == 1 and not node.strings[0].name else "strings"
    if node.verdicts:
        return "verdicts" if len(node.verdicts) > 1 else "verdict"
    return "sequence" if node.call is not None else "other"


def _bounds(row: Row) -> str:
    if row.limits is None:
        return ""
    bounds = (row.limits.low, row.limits.high)
    told = " ".join(str(one) for one in bounds if one is not None)
    return f", {row.limits.comp.value} {told} {row.unit}".rstrip()


def _text(value: Value) -> str:
    inner = value.value if isinstance(value, Property) else value
    return inner if isinstance(inner, str) else "" if inner is None else str(inner)


def _whole(value: Value) -> int | None:
    try:
        return int(float(_text(value)))
    except (ValueError, OverflowError):
        return None
