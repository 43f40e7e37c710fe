"""A tester that stops in the middle: no part of a file may pass for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stationmaster.api.converter import Glimpse, Resume
from stationmaster.api.trial.case import Case, Outcome, words
from stationmaster.api.trial.finding import Findings
from stationmaster.api.trial.place import place_of
from stationmaster.sentence import closed

_SMALL, _MIDDLE = 256 * 1024, 4 * 1024 * 1024
_ENDED = frozenset("TE")
"""Results that say themselves that the test did not come to its end."""


def check_cut(case: Case, found: Findings) -> None:
    """Cut the sample at several places; each part must be refused, incomplete, or give true reports."""
    whole = {one.body: one.record for one in case.outcome.reports}
    halves: dict[str, list[_Half]] = {}
    for size in cuts(case.content):
        source = case.variant(case.content[:size])
        try:
            complete = case.complete(Glimpse.at(source.path))
        except Exception as error:  # noqa: BLE001 - the boundary to plug-in code
            _crash(case, found, size, f"is_complete() fails with {words(error)}")
            continue
        if not complete:
            continue
        part = case.run(source)
        if part.error is not None and not part.refused:
            _crash(case, found, size, f"convert() fails with {part.why}")
        elif part.good:
            _compare(case, found, size, whole, part, halves)
    for result, among in halves.items():
        _tell_halves(case, found, result, among)


def check_empty(case: Case, found: Findings) -> None:
    """An empty file is none of a tester's results."""
    source = case.variant(b"")
    try:
        if not case.complete(Glimpse.at(source.path)):
            return
    except Exception as error:  # noqa: BLE001 - the boundary to plug-in code
        _crash(case, found, 0, f"is_complete() fails with {words(error)}")
        return
    empty = case.run(source)
    if empty.error is not None and not empty.refused:
        _crash(case, found, 0, f"convert() fails with {empty.why}")
    elif empty.reports:
        found.error(
            "empty-file",
            f"An empty file becomes {len(empty.reports)} reports.",
            file=case.file,
            next_step="Raise ConversionError where nothing was tested.",
        )


def check_resume(case: Case, found: Findings) -> None:
    """A file that grows: its beginning and then its rest must give what the whole gives."""
    if case.outcome.resume is None:
        return
    _mark(case, found, case.outcome.resume, len(case.content))
    for size in cuts(case.content):
        source = case.variant(case.content[:size])
        begin = case.run(source)
        if not begin.good or begin.resume is None:
            continue
        _mark(case, found, begin.resume, size)
        rest = case.run(case.variant(case.content), begin.resume)
        got = begin.bodies + rest.bodies
        if rest.good and got == case.outcome.bodies:
            continue
        found.error(
            "resume",
            f"Converted up to byte {size} and then on from its Resume, the file gives {len(got)} reports "
            f"that are not the {len(case.outcome.reports)} of the whole file"
            + (closed(f": {rest.why}") if rest.error else "."),
            file=case.file,
            next_step="Set Resume.offset behind the last whole record, and go on from there.",
        )


def cuts(content: bytes) -> list[int]:
    """Where to cut: within lines, between them, and near both ends. Fewer where a file is large."""
    size = len(content)
    parts = 12 if size <= _SMALL else 5 if size <= _MIDDLE else 2
    wanted = {size * part // (parts + 1) for part in range(1, parts + 1)}
    wanted |= {min(3, size - 1), size - 1, size - 2, size - 4}
    last = content.rstrip().rfind(b"\n") + 1
    wanted |= {last, last + 1, last + (size - last) // 2}
    if size <= _MIDDLE:
        middle = content.find(b"\n", size // 2) + 1
        wanted |= {middle, middle + 1}
    return sorted(one for one in wanted if 0 < one < size)


class _Half(NamedTuple):
    """A report that a part gives and the whole does not."""

    size: int
    place: str


def _compare(
    case: Case,
    found: Findings,
    size: int,
    whole: dict[str, bytes | None],
    part: Outcome,
    halves: dict[str, list[_Half]],
) -> None:
    """What a part gives must be among what the whole gives; by result what is not goes to `halves`."""
    for taken in part.reports:
        if taken.body in whole:
            if taken.record != whole[taken.body]:
                found.warning(
                    "record-changes",
                    "While the file was shorter this unit had another report.record: it would be sent twice.",
                    place=place_of(case, taken),
                    file=case.file,
                    next_step="Set report.record to the bytes of the unit's own lines and no others.",
                )
            continue
        if taken.result in _ENDED:
            continue  # it says itself that the test did not end
        halves.setdefault(taken.result, []).append(_Half(size, place_of(case, taken)))


def _tell_halves(case: Case, found: Findings, result: str, among: Sequence[_Half]) -> None:
    """One finding for all places at which the file was cut."""
    size, place = among[0]
    line = case.content.count(b"\n", 0, size) + 1
    more = len({half.size for half in among}) - 1
    others = f", and at {more} other place{'s' if more > 1 else ''}," if more else ""
    tell = found.error if result == "P" else found.warning
    tell(
        "half-written",
        f"Of the file cut at byte {size} (line {line}){others} the converter makes a report with the result "
        f"{result}, that the whole file does not give.",
        place=place,
        file=case.file,
        next_step="Give the converter is_complete(), or raise ConversionError where the end is missing. "
        "In a mapping: table.end, text.end, or table.short.",
    )


def _mark(case: Case, found: Findings, mark: Resume, size: int) -> None:
    if not 0 <= mark.offset <= size:
        found.error(
            "resume",
            f"Resume.offset is {mark.offset}, the file has {size} bytes.",
            file=case.file,
            next_step="It counts bytes, not lines or characters.",
        )


def _crash(case: Case, found: Findings, size: int, what: str) -> None:
    found.error(
        "crash",
        f"On the file cut at byte {size}, {what}." if size else f"On an empty file, {what}.",
        file=case.file,
        next_step="Raise ConversionError with the place instead: five crashes in a row put it on hold.",
    )
