"""Handing over again what a pack or an archive holds: reports under their ids, raw files to be converted."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from stationmaster.archive.look import Archived, Holding, holding
from stationmaster.archive.manifest import Kind, PackError
from stationmaster.control.protocol import MAX_BODY, too_large
from stationmaster.errors import ControlError, ConversionError, StationmasterError
from stationmaster.runtime.desk import Desk

_LOG = logging.getLogger(__name__)
REFUSED = "refused"
"""Outcome of what breaks the rules of its format, is too large, or damaged."""

TO_CONVERT = "handed over to be converted; the queue shows what becomes of it"
"""Outcome of a raw file: what becomes of it shows in the queue."""


class Resubmit:
    """Hands over files of one pack or day after the other."""

    def __init__(
        self,
        desk: Desk,
        *,
        converter: str = "",
        pattern: str = "*",
        dry_run: bool = False,
        step: Callable[[int, int], None],
        say: Callable[[str], None] = _LOG.warning,
    ) -> None:
        """Nothing is handed over yet.

        Args:
            desk: the instance.
            converter: who reads raw files.
            pattern: which files, by their own names.
            dry_run: only count.
            step: is told how many of how many are done.
            say: is told what is refused.
        """
        self._desk = desk
        self._converter = converter
        self._pattern = pattern
        self._dry_run = dry_run
        self._step = step
        self._say = say

    def kind_of(self, pack: Path) -> Kind:
        """What a pack holds.

        Raises:
            PackError: it is none of ours, or damaged.
        """
        with holding(None, pack) as held:
            return held.kind

    async def run(self, folder: Path | None, pack: Path | None) -> Counter[str]:
        """Hand over what a day, or a pack, holds; how many came to which outcome.

        Raises:
            PackError: the pack is damaged.
            StationmasterError: nothing can be stored now.
        """
        tally: Counter[str] = Counter()
        with holding(folder, pack) as held:
            files = list(held.files(self._pattern))
            if held.kind is Kind.FILES and not self._converter:
                raise StationmasterError(
                    "Raw files need a converter.", next_step="Name the one that reads them: --converter NAME"
                )
            for number, file in enumerate(files, 1):
                tally["" if self._dry_run else await self._one(held, file)] += 1
                self._step(number, len(files))
        return tally

    async def _one(self, held: Holding, file: Archived) -> str:
        try:
            if file.size > MAX_BODY:
                raise too_large()
            content = await asyncio.to_thread(held.read, file, most=MAX_BODY)
            if held.kind is Kind.REPORTS:
                return await self._desk.report(content, file.place)
            await self._desk.raw(content, file.name, converter=self._converter, mtime_ns=file.mtime_ns)
        except (ConversionError, PackError) as error:  # the others may be well
            return self._refused(file, error)
        except ControlError as error:
            if error.status not in {400, 413}:
                raise
            return self._refused(file, error)
        return TO_CONVERT

    def _refused(self, file: Archived, error: StationmasterError) -> str:
        self._say(f"Refused: {file.place}: {error.text}")
        return REFUSED
