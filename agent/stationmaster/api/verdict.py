"""The words testers use for a verdict."""

from __future__ import annotations

from stationmaster.api.report import Result
from stationmaster.api.status import Status

_WORDS: dict[Status, str] = {
    Status.PASSED: "p pass passed ok true good success",
    Status.FAILED: "f fail failed nok ng false bad failure",
    Status.SKIPPED: "s skip skipped notrun disabled notjudged suppressed",
    Status.DONE: "d done performed recordonly info completed",
    Status.ERROR: "e error exception runtimeerror timeout",
    Status.TERMINATED: "t abort aborted terminated break stopbyoperator",
}
_BY_WORD = {word: status for status, words in _WORDS.items() for word in words.split()}


def status_of(word: str) -> Status:
    """Status for a tester's word; case, blanks, `_` and `-` do not matter.

    Digits have no common meaning and are unknown here.

    Raises:
        ValueError: an unknown word. It must never count as passed.
    """
    status = _BY_WORD.get(word.casefold().replace(" ", "").replace("_", "").replace("-", ""))
    if status is None:
        raise ValueError(f"{word[:40]!r} is no verdict we know")
    return status


def result_of(word: str) -> Result:
    """Result of a report for a tester's word.

    Raises:
        ValueError: an unknown word, or one that says that nothing was tested.
    """
    status = status_of(word)
    if status is Status.SKIPPED:
        raise ValueError(f"{word[:40]!r} is no result of a whole test")
    return Result(status.value)
