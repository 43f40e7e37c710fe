"""One file in one worker: search, conversion, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import msgspec

from stationmaster.clock import Clock
from stationmaster.convert.crew import Worker
from stationmaster.convert.job import Conversion, ConverterInfo, Failed, Job, NotYet, Outcome, discard
from stationmaster.convert.meta_file import INLINE, MetaFile
from stationmaster.convert.order import Order, Reply
from stationmaster.convert.search import Chosen, Search
from stationmaster.convert.share import hangs
from stationmaster.convert.trouble import Troubles
from stationmaster.convert.words import blame
from stationmaster.file_name import to_wire
from stationmaster.worker.error import ChildError
from stationmaster.worker.process import ChildProcess

MB = 1024 * 1024
MB_SECONDS = 2.0
"""Seconds that a file gets for each MB of it, on top of its limit: an old PC does a MB of STDF in that."""

MAKE_TIMEOUT = 10.0
"""Seconds in which a converter must be there to be asked for its options."""


class ConvertLimits(Protocol):
    """What the pool needs of the instance's settings."""

    @property
    def max_concurrent(self) -> int:
        """Conversions of this instance at once."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds for one file, on top of those for its size."""
        ...

    @property
    def memory_mb(self) -> int:
        """Memory of one worker, on top of what it has when idle."""
        ...

    @property
    def output_mb(self) -> float:
        """What a converter may print for one file."""
        ...


class Attempt:
    """Converts one file; use once."""

    def __init__(
        self,
        worker: Worker,
        *,
        troubles: Troubles,
        limits: ConvertLimits,
        results: Path,
        clock: Clock,
        spare: Callable[[], ChildProcess],
    ) -> None:
        """Do nothing yet.

        Args:
            results: path without suffix for the result files.
            spare: makes another process, to find out whether the file's share answers.
        """
        self._worker = worker
        self._troubles = troubles
        self._limits = limits
        self._results = results
        self._clock = clock
        self._spare = spare
        self.may_take = 0.0
        """Seconds that the conversion may take, once it has begun."""

    async def run(self, job: Job, infos: tuple[ConverterInfo, ...]) -> Outcome:
        """Search, convert, and note what that says about the converter."""
        memory_mb, output_mb = self._limits.memory_mb, self._limits.output_mb
        search = Search(
            self._worker.child,
            self._troubles,
            clock=self._clock,
            memory_mb=memory_mb,
            output_mb=output_mb,
            spare=self._spare,
        )
        chosen = await search.find(job, infos)
        if not isinstance(chosen, Chosen):
            return chosen
        try:
            outcome = await self._convert(job, chosen)
        except _OptionError as error:
            self._troubles.unusable(chosen.info.name, str(error))
            return NotYet(reason="held", text=str(error))
        return replace(outcome, confidences=chosen.confidences) if isinstance(outcome, Failed) else outcome

    async def _convert(self, job: Job, chosen: Chosen) -> Outcome:
        name = chosen.info.name
        options = dict(job.options.get(name, {}))
        seconds = _taken(options, "timeout", self._limits.timeout, chosen.info)
        seconds = self.may_take = allowed_seconds(seconds, job.state.size)
        memory_mb = int(_taken(options, "memory_mb", self._limits.memory_mb, chosen.info))
        order = self._order(job, chosen.info, options)
        self._troubles.breaker(name).let_through(self._clock.monotonic())
        try:
            await self._worker.child.start()
            answer = await self._worker.child.request(
                {"op": "convert", "order": msgspec.to_builtins(order)}, seconds, memory_mb=memory_mb
            )
        except ChildError as error:
            discard((order.payload_file, order.meta_file))
            hung = await hangs(error, job.path, self._spare)
            if hung is not None:
                return hung
            failed = blame(
                error,
                name=name,
                doing=f"converting {job.path.name}",
                seconds=seconds,
                memory_mb=memory_mb,
                output_mb=self._limits.output_mb,
            )
            self._troubles.breaker(name).failed(self._clock.monotonic(), failed.reason, fault=True)
            return failed
        except asyncio.CancelledError:
            discard((order.payload_file, order.meta_file))
            raise
        reply = msgspec.convert(answer["reply"], Reply)
        self._worker.worn = reply.retire
        return self._outcome(reply, order, chosen)

    def _order(self, job: Job, info: ConverterInfo, options: dict[str, Any]) -> Order:
        return Order(
            target=info.target,
            name=info.name,
            path=to_wire(job.path),
            origin=to_wire(_short(job.origin or job.path)),
            size=job.state.size,
            mtime_ns=job.state.mtime_ns,
            instance_id=str(job.instance_id),
            results=to_wire(self._results),
            options=options,
            station=job.station,
            resume=job.resume.decode() if job.resume else "",
            dry=job.dry,
            is_folder=job.is_folder,
            marker=job.marker,
        )

    def _outcome(self, reply: Reply, order: Order, chosen: Chosen) -> Outcome:
        name = chosen.info.name
        files = (order.payload_file, order.meta_file)
        if reply.outcome != "converted":
            # results of a file that changed while it was read
            discard(files)
        if reply.outcome == "unusable":
            self._troubles.unusable(name, reply.text)
            return NotYet(reason="held", text=reply.text)
        self._troubles.usable(name)
        breaker = self._troubles.breaker(name)
        if reply.outcome == "failed":
            breaker.failed(self._clock.monotonic(), reply.text, fault=reply.fault)
            return Failed(
                reason=reply.text, detail=reply.detail, place=reply.place, converter=name, fault=reply.fault
            )
        if reply.outcome != "converted":
            reason = cast('Literal["busy", "changed", "vanished", "full", "unstored"]', reply.outcome)
            return NotYet(reason=reason, text=reply.text)
        breaker.succeeded()
        many = reply.count > INLINE
        return Conversion(
            converter=name,
            version=chosen.info.version,
            code=chosen.info.code,
            digest=reply.digest,
            reports=MetaFile(order.meta_file, reply.count) if many else reply.metas,
            results=order.payload_file if reply.count else None,
            resume=reply.resume.encode() or None,
            warnings=reply.warnings,
            files=files,
            confidences=chosen.confidences,
            issues=reply.issues,
            seconds=reply.seconds,
        )


def allowed_seconds(limit: float, size: int) -> float:
    """How long a conversion may take: a large file is no hung converter, and a hung one ends all the same.

    Args:
        limit: seconds that any file gets.
        size: of the source in bytes.
    """
    return limit + MB_SECONDS * (size // MB)


async def usable(worker: Worker, info: ConverterInfo, given: Mapping[str, Any], limits: ConvertLimits) -> str:
    """Why a converter cannot be used with these options, "" where it can; no file is converted.

    Raises:
        ChildError: making it ended the worker, or raised.
    """
    options = dict(given)
    try:
        _taken(options, "timeout", limits.timeout, info)
        _taken(options, "memory_mb", limits.memory_mb, info)
    except _OptionError as error:
        return str(error)
    message = {"op": "usable", "target": info.target, "name": info.name, "options": options}
    return str((await worker.child.request(message, MAKE_TIMEOUT))["text"])


def _short(path: Path) -> Path:
    """The name of its folder, and its own: no path leads from a copy to its original."""
    return Path(path.parent.name, path.name)


class _OptionError(ValueError):
    """A limit in the options is no number."""


def _taken(options: dict[str, Any], key: str, default: float, info: ConverterInfo) -> float:
    """Take a limit out of the converter's options, unless it is an option of its own.

    Raises:
        _OptionError: it is no number above 0.
    """
    if key in info.option_names or key not in options:
        return default
    value = options.pop(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise _OptionError(f"Option {key} of converter {info.name} must be a number above 0, not {value!r}.")
    return value
