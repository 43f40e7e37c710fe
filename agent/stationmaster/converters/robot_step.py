"""Suites, tests and keywords of Robot Framework as steps of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stationmaster.api import (
    ConversionError,
    Group,
    Limits,
    Report,
    Sequence,
    Station,
    Status,
    Step,
    at_least,
    at_most,
    between,
)
from stationmaster.api.local_time import local_time
from stationmaster.api.number import parse_number
from stationmaster.api.reading import add_reading, unread_status
from stationmaster.api.text import clip, one_line, strip_ansi
from stationmaster.converters.robot_tree import Node

_STATUSES: Final = {
    "PASS": Status.PASSED,
    "FAIL": Status.FAILED,
    "SKIP": Status.SKIPPED,
    "NOT RUN": Status.SKIPPED,
    "NOT_RUN": Status.SKIPPED,
    "ERROR": Status.ERROR,
}
_TOLD: Final = {"FAIL", "WARN", "ERROR"}
_GROUPS: Final = {"setup": Group.SETUP, "teardown": Group.CLEANUP}
_NAMES: Final = {"setup": "Setup", "teardown": "Teardown"}
_MAX_TEXT: Final = 5000


def read_status(node: Node) -> Status | None:
    """Robot's verdict; None where there is none.

    Raises:
        ConversionError: a word that Robot does not write.
    """
    if not node.status:
        return None
    status = _STATUSES.get(node.status)
    if status is None:
        raise ConversionError(f"{node.status[:40]!r} is no status of Robot Framework", place=node.place)
    return status


def number_pattern(text: str) -> re.Pattern[str] | None:
    """The option `number_pattern`, ready for use.

    Raises:
        ConversionError: it is no regular expression, or has not the groups that it needs.
    """
    if not text:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ConversionError(f"the option number_pattern is no regular expression: {error}") from error
    if not {"name", "value"} <= pattern.groupindex.keys():
        raise ConversionError(
            "the option number_pattern has not both groups, (?P<name>...) and (?P<value>...)",
            next_step="Groups unit, low and high may be there, too.",
        )
    return pattern


class Steps:
    """Adds the suites of one file to a report."""

    def __init__(
        self, report: Report, station: Station, pattern: re.Pattern[str] | None, *, keywords: bool, most: int
    ) -> None:
        """Begin.

        Args:
            report: to add to.
            station: whose clock the times are of.
            pattern: which messages are measurements.
            keywords: they become steps, too.
            most: how many keywords at most.
        """
        self._report = report
        self._station = station
        self._pattern = pattern
        self._keywords = keywords
        self._left = most
        self._omitted = 0
        self._culprit: Step | None = None
        self._uncritical = False

    def add(self, suite: Node) -> None:
        """Add all that is in the root suite."""
        self._suite(self._report.root, suite)
        if self._omitted:
            self._report.warn(f"{self._omitted} keywords were left out, see the option max_keywords")
        if self._uncritical and self._culprit is not None:
            self._culprit.details(caused_failure=True)

    def _suite(self, sequence: Sequence, suite: Node) -> None:
        self._details(sequence, suite)
        for child in suite.children:
            if child.kind == "suite":
                self._suite(sequence.sequence(_name(child), status=read_status(child)), child)
            elif child.kind == "test":
                self._test(sequence, child)
            else:
                self._keyword(sequence, child)

    def _test(self, parent: Sequence, test: Node) -> None:
        status = read_status(test)
        measured = list(self._measured(test))
        below = test.children if self._keywords else []
        step: Step
        if below or measured:
            step = sequence = parent.sequence(_name(test), status=status)
            self._numbers(sequence, [*_own(test)] if self._keywords else measured)
            for child in below:
                self._keyword(sequence, child)
        elif status is None:
            raise ConversionError("the test has no status", place=test.place)
        else:
            step = parent.passfail(_name(test), status)
        self._details(step, test)
        if status is Status.FAILED and not test.critical:
            self._uncritical = True
        elif status is Status.FAILED and self._culprit is None:
            self._culprit = step

    def _keyword(self, parent: Sequence, keyword: Node) -> None:
        if self._left <= 0 and read_status(keyword) is not Status.FAILED:
            self._omitted += sum(1 for _ in keyword.walk())
            return
        self._left -= 1
        status = read_status(keyword)
        below = keyword.children if self._keywords else []
        own = list(_own(keyword)) if self._keywords else list(self._measured(keyword))
        step: Step
        if below or any(self._match(text) for text in own):
            step = sequence = parent.sequence(_name(keyword), status=status)
            self._numbers(sequence, own)
            for child in below:
                self._keyword(sequence, child)
        else:
            step = parent.action(_name(keyword), status or Status.DONE)
        self._details(step, keyword)
        if keyword.role:
            step.details(group=_GROUPS[keyword.role])

    def _details(self, step: Step, node: Node) -> None:
        step.details(total_time=node.seconds)
        if node.start is not None and node.kind != "keyword":
            step.details(start=local_time(node.start, self._station).at)
        failed = node.kind != "keyword" and read_status(node) is Status.FAILED
        if failed and node.message:
            step.details(error_message=clip(strip_ansi(node.message), 1000))
        text = "\n".join(dict.fromkeys(filter(None, self._texts(node))))
        if text:
            step.details(text=clip(strip_ansi(text), _MAX_TEXT))

    def _texts(self, node: Node) -> Iterator[str]:
        """What there is to say, each thing once."""
        if node.kind == "keyword" and node.arguments:
            yield f"Arguments: {' | '.join(node.arguments)}"
        if node.kind == "test" and not node.critical:
            yield "Not critical: its failure does not fail the run"
        told = [node] if self._keywords else node.walk()
        messages = [one for this in told for one in this.messages if one.level in _TOLD]
        for one in messages:
            yield f"{one.level}: {one.text}"
        # A keyword that holds others repeats what is said of them.
        leaf = node.kind != "keyword" or not node.children
        if leaf and node.message and all(one.text.strip() != node.message for one in messages):
            yield node.message

    def _measured(self, node: Node) -> Iterator[str]:
        """Texts of all messages in and below a test that are measurements."""
        if self._pattern is not None:
            for below in node.walk():
                yield from (text for text in _own(below) if self._match(text))

    def _match(self, text: str) -> re.Match[str] | None:
        return self._pattern.search(text[:_MAX_TEXT]) if self._pattern is not None else None

    def _numbers(self, sequence: Sequence, texts: list[str]) -> None:
        for text in texts:
            found = self._match(text)
            if found is None:
                continue
            groups = {key: (value or "").strip() for key, value in found.groupdict().items()}
            try:
                value, low, high = (parse_number(groups.get(key, "")) for key in ("value", "low", "high"))
            except ValueError as error:
                self._report.warn(f"{text[:60]!r} matches number_pattern, but {error}")
                continue
            name, unit = one_line(groups["name"], 200), one_line(groups.get("unit", ""), 50)
            limits = _limits(low, high)
            if value is not None:
                sequence.numeric(name, value, unit=unit, limits=limits)
            elif unread_status(groups.get("value", ""), limits) is Status.ERROR:
                add_reading(sequence, name, None, status=Status.ERROR, unit=unit, limits=limits)


def _own(node: Node) -> Iterator[str]:
    return (message.text for message in node.messages)


def _name(node: Node) -> str:
    return one_line(node.name, 500) or _NAMES.get(node.role, "-")


def _limits(low: float | None, high: float | None) -> Limits | None:
    if low is None:
        return None if high is None else at_most(high)
    return at_least(low) if high is None else between(low, high)
