"""Looks after the spool: retention, and what its health says, as Problems."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from pathlib import Path

from stationmaster.clock import Clock
from stationmaster.config.retention_schema import RetentionConfig
from stationmaster.errors import SpoolError
from stationmaster.ingest.outbox import prune
from stationmaster.log import Lasting, bound
from stationmaster.model import Problem
from stationmaster.spool.problem import damaged, unwritable
from stationmaster.spool.record import Health
from stationmaster.spool.retention import sweep
from stationmaster.spool.store import Spool

_LOG = logging.getLogger(__name__)
SWEEP_EVERY = 600.0
"""Seconds between two sweeps of what the settings no longer keep."""

LOOK_EVERY = 5.0
"""Seconds between two looks at the spool's health."""


class Upkeep:
    """`run` lives until cancelled."""

    def __init__(
        self, spool: Spool, retention: RetentionConfig, *, outbox: Path, clock: Clock, instance: str
    ) -> None:
        """Nothing runs yet."""
        self._outbox = outbox
        self._spool = spool
        self._retention = retention
        self._clock = clock
        self._instance = instance
        self._log = bound(_LOG, instance)
        self._lasting = Lasting(self._log)
        self._health: Health | None = None
        self._due: datetime | None = None

    async def run(self) -> None:
        """Sweep now and then, look at the spool's health more often; check it once after an unclean stop."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check())
            await self._look_after()

    async def _check(self) -> None:
        try:
            damage = await self._spool.verify()
        except SpoolError as error:
            self._log.warning("the spool cannot be checked: %s", error)
        else:
            if damage:
                self._log.error("the spool is damaged: %s", damage)

    async def _look_after(self) -> None:
        swept = float("-inf")
        while True:
            try:
                self._health = await self._spool.health()
                self._due = await self._spool.next_due() if self._spool.counts.queued else None
                if self._clock.monotonic() - swept >= SWEEP_EVERY:
                    await sweep(self._spool, self._retention, self._clock)
                    await self._prune()
                    swept = self._clock.monotonic()
            except SpoolError as error:
                self._lasting.met("spool", f"the spool cannot be looked after: {error}")
            else:
                self._lasting.over("spool", "the spool can be looked after again")
            await self._clock.sleep(LOOK_EVERY)

    async def _prune(self) -> None:
        days = self._retention.payload_days
        try:
            await asyncio.to_thread(prune, self._outbox, now=self._clock.now(), days=days)
        except OSError as error:
            self._lasting.met("outbox", f"old files in {self._outbox} cannot be removed: {error}")
        else:
            self._lasting.over("outbox", f"old files in {self._outbox} can be removed again")

    @property
    def reports_due(self) -> bool:
        """Reports may be sent now, or are under way; as of the last look at the spool."""
        due = self._due
        return self._spool.counts.processing > 0 or (due is not None and due <= self._clock.now())

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the spool now."""
        health, found = self._health, []
        if health is None:
            return ()
        if health.error:
            found.append(
                unwritable(self._instance, health.error, full=health.disk_full, now=self._clock.now())
            )
        if health.damage or health.salvage:
            found.append(damaged(self._instance, health, now=self._clock.now()))
        return tuple(found)
