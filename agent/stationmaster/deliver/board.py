"""The Problems of one uploader: what each code is called, and since when it has been so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import msgspec

from stationmaster.clock import Clock
from stationmaster.errors import NeedsUserError, TransientError
from stationmaster.log import bound
from stationmaster.model import Problem, ProblemCode, Severity

_LOG = logging.getLogger(__name__)


class _Kind(NamedTuple):
    title: str
    severity: Severity
    time_to_visible: float = 0.0
    step: str = ""  # instead of the error's own, where the instance is known: its name is {instance}


LINK_PROBLEMS: dict[ProblemCode, _Kind] = {
    ProblemCode.CLIENT_CERTIFICATE: _Kind("The client certificate is not accepted", Severity.ERROR),
    ProblemCode.CONFIG_INVALID: _Kind("The server address is not valid", Severity.ERROR),
    ProblemCode.KEYRING_UNAVAILABLE: _Kind("The token store does not answer", Severity.ERROR),
    ProblemCode.LOGIN_REFUSED: _Kind(
        "The server does not accept the token",
        Severity.ERROR,
        step="Hand over a valid one: stationmaster instance edit {instance} --token-stdin",
    ),
    ProblemCode.PERMISSION_REFUSED: _Kind("The token may not submit reports", Severity.ERROR),
    ProblemCode.PROXY_LOGIN: _Kind("The proxy asks for a log-in", Severity.ERROR),
    ProblemCode.ROUTE_MISSING: _Kind("The server address leads to no WATS server", Severity.ERROR),
    ProblemCode.SERVER_ANSWER_FOREIGN: _Kind("The answer is not from WATS", Severity.WARNING, 30.0),
    ProblemCode.SERVER_BUSY: _Kind("The server is busy", Severity.WARNING, 300.0),
    ProblemCode.SERVER_REDIRECTS: _Kind("The server redirects us", Severity.WARNING, 30.0),
    ProblemCode.SERVER_UNREACHABLE: _Kind("The server cannot be reached", Severity.WARNING, 60.0),
    ProblemCode.TLS_UNTRUSTED: _Kind("The server's certificate is not trusted", Severity.ERROR),
    ProblemCode.TOKEN_MISSING: _Kind("No token is stored", Severity.ERROR),
}
"""Problems of the way to the server; each goes away with the next success."""

REPORT_PROBLEMS: dict[ProblemCode, _Kind] = {
    ProblemCode.CLOCK_OFFSET: _Kind("The clocks of station and server differ", Severity.WARNING),
    ProblemCode.REPORT_IN_FUTURE: _Kind("Reports are dated in the future", Severity.WARNING),
    ProblemCode.REPORT_PARKED: _Kind("The server fails on single reports", Severity.WARNING, 60.0),
}
"""Problems that stand beside a working link."""

_ALL = LINK_PROBLEMS | REPORT_PROBLEMS


class Board:
    """Problems by code. A Problem that is shown again keeps its `since`.

    Attributes:
        link_trouble: True while any Problem of `LINK_PROBLEMS` is shown.
    """

    def __init__(self, instance: str, clock: Clock, on_change: Callable[[], None]) -> None:
        """Start empty."""
        self._instance = instance
        self._log = bound(_LOG, instance)
        self._clock = clock
        self._on_change = on_change
        self._problems: dict[ProblemCode, Problem] = {}
        self.link_trouble = False

    def problems(self) -> tuple[Problem, ...]:
        """All Problems now."""
        return tuple(self._problems.values())

    def show(self, code: ProblemCode, text: str, *, next_step: str, subject: str = "") -> None:
        """Show a Problem, or bring its text up to date."""
        old = self._problems.get(code)
        since = old.since if old else self._clock.now()
        problem = shown_as(code, text, next_step, instance=self._instance, since=since, subject=subject)
        if problem == old:
            return
        if code in LINK_PROBLEMS:
            self.link_trouble = True
        if old is None:
            self._log.warning("%s: %s", code, text)
        self._problems[code] = problem
        self._on_change()

    def clear(self, *codes: ProblemCode) -> None:
        """Take Problems away; those that are not shown are passed over."""
        gone = [code for code in codes if self._problems.pop(code, None)]
        if gone:
            self._log.info("over: %s", ", ".join(gone))
            self.link_trouble = any(code in LINK_PROBLEMS for code in self._problems)
            self._on_change()

    def clear_link(self) -> None:
        """The way to the server works."""
        if self.link_trouble:
            self.clear(*LINK_PROBLEMS)

    def clear_link_but(self, code: ProblemCode) -> None:
        """Only `code` tells of the link now."""
        if self.link_trouble:
            self.clear(*(one for one in LINK_PROBLEMS if one is not code))


def told(error: TransientError | NeedsUserError, instance: str, now: datetime) -> Problem:
    """What an error on the way to the server shows as."""
    step = error.next_step
    if isinstance(error, TransientError):
        step = step or "Nothing to do: reports wait here and are sent when the server answers."
    return shown_as(link_code(error.code), error.text, step, instance=instance, since=now)


def shown_as(
    code: ProblemCode, text: str, next_step: str, *, instance: str, since: datetime, subject: str = ""
) -> Problem:
    """The Problem of a code."""
    kind = _ALL[code]
    return Problem(
        code=code,
        severity=kind.severity,
        title=kind.title,
        text=text,
        next_step=kind.step.format(instance=instance) if kind.step and instance else next_step,
        instance=instance,
        subject=subject,
        since=since,
        time_to_visible=kind.time_to_visible,
    )


def link_code(code: str) -> ProblemCode:
    """The Problem of the link that an error names; an unknown one counts as "cannot be reached"."""
    return next((one for one in LINK_PROBLEMS if one == code), ProblemCode.SERVER_UNREACHABLE)


class Parked(msgspec.Struct, frozen=True):
    """A report that fails although others get through.

    Attributes:
        at: monotonic time of its next try.
    """

    serial_number: str
    reason: str
    at: float


class Suspects:
    """Tells a report that fails alone from a server that fails.

    A report fails alone when it failed before, and the server took other reports since. Memory is bounded:
    forgetting a report only means that it takes one more failure to know it again.

    Attributes:
        parked: reports that fail alone.
        retrying: reports that failed otherwise, and the monotonic time of their next try.
    """

    LIMIT = 10_000

    def __init__(self) -> None:
        """Know nothing."""
        self._failed: dict[int, int] = {}
        self.parked: dict[int, Parked] = {}
        self.retrying: dict[int, float] = {}

    def __contains__(self, entry_id: int) -> bool:
        return entry_id in self._failed

    def __len__(self) -> int:
        return len(self._failed)

    def fails_alone(self, entry_id: int, *, attempts: int, before: int, successes: int) -> bool:
        """Record a failure; `before` and `successes` count the server's successes at sending and now."""
        since = self._failed.pop(entry_id, before if attempts else successes)
        self._failed[entry_id] = successes
        if len(self._failed) > self.LIMIT:
            self.clear(next(iter(self._failed)))
        return successes > since

    def park(self, entry_id: int, parked: Parked) -> None:
        """It fails alone."""
        self.retrying.pop(entry_id, None)
        self.parked.pop(entry_id, None)
        self.parked[entry_id] = parked

    def clear(self, entry_id: int) -> bool:
        """It got through, or left the queue; True when it was parked."""
        self._failed.pop(entry_id, None)
        self.retrying.pop(entry_id, None)
        return self.parked.pop(entry_id, None) is not None

    def sweep(self, before: float) -> bool:
        """Forget those whose next try was due before then: they left the queue. True when any was parked."""
        gone = [entry_id for entry_id, parked in self.parked.items() if parked.at < before]
        late = [entry_id for entry_id, at in self.retrying.items() if at < before]
        for entry_id in gone + late:
            self.clear(entry_id)
        return bool(gone)
