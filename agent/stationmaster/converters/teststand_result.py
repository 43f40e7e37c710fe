"""From TestStand's result containers (`TEResult`) to steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from stationmaster.api import CompOp, Group, Limits, Status
from stationmaster.api.notes import Notes
from stationmaster.api.xml import Element, children, place
from stationmaster.converters.teststand_limits import tolerance
from stationmaster.converters.teststand_prop import flag, members, number, prop, text, value_of, whole
from stationmaster.converters.teststand_tree import Call, Loop, Node, Row
from stationmaster.converters.teststand_word import Words

_GROUPS: Final = {"setup": Group.SETUP, "cleanup": Group.CLEANUP}
_SEQUENCES: Final = frozenset({"SequenceCall", "WATS_SeqCall"})
_TEXT_COMPS: Final = {
    "casesensitive": CompOp.CASESENSIT,
    "casesensit": CompOp.CASESENSIT,
    "equal": CompOp.CASESENSIT,
    "eq": CompOp.CASESENSIT,
    "ignorecase": CompOp.IGNORECASE,
}
_READ: Final = frozenset(
    {"Error", "Status", "ReportText", "TS", "PassFail", "String", "Measurement"}
    | {"Numeric", "Limits", "RawLimits", "Comp", "Units"}
)
_VALUES: Final = ("Data", "NumericData", "Numeric")
_TEXTS: Final = ("StringData", "String")


class ResultReader:
    """Reads the steps of one report.

    Args:
        base: the moment and the engine's seconds that belong together; None where nobody knows.
        words: what verdicts mean.

    Attributes:
        unknown: the first step's verdict that nobody knows, and where it stands.
    """

    def __init__(self, base: tuple[datetime, float] | None, words: Words) -> None:
        """Nothing is read yet."""
        self._base = base
        self._words = words
        self.unknown: tuple[str, str] | None = None
        self.notes = Notes()

    def node(self, element: Element) -> Node:
        """A step with those inside it. XML of ours is not deep: it may call itself."""
        ts = prop(element, "TS")
        kind = text(ts, "StepType").strip()
        caused = flag(ts, "StepCausedSequenceFailure") is True
        node = Node(
            name=text(ts, "StepName").strip(),
            kind=kind or ("SequenceCall" if prop(ts, "SequenceCall") is not None else "Action"),
            place=place(element),
            group=_GROUPS.get(text(ts, "StepGroup").strip().lower(), Group.MAIN),
            number=text(ts, "Id").strip(),
            start=self._start(number(ts, "StartTime")),
            total_time=number(ts, "TotalTime"),
            caused=caused,
            loop=_loop(ts),
        )
        node.status = self._status(text(element, "Status").strip(), node)
        self._error(element, node)
        node.texts.append(text(element, "ReportText").strip())
        self._measured(element, node)
        for one in children(element, "Prop"):
            if one.get("Name") not in _READ and (value := value_of(one)) not in (None, "", {}, []):
                node.remember(str(one.get("Name") or "-"), value or "")
        self._called(ts, node)
        return node

    def _start(self, seconds: float | None) -> datetime | None:
        if self._base is None or seconds is None:
            return None
        moment, engine = self._base
        try:
            return moment + timedelta(seconds=seconds - engine)
        except (OverflowError, ValueError):
            return None

    def _status(self, word: str, node: Node) -> Status | None:
        if not word:
            return None
        try:
            return self._words.status(word)
        except ValueError:
            self.unknown = self.unknown or (word, node.place)
            status = Status.FAILED if node.caused else Status.DONE
            node.texts.append(f"Status: {word}")
            self.notes.add(
                f"the status {word[:40]!r}, which the option words lacks, became {status}", node.place
            )
            return status

    def _error(self, element: Element, node: Node) -> None:
        error = prop(element, "Error")
        if flag(error, "Occurred"):
            node.error_code = whole(error, "Code")
            node.error_message = text(error, "Msg").strip()

    def _called(self, ts: Element | None, node: Node) -> None:
        """The sequence that a step calls; under a step that is no call itself it gets one of its own."""
        call = prop(ts, "SequenceCall")
        if call is None:
            return
        told = Call(
            path=text(call, "SequenceFile").strip(),
            name=text(call, "Sequence").strip(),
            version=text(call, "SequenceFileVersion").strip(),
        )
        steps = [self.node(one) for one in members(prop(call, "ResultList"))]
        if node.kind in _SEQUENCES:
            node.call, node.steps = told, steps
            return
        inner = Node(name=node.name, kind="SequenceCall", place=node.place, call=told, steps=steps)
        inner.called = True
        inner.status = self._status(text(call, "Status").strip(), inner)
        inner.group = node.group
        node.steps = [inner]

    # ---------------------------------------------------------------- measurements
    def _measured(self, element: Element, node: Node) -> None:
        if prop(element, "Numeric") is not None:
            node.numbers.append(self._number(element, "Numeric", node.status, node))
        if prop(element, "String") is not None:
            node.strings.append(self._text(element, "String", node))
        passed = flag(element, "PassFail")
        if passed is not None:
            node.verdicts.append(Row(value=passed, status=node.status))
        array = prop(element, "Measurement")
        for at, held in enumerate(members(array)):
            self._member(held, at, node)

    def _member(self, held: Element, at: int, node: Node) -> None:
        """One of several measurements: what it holds says what it is."""
        name = text(held, "MeasName").strip() or str(held.get("Name") or "").strip() or f"Measurement {at}"
        status = self._status(text(held, "Status").strip(), node)
        for key in (*_TEXTS, *_VALUES):
            found = prop(held, key)
            if found is None:
                continue
            if key in _TEXTS or found.get("Type") == "String":
                row = self._text(held, key, node)
                node.strings.append(row)
            else:
                row = self._number(held, key, status, node)
                node.numbers.append(row)
            row.name, row.status = name, status
            return
        passed = flag(held, "PassFail")
        node.verdicts.append(Row(name=name, value=passed, status=status))

    def _number(self, element: Element, key: str, status: Status | None, node: Node) -> Row:
        row = Row(value=number(element, key), unit=text(element, "Units").strip(), status=status)
        word = text(element, "Comp").strip().upper()
        low, high = number(element, "Limits", "Low"), number(element, "Limits", "High")
        if not word:
            self._uncompared(row, low, high, node)
            return row
        if word == "EQT":
            nominal = number(element, "Limits", "Nominal")
            threshold = text(element, "Limits", "ThresholdType").strip()
            row.limits, row.note = tolerance(nominal, low, high, threshold, row.unit)
        elif word != "LOG":
            row.limits = _limits(word, low, high)
        if row.limits is None and word != "LOG":
            self.notes.add("a comparison without its limits became LOG (only recorded)", node.place)
            row.note = f"Compared by {word}, its limits are not in the file"
        return row

    def _uncompared(self, row: Row, low: float | None, high: float | None, node: Node) -> None:
        """Limits without an operator: inside them, where that is what the verdict says."""
        if low is None or high is None or not isinstance(row.value, int | float):
            return
        limits = Limits(CompOp.GELE, low, high)
        if limits.passes(row.value) is (row.status is Status.PASSED):
            row.limits = limits
            self.notes.add("limits without an operator: Low and High were taken as GELE", node.place)
        else:
            row.note = f"Limits: {low:.15g} to {high:.15g}; how they compare is not told"

    def _text(self, element: Element, key: str, node: Node) -> Row:
        row = Row(value=text(element, key))
        word = text(element, "Comp").strip()
        held = prop(element, "Limits", "String")
        limit = text(held) if held is not None else text(element, "StringLimit")
        row.comp = _TEXT_COMPS.get(word.lower())
        if row.comp is not None:
            row.limit = limit
        elif word and word.upper() != "LOG":
            row.note = f"Expected, {word}: {limit}"
        elif not word and held is not None:
            row.comp, row.limit = CompOp.CASESENSIT, limit
            if (row.value == limit) is not (node.status is Status.PASSED):
                row.comp, row.limit, row.note = None, None, f"Limit: {limit}; how it compares is not told"
        return row


def _limits(word: str, low: float | None, high: float | None) -> Limits | None:
    try:
        comp = CompOp(word)
    except ValueError:
        return None
    if comp.bounds == 1:
        single = high if low is None else low
        return None if single is None else Limits(comp, single)
    return None if low is None or high is None else Limits(comp, low, high)


def _loop(ts: Element | None) -> Loop | None:
    found = Loop(
        index=whole(ts, "LoopIndex"),
        count=whole(ts, "NumLoops"),
        passed=whole(ts, "NumPassed"),
        failed=whole(ts, "NumFailed"),
    )
    return None if found.index is None and found.count is None else found


def numbers_in(stack: Element | None) -> Iterator[str]:
    """The numbers of the results in a stack of failures, the last one made the test fail."""
    for entry in members(stack):
        yield text(entry, "ResultId").strip()
