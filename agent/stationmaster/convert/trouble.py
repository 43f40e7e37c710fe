"""What is wrong with an instance's converters, as Problems; each keeps the moment it was first seen."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime

from stationmaster.clock import Clock
from stationmaster.convert.breaker import Breaker
from stationmaster.convert.registry import Registry
from stationmaster.home.frozen import own
from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster.sentence import joined

_LOG_STEP = "Look at the error list for details; the converter is loaded again when its file changes."


def _start_step() -> str:
    program = own()
    if program is not None and program.trouble():
        if sys.platform == "win32":
            return "Start the agent anew: stationmaster agent stop, then: stationmaster agent start"
        return (
            "Nothing: the agent ends by itself and comes again. If not, start it: stationmaster agent start"
        )
    return "Check memory and the limit of processes on this PC."


class Troubles:
    """Collects trouble; `problems` tells what there is now."""

    def __init__(self, instance: str, registry: Registry, *, clock: Clock, wanted: Iterable[str]) -> None:
        """Nothing is wrong yet.

        Args:
            wanted: names of the converters that the instance's folders use.
        """
        self._instance = instance
        self._registry = registry
        self._clock = clock
        self._wanted = frozenset(wanted)
        self._since: dict[tuple[str, str], datetime] = {}
        self._breakers: dict[str, Breaker] = {}
        self._unusable: dict[str, str] = {}
        self._missing: set[str] = set()
        self._single: set[str] = set()
        self._ties: dict[tuple[str, ...], str] = {}
        self._start_failure = ""

    def breaker(self, name: str) -> Breaker:
        """The record of one converter."""
        return self._breakers.setdefault(name, Breaker())

    def reloaded(self) -> None:
        """All converters are new: give each another chance."""
        self._breakers.clear()
        self._unusable.clear()
        self._ties.clear()
        self._missing.clear()
        self._single.clear()

    def missing(self, name: str) -> None:
        """A folder names a converter that is not there."""
        self._missing.add(name)

    def takes_files_only(self, name: str) -> None:
        """A watch folder hands whole folders to a converter that takes files."""
        self._single.add(name)

    def unusable(self, name: str, text: str) -> None:
        """A converter cannot be used as configured."""
        self._unusable[name] = text

    def usable(self, name: str) -> None:
        """A converter took a file."""
        self._unusable.pop(name, None)

    def tied(self, names: tuple[str, ...], text: str) -> None:
        """Two converters claim the same file."""
        self._ties[tuple(sorted(names))] = text

    def untied(self, names: Iterable[str]) -> None:
        """These converters told a file apart: their tie was an exception, or is mended."""
        told = set(names)
        self._ties = {tie: text for tie, text in self._ties.items() if not told.issuperset(tie)}

    def start_failed(self, text: str) -> None:
        """No worker can be started; "" when one can."""
        self._start_failure = text

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong now, in a stable order."""
        found: dict[tuple[str, str], Problem] = {}
        for problem in (*self._loading(), *self._using(), *self._failing()):
            found.setdefault((problem.code.value, problem.subject), problem)
        self._since = {key: problem.since for key, problem in found.items()}
        return tuple(found.values())

    def _loading(self) -> Iterable[Problem]:
        for failure in self._registry.failures:
            yield self._problem(
                ProblemCode.CONVERTER_FAILING,
                failure.subject,
                title=f"Converter {failure.subject} cannot be loaded",
                text=failure.text,
                next_step="Mend or remove it; it is loaded again when its file changes.",
            )
        known = self._registry.converters
        broken = {name for failure in self._registry.failures for name in failure.names}
        wanted = self._wanted | self._missing if self._registry.generation else self._missing
        for name in sorted(wanted - known.keys() - broken):
            yield self._problem(
                ProblemCode.CONVERTER_MISSING,
                name,
                title=f"Converter {name} is missing",
                text=f"A watch folder names converter {name}, but there is none of that name: files wait.",
                next_step=f"Correct the name or add the converter. Known are: {', '.join(sorted(known))}.",
            )

    def _failing(self) -> Iterable[Problem]:
        for name, breaker in sorted(self._breakers.items()):
            if breaker.holding:
                text = joined(
                    f"{breaker.faults} files in a row made it fail, so files wait.",
                    f"The last: {breaker.last}",
                )
                severity = Severity.ERROR
            elif breaker.suspicious:
                text = (
                    f"None of the last {breaker.failures} files could be converted. The last: {breaker.last}"
                )
                severity = Severity.WARNING
            else:
                continue
            title = f"Converter {name} fails on every file"
            yield self._problem(
                ProblemCode.CONVERTER_FAILING,
                name,
                title=title,
                text=text,
                next_step=_LOG_STEP,
                severity=severity,
            )

    def _using(self) -> Iterable[Problem]:
        for name, text in sorted(self._unusable.items()):
            yield self._problem(
                ProblemCode.CONVERTER_FAILING,
                name,
                title=f"Converter {name} cannot be used",
                text=joined(text, "Its files wait."),
                next_step="Correct the watch folder's options for it.",
            )
        for name in sorted(self._single):
            yield self._problem(
                ProblemCode.CONVERTER_FAILING,
                name,
                title=f"Converter {name} takes no folders",
                text=f"A watch folder with a marker hands whole folders to converter {name}, which takes "
                "single files. Its folders wait.",
                next_step="Remove `marker` from that watch folder, or name a converter that takes folders.",
            )
        for names, text in sorted(self._ties.items()):
            yield self._problem(
                ProblemCode.DETECTION_TIE,
                ", ".join(names),
                title="Two converters claim the same file",
                text=text,
                next_step="Name only one of them for this watch folder.",
            )
        if self._start_failure:
            yield self._problem(
                ProblemCode.CONVERTER_FAILING,
                "worker",
                title="No converter process can be started",
                text=joined(self._start_failure, "Files wait until one can."),
                next_step=_start_step(),
            )

    def _problem(
        self,
        code: ProblemCode,
        subject: str,
        *,
        title: str,
        text: str,
        next_step: str,
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        since = self._since.setdefault((code.value, subject), self._clock.now())
        return Problem(
            code=code,
            severity=severity,
            title=title,
            text=text,
            next_step=next_step,
            instance=self._instance,
            subject=subject,
            since=since,
        )
