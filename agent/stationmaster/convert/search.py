"""Before a conversion: which converter takes the file, and has the tester finished writing it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.clock import Clock
from stationmaster.convert.detection import SURE, choose
from stationmaster.convert.job import ConverterInfo, Failed, Job, NotYet
from stationmaster.convert.order import Look, Reply
from stationmaster.convert.share import hangs
from stationmaster.convert.trouble import Troubles
from stationmaster.convert.words import blame
from stationmaster.file_name import to_wire
from stationmaster.worker.error import ChildError, ChildTimeoutError
from stationmaster.worker.process import ChildProcess

LOOK_TIMEOUT = 2.0
"""Seconds in which a converter must say whether a file is its own, and whole."""
_ACCEPTS = "accept_incomplete"
"""The option of converters that can report a unit which was never finished."""
_NAMED = 3
"""Converters that are named where none of them knows a file; more are counted."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The converter for a file."""

    info: ConverterInfo
    confidences: Mapping[str, int] = field(default_factory=dict)


class Search:
    """Looks at one file in `child`, 2 s for each look."""

    def __init__(
        self,
        child: ChildProcess,
        troubles: Troubles,
        *,
        clock: Clock,
        memory_mb: int,
        output_mb: float,
        spare: Callable[[], ChildProcess],
    ) -> None:
        """Look at nothing yet; `spare` makes another process, to find out whether a file can be read."""
        self._child = child
        self._troubles = troubles
        self._clock = clock
        self._memory_mb = memory_mb
        self._output_mb = output_mb
        self._spare = spare
        self._is_folder = False

    async def find(self, job: Job, infos: tuple[ConverterInfo, ...]) -> Chosen | NotYet | Failed:
        """The converter that takes the complete file, or why there is none now."""
        self._is_folder = job.is_folder
        alone = len(infos) == 1 and not job.ask
        chosen = Chosen(infos[0]) if alone else await self._detect(job.path, infos)
        if not isinstance(chosen, Chosen):
            return chosen
        if self._held(chosen.info.name):
            text = f"Converter {chosen.info.name} is on hold: {self._troubles.breaker(chosen.info.name).last}"
            return NotYet(reason="held", text=text)
        return await self._complete(job, chosen)

    async def _detect(self, path: Path, infos: tuple[ConverterInfo, ...]) -> Chosen | NotYet | Failed:
        """Ask each converter; one that fails at it gives the file to nobody but a sure one."""
        confidences: dict[str, int] = {}
        silent: Failed | NotYet | None = None
        for info in infos:
            if self._held(info.name):
                silent = NotYet(
                    reason="held", text=f"Converter {info.name}, which may know the file, is on hold."
                )
                continue
            answer = await self._look("detect", path, info)
            if isinstance(answer, NotYet):
                return answer
            if isinstance(answer, Failed):
                silent = answer
            else:
                confidences[info.name] = int(answer["confidence"])
        choice = choose(confidences)
        if choice.tied:
            return replace(self._tie(path, choice.tied, confidences[choice.tied[0]]), confidences=confidences)
        if silent is not None and confidences.get(choice.name, 0) < SURE:
            return silent
        if not choice.name:
            return Failed(
                reason=f"No converter of its folder knows {path.name} ({_asked(confidences)}).",
                confidences=confidences,
            )
        self._troubles.untied(confidences)
        return Chosen(next(info for info in infos if info.name == choice.name), confidences)

    async def _complete(self, job: Job, chosen: Chosen) -> Chosen | NotYet | Failed:
        if not chosen.info.completes:
            return chosen
        if job.overdue and _ACCEPTS in chosen.info.option_names:
            return chosen  # it knows what is missing, and its option says what to do then
        path = job.path
        answer = await self._look("complete", path, chosen.info)
        if isinstance(answer, (NotYet, Failed)):
            return answer
        if answer["complete"]:
            return chosen
        return NotYet(
            reason="incomplete", text=f"{path} is not complete yet, says converter {chosen.info.name}."
        )

    async def _look(self, op: str, path: Path, info: ConverterInfo) -> dict[str, Any] | NotYet | Failed:
        """One look; a converter that fails at it is to blame, unless the file cannot be read at all."""
        answer = await self._asked(op, path, info)
        if isinstance(answer, ChildTimeoutError):
            # a disk that had to wake up, a share that was away for a moment: then the second look is quick
            hung = await hangs(answer, path, self._spare)
            if hung is not None:
                return hung
            answer = await self._asked(op, path, info)
        if isinstance(answer, ChildError):
            failed = blame(
                answer,
                name=info.name,
                doing=f"looking at {path.name}",
                seconds=LOOK_TIMEOUT,
                memory_mb=self._memory_mb,
                output_mb=self._output_mb,
            )
            self._troubles.breaker(info.name).failed(self._clock.monotonic(), failed.reason, fault=True)
            return failed
        if "trouble" in answer:
            reply = msgspec.convert(answer["trouble"], Reply)
            return NotYet(reason="vanished" if reply.outcome == "vanished" else "busy", text=reply.text)
        return answer

    async def _asked(self, op: str, path: Path, info: ConverterInfo) -> dict[str, Any] | ChildError:
        """What the worker answers, or how it ended."""
        look = Look(target=info.target, path=to_wire(path), is_folder=self._is_folder)
        try:
            await self._child.start()
            return await self._child.request(
                {"op": op, "look": msgspec.to_builtins(look)}, LOOK_TIMEOUT, memory_mb=self._memory_mb
            )
        except ChildError as error:
            return error

    def _held(self, name: str) -> bool:
        return self._troubles.breaker(name).held(self._clock.monotonic())

    def _tie(self, path: Path, names: tuple[str, ...], confidence: int) -> Failed:
        claim = f"{path.name} is claimed by {' and '.join(names)} alike (confidence {confidence})"
        self._troubles.tied(names, f"{claim}: it is on the error list.")
        return Failed(reason=f"{claim}. Name only one of them for its folder.")


def _asked(confidences: Mapping[str, int]) -> str:
    """Who was asked, in words; a few by name."""
    if len(confidences) > _NAMED:
        return f"{len(confidences)} were asked"
    return f"asked: {', '.join(confidences) or 'none'}"
