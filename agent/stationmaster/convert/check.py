"""Tries a converter in processes of its own: with limits, fresh, and with another hash seed and time zone."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.api import Station
from stationmaster.api.trial.finding import Finding, Findings, Severity
from stationmaster.api.trial.zone import PCS, compare_zones
from stationmaster.convert.check_worker import Assignment, FileOutcome
from stationmaster.convert.dry_run import DryLimits, list_converters
from stationmaster.convert.job import ConverterInfo
from stationmaster.convert.mapping_advice import for_mapping, is_mapping
from stationmaster.errors import ConfigError
from stationmaster.file_name import shown, to_wire
from stationmaster.sentence import closed, joined
from stationmaster.worker.error import ChildCrashedError, ChildError, ChildMemoryError, ChildTimeoutError
from stationmaster.worker.process import ChildProcess

MODULE = "stationmaster.convert.check_worker"
SECONDS = 120.0
"""For all trials of one file, and again for its larger copies."""

_PLAIN: Mapping[str, str] = {"PYTHONHASHSEED": "1", "TZ": PCS[0], "PYTHONWARNDEFAULTENCODING": "1"}


async def check(
    name: str,
    files: Sequence[Path],
    *,
    folder: Path | None = None,
    options: Mapping[str, Any] | None = None,
    station: Station | None = None,
    seconds: float = SECONDS,
    marker: str = "",
    told: Callable[[int], None] = lambda _: None,
) -> list[Finding]:
    """Try the converter `name` with samples; what was found, a file's findings together.

    Args:
        folder: the folder of converters in which it is looked for, beside those that are installed.
        options: the converter's options.
        station: defaults for what the files do not say.
        seconds: for all trials of one file.
        marker: of folders: the pattern of the files that say that one is complete.
        told: called with the number of files that are done.

    Raises:
        ConfigError: there is no such converter, it cannot be loaded, or a sample is a folder and it takes
            none.
    """
    info = await find(name, folder)
    if not info.folders and (wrong := next(filter(Path.is_dir, files), None)) is not None:
        code = "" if is_mapping(info) else " Or say takes_folders = True in the converter's class."
        raise ConfigError(
            f"{wrong} is a folder, and the converter {name} takes single files.",
            next_step=f"Name the files in it.{code}",
        )
    own = {key: value for key, value in (options or {}).items() if _is_own(key, info)}
    found: dict[Finding, None] = {}
    with tempfile.TemporaryDirectory(prefix="stationmaster-check-", ignore_cleanup_errors=True) as place:
        trial = _Trial(info, own, station or Station(), Path(place), seconds, marker)
        for number, file in enumerate(files):
            found.update(dict.fromkeys(await trial.alone(file)))
            told(number + 1)
        found.update(dict.fromkeys(await trial.together(files)))
        found.update(dict.fromkeys(await trial.fresh(files)))
    order = {file.name: number for number, file in enumerate(files)}
    told_so = (for_mapping(one) for one in found) if is_mapping(info) else found
    return sorted(told_so, key=lambda one: order.get(one.file, -1))


async def find(name: str, folder: Path | None) -> ConverterInfo:
    """The converter of this name.

    Raises:
        ConfigError: there is none, or it cannot be loaded.
    """
    infos, failures = await list_converters(folder)
    for info in infos:
        if info.name == name:
            return info
    for failure in failures:
        if failure.brings(name):
            raise ConfigError(failure.text, next_step=f"Correct {failure.subject}, then try it again.")
    where = f" in {folder}" if folder is not None else ""
    why = [failure.text for failure in failures]
    raise ConfigError(
        joined(f"There is no converter {name}{where}.", *why),
        next_step=f"There are: {', '.join(info.name for info in infos)}. "
        "With --dir or --instance those of a folder count too.",
    )


def _is_own(option: str, info: ConverterInfo) -> bool:
    """The host's own limits are no options of the converter."""
    return option not in {"timeout", "memory_mb"} or option in info.option_names


class _Trial:
    """The trials of one converter, each in a child that may be killed."""

    def __init__(
        self,
        info: ConverterInfo,
        options: dict[str, Any],
        station: Station,
        place: Path,
        seconds: float,
        marker: str,
    ) -> None:
        self._info = info
        self._options = options
        self._station = station
        self._place = place
        self._seconds = seconds
        self._marker = marker

    async def alone(self, file: Path) -> list[Finding]:
        """The trials of one file, then those of its larger copies."""
        found = await self._ask("alone", [file])
        return found + await self._ask("growth", [file])

    async def together(self, files: Sequence[Path]) -> list[Finding]:
        """Whether one file changes what comes of another."""
        return await self._ask("together", files)

    async def fresh(self, files: Sequence[Path]) -> list[Finding]:
        """The same files in processes that differ in one thing: what comes of them must not."""
        found = Findings()
        plain, other, far = [
            await self._outcomes(files, env, found)
            for env in (_PLAIN, {**_PLAIN, "PYTHONHASHSEED": "4242"}, {**_PLAIN, "TZ": PCS[1]})
        ]
        if plain is None or other is None or far is None:
            return list(found)
        for file, one, two, three in zip(files, plain, other, far, strict=True):
            name = shown(file.name)
            if one.reports != two.reports:
                found.error(
                    "not-repeatable",
                    "In another process the file gives other reports, or other records.",
                    file=name,
                    next_step="Take no order of a set, no hash(), no process number into a report.",
                )
            compare_zones(found, name, list(one.instants), list(three.instants))
            for guess in one.guesses:
                found.warning(
                    "encoding",
                    f"{guess} opens a text without saying its encoding: each PC then has one of its own.",
                    next_step="Use source.read_text(), or name the encoding.",
                )
        return list(found)

    # ---------------------------------------------------------------- children
    async def _ask(self, op: str, files: Sequence[Path]) -> list[Finding]:
        try:
            async with self._child({}) as child:
                answer = await child.request(
                    {"op": op, "assignment": self._assignment(files)}, self._seconds * len(files)
                )
        except ChildError as error:
            return [self._failed(error, op, files)]
        return msgspec.convert(answer["findings"], list[Finding])

    async def _outcomes(
        self, files: Sequence[Path], env: Mapping[str, str], found: Findings
    ) -> list[FileOutcome] | None:
        message = {"op": "outcome", "assignment": self._assignment(files)}
        try:
            async with self._child(env) as child:
                answer = await child.request(message, self._seconds * len(files))
        except ChildError as error:
            failed = self._failed(error, "outcome", files)
            found.error(failed.code, failed.text, next_step=failed.next_step)
            return None
        return msgspec.convert(answer["files"], list[FileOutcome])

    @asynccontextmanager
    async def _child(self, env: Mapping[str, str]) -> AsyncIterator[ChildProcess]:
        limits = DryLimits()
        child = ChildProcess(
            MODULE, memory_mb=limits.memory_mb, output_mb=limits.output_mb, folder=self._place, env=env
        )
        async with child:
            yield child

    def _assignment(self, files: Sequence[Path]) -> Any:
        return msgspec.to_builtins(
            Assignment(
                target=self._info.target,
                files=tuple(to_wire(file) for file in files),
                options=self._options,
                station=self._station,
                marker=self._marker,
            )
        )

    def _failed(self, error: ChildError, op: str, files: Sequence[Path]) -> Finding:
        file = shown(files[0].name) if len(files) == 1 else ""
        larger = " a larger copy of it" if op == "growth" else ""
        match error:
            case ChildTimeoutError():
                code = "grows-too-fast" if op == "growth" else "hangs"
                text = f"Within {self._seconds:g} s the converter was not done with{larger or ' it'}."
                step = "Look for a loop that does not end, or takes longer with each line."
            case ChildMemoryError():
                code, text = (
                    "memory",
                    f"The converter wanted more than 1024 MB of memory for{larger or ' it'}.",
                )
                step = "Yield each report as soon as it is read, and keep no list of them."
            case ChildCrashedError():
                code, text = "crash", f"The converter ended its process: {error.ending}."
                step = "A converter must not call sys.exit() or os._exit(), nor a library that crashes."
            case _:
                code, text, step = "crash", closed(f"The trial failed with {error.text}"), ""
        return Finding(code=code, severity=Severity.ERROR, text=text, file=file, next_step=step)
