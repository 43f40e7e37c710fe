"""Converters: each that a folder or source names can be loaded in a worker, and takes its options."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stationmaster.clock import Clock
from stationmaster.config.schema import InstanceConfig
from stationmaster.convert.pool import ConverterPool
from stationmaster.convert.slot import Slots
from stationmaster.diagnostics.check import good, of_problem
from stationmaster.diagnostics.fetch import fetch_check
from stationmaster.home.paths import Home
from stationmaster.model import AgentStatus, Check, Hop


async def converter_checks(
    home: Home, config: InstanceConfig, *, clock: Clock, status: AgentStatus | None
) -> list[Check]:
    """All converters and scheduled sources of an instance.

    They are loaded in a worker of their own: the agent's are not disturbed.

    Args:
        status: the snapshot of the agent that runs, None where none does.
    """
    name, began = config.name, clock.monotonic()
    wanted = list(dict.fromkeys(_wanted(config)))
    with tempfile.TemporaryDirectory(prefix="stationmaster-doctor-") as temp:
        pool = ConverterPool(
            name,
            folder=home.converters(name),
            temp=Path(temp) / "pool",
            limits=config.convert,
            slots=Slots(1),
            clock=clock,
            wanted=wanted,
        )
        async with pool:
            await pool.refresh()
            for one, options in _options(config):
                await pool.try_options(one, options)
            loaded = _loaded(pool, wanted, name, clock.monotonic() - began)
            sources = [
                await fetch_check(source, pool, instance=name, clock=clock, status=status)
                for source in config.fetch
            ]
    return [*loaded, *sources]


def _loaded(pool: ConverterPool, wanted: Sequence[str], name: str, seconds: float) -> list[Check]:
    """What came of loading: first what is wrong."""
    problems = pool.problems()
    wrong = {problem.subject for problem in problems} | {
        broken for failure in pool.failures for broken in failure.names
    }
    known = pool.converters
    found = [of_problem(problem, Hop.CONVERTER, seconds=seconds) for problem in problems]
    return found + [
        good(
            Hop.CONVERTER,
            f"{one} {known[one].version} can be loaded ({known[one].origin}).",
            instance=name,
            subject=one,
            seconds=seconds,
            details={"version": known[one].version, "origin": known[one].origin},
        )
        for one in wanted
        if one in known and one not in wrong
    ]


def _wanted(config: InstanceConfig) -> Iterator[str]:
    """The converters of files; the ones that fetch are told with their sources."""
    for folder in config.watch:
        yield from folder.converters
    for source in config.fetch:
        if source.convert_with:
            yield source.convert_with


def _options(config: InstanceConfig) -> Iterable[tuple[str, dict[str, Any]]]:
    """Each converter with its options, folder by folder."""
    for folder in config.watch:
        for one in folder.converters:
            yield one, folder.options.get(one, {})
