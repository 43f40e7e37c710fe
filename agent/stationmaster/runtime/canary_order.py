"""The orders about an instance's canary: start it, look at it, end it, let it go live."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from stationmaster.canary import Canary, Ended
from stationmaster.config.atomic import read_text
from stationmaster.config.schema import InstanceConfig
from stationmaster.control.canary_protocol import (
    MOST_FILES,
    CanaryRequest,
    Promoted,
    PromoteRequest,
    StopRequest,
)
from stationmaster.convert.built_in import KINDS
from stationmaster.convert.dry_run import list_converters
from stationmaster.convert.job import ConverterInfo
from stationmaster.errors import ConfigChangedError, ConfigError, ControlError
from stationmaster.log import bound
from stationmaster.runtime.canary import CanaryRun
from stationmaster.runtime.canary_store import CanaryStore, shared_code, shared_modules
from stationmaster.runtime.instance import stopped
from stationmaster.runtime.promotion import Promotion, plan
from stationmaster.runtime.queue_order import QueueOrders
from stationmaster.sentence import joined
from stationmaster.submit import safe_name

_LOG = logging.getLogger(__name__)


class CanaryOrders(QueueOrders):
    """Part of `Orders`."""

    def __init__(self) -> None:
        """Nobody has asked for anything."""
        self._canaries = asyncio.Lock()  # one order at a time: they write files, and import

    @abstractmethod
    async def configure(self, name: str, patch: Mapping[str, Any], *, base: str = "") -> None:
        """Change settings, only those of the revision `base` if there is one; they are taken up at once."""

    async def canary(self, name: str) -> Canary:
        """The canary of an instance that runs or not, or the last one.

        Raises:
            ControlError: there never was one.
        """
        run = self._canary_run(name)
        found = run.canary if run is not None else None
        if found is None:
            await asyncio.to_thread(self.store.load, name)  # says that there is no such instance
            found = await asyncio.to_thread(CanaryStore(self.home, name).known)
        return found

    async def start_canary(self, name: str, request: CanaryRequest) -> Canary:
        """Let another version of a converter see what the live one takes.

        Raises:
            ConfigError: there is no such converter, or it cannot be loaded.
            ControlError: another one runs, or the instance does not.
        """
        async with self._canaries:
            config = await asyncio.to_thread(self.store.load, name)
            await self._free_run(name)
            _check(request, config)
            store = CanaryStore(self.home, name)
            try:
                canary = await self._laid_down(name, request)
                await asyncio.to_thread(self.store.load, name)  # imports take their time: it may be removed
                run = await self._free_run(name)  # or have begun anew
                await asyncio.to_thread(store.take_new)
            finally:
                await asyncio.to_thread(store.drop_new)
            await run.begin(canary)
            await self._handed_on(name, canary, run)
            return canary

    async def _free_run(self, name: str) -> CanaryRun:
        """Where a canary may begin now."""
        run = self._canary_run(name)
        if run is None:
            raise stopped(name)
        await run.open()
        if run.canary is not None and run.canary.running:
            raise ControlError(
                f"{name} has a canary already: {run.canary.converter} version {run.canary.version}.",
                status=409,
                code="running",
                next_step=f"End it first: stationmaster converter canary stop {name}",
            )
        return run

    async def _laid_down(self, name: str, request: CanaryRequest) -> Canary:
        """The canary, with its code in a folder of its own: loaded there, so it can be loaded."""
        store, folder = CanaryStore(self.home, name), self.home.converters(name)
        infos, _ = await list_converters(folder)
        live = {info.name: info for info in infos}
        content, filename = await asyncio.to_thread(_code_of, request, live)
        module = filename.endswith(".py")  # a mapping imports nothing
        shared = await asyncio.to_thread(shared_modules, folder) if module else []
        place = await asyncio.to_thread(store.install, content, filename, shared)
        beside_it = await asyncio.to_thread(shared_code, place.parent)
        if content is None:
            info = live[request.converter]
        else:
            info = await _only(place, request.converter)
        beside = request.beside or info.name
        if beside not in live:
            raise ConfigError(
                f"{name} has no converter {beside} to compare with.",
                next_step="Say beside which one it is to run: --beside NAME",
            )
        if request.converter == beside:
            raise ConfigError(
                f"{beside} is the live converter itself.",
                next_step="Name the file of another version, or beside which converter: --beside NAME",
            )
        if content is not None and info.code == live[beside].code:
            raise ConfigError(
                f"{filename} is the live converter {beside} itself, byte for byte.",
                next_step="Name the file of another version; raise `version` in it, too.",
            )
        return Canary(
            id=uuid4().hex,
            started_at=self.clock.now(),
            converter=info.name,
            version=info.version,
            code=info.code,
            file="" if content is None else filename,
            shared=beside_it,
            beside=beside,
            files=request.files,
            sources=request.sources,
        )

    async def stop_canary(self, name: str, request: StopRequest) -> Canary:
        """End it; what it found stays to be seen. One that has ended stays as it is.

        Raises:
            ControlError: there never was one, or it is another one than was asked for.
        """
        async with self._canaries:  # a promotion has the last word
            found = (await self._asked_for(name, request.canary)).over(Ended.STOPPED, self.clock.now())
            await self._put(name, found)
        bound(_LOG, name).info("canary: it was stopped after %d files", found.compared)
        return found

    async def promote_canary(self, name: str, request: PromoteRequest) -> Promoted:
        """Let it take the place of the live converter.

        Raises:
            ControlError: files came out otherwise, or none was compared yet, and that was not allowed; or it
                is another one than was asked for.
            ConfigChangedError: the settings are others than those of `base`.
            ConfigError: it cannot be done so; nothing is changed, but that the canary has ended.
        """
        async with self._canaries:
            before = await self._asked_for(name, request.canary)
            if before.doubts and not request.despite_differences:
                raise ControlError(
                    f"{before.converter} version {before.version} does not go live. {before.doubts}",
                    status=409,
                    code="differs",
                    next_step=f"See them: stationmaster converter canary show {name}; if that is as it "
                    "should be, promote it all the same: --despite-differences.",
                )
            revision = await asyncio.to_thread(self.store.revision, name)  # first: others may edit meanwhile
            if request.base not in {"", revision}:
                raise ConfigChangedError(
                    f"The settings of {name} were changed meanwhile, so nothing was written.",
                    next_step="Read the settings again, then decide anew.",
                )
            config = await asyncio.to_thread(self.store.load, name)
            infos, failures = await list_converters(self.home.converters(name))
            live = {info.name: info for info in infos}
            wanted = await asyncio.to_thread(plan, self.home, config, before, live, failures)
            if wanted.patch:
                await asyncio.to_thread(self.store.preview, name, wanted.patch)  # before any file is written
            return await self._promoted(name, before, wanted, revision)

    async def _promoted(self, name: str, before: Canary, wanted: Promotion, revision: str) -> Promoted:
        """Note first how it is taken back: after a kill in between it is promoted again, or taken back."""
        ended = before.over(Ended.STOPPED, self.clock.now())
        back = wanted.all_back(before)
        why = Ended.STOPPED if ended.ended is Ended.PROMOTED else ended.ended
        await self._put(name, msgspec.structs.replace(ended, ended=why, back=back))
        try:
            await asyncio.to_thread(wanted.lay_down, self.home)
            if wanted.patch:
                await self.configure(name, wanted.patch, base=revision)
        except ConfigError:
            await asyncio.to_thread(wanted.take_up, self.home)
            await self._put(name, ended)
            raise
        promoted = msgspec.structs.replace(ended, ended=Ended.PROMOTED, back=back)
        await self._put(name, promoted)
        bound(_LOG, name).info(
            "canary: %s version %s is live now, instead of %s",
            *(promoted.converter, promoted.version, promoted.beside_reader or promoted.beside),
        )
        return Promoted(canary=promoted, changed=tuple(wanted.changed), back=back)

    async def _asked_for(self, name: str, number: str) -> Canary:
        """The canary, where it is the one that was decided about: `number` is its id, or ""."""
        found = await self.canary(name)
        if number not in {"", found.id}:
            raise ControlError(
                f"{name} has another canary by now: {found.converter} version {found.version}.",
                status=409,
                code="changed",
                next_step=f"See what it finds, then decide anew: stationmaster converter canary show {name}",
            )
        return found

    def _canary_run(self, name: str) -> CanaryRun | None:
        supervisor = self.supervisors.get(name)
        return supervisor.instance.canary if supervisor is not None else None

    async def _put(self, name: str, canary: Canary) -> None:
        """To the instance where it runs, else into its file."""
        run = self._canary_run(name)
        if run is not None:
            await run.put(canary)
        else:
            await asyncio.to_thread(CanaryStore(self.home, name).write, canary)
        await self._handed_on(name, canary, run)

    async def _handed_on(self, name: str, canary: Canary, told: CanaryRun | None) -> None:
        """An instance that began anew meanwhile may have read the file before this stood in it: tell it."""
        while (run := self._canary_run(name)) is not None and run is not told:
            await run.open()
            if not canary.running:
                await run.put(canary)
            elif run.canary is None or run.canary.id != canary.id:
                await run.begin(canary)
            told = run


def _check(request: CanaryRequest, config: InstanceConfig) -> None:
    if not 1 <= request.files <= MOST_FILES:
        raise ConfigError(f"The number of files must be 1 to {MOST_FILES}.")
    if bool(request.content) == bool(request.converter):
        raise ConfigError(
            "A canary is a file, or a converter that the station knows.", next_step="Name one of the two."
        )
    known = [*(one.path for one in config.watch), *(one.name for one in config.fetch)]
    for source in request.sources:
        if source not in known:
            raise ConfigError(
                f"{config.name} has no watch folder and no source {source}.",
                next_step=f"There are: {', '.join(known) or 'none'}",
            )


def _code_of(request: CanaryRequest, live: Mapping[str, ConverterInfo]) -> tuple[bytes | None, str]:
    """Text and name of the canary's file; of one that comes with the program or a package there is none."""
    if request.content:
        filename = safe_name(request.filename)
        if Path(filename).suffix not in KINDS or filename.startswith(("_", ".")):
            raise ConfigError(f"{filename} is neither a Python module nor a mapping.")
        return request.content.encode(), filename
    info = live.get(request.converter)
    if info is None:
        raise ConfigError(
            f"There is no converter {request.converter}.", next_step=f"There are: {', '.join(sorted(live))}"
        )
    if info.origin != "file":
        return None, ""
    path = Path(info.target.rpartition(":")[0])
    return (read_text(path) or "").encode(), path.name


async def _only(place: Path, wanted: str) -> ConverterInfo:
    """The converter in the canary's file, of that name if one is named."""
    infos, failures = await list_converters(place.parent)
    mine = [info for info in infos if info.target.rpartition(":")[0] == str(place)]
    mine = [info for info in mine if wanted in {"", info.name}]
    if len(mine) != 1:
        why = [one.text for one in failures if one.subject == place.name][:1]
        raise ConfigError(
            joined(f"{place.name} holds {len(mine)} converters that can be loaded.", *why),
            next_step="A canary is one converter that can be loaded: stationmaster converter check",
        )
    return mine[0]
