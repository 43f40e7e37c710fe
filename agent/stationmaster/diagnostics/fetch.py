"""Scheduled sources: the converter fetches, takes its options, and the last run went well.

Nothing is fetched: that would be a run beside the agent's own.
"""

from __future__ import annotations

from datetime import datetime

from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.clock import Clock
from stationmaster.config.fetch_source import FetchSource
from stationmaster.config.option import resolved
from stationmaster.config.problem import not_fetched
from stationmaster.convert.pool import ConverterPool
from stationmaster.diagnostics.check import good, of_problem
from stationmaster.errors import ConfigError
from stationmaster.model import AgentStatus, Check, CheckState, FetchStatus, Hop, ProblemCode

_DEADLINE = 20.0


async def fetch_check(
    source: FetchSource, pool: ConverterPool, *, instance: str, clock: Clock, status: AgentStatus | None
) -> Check:
    """One source.

    Args:
        pool: with its converters loaded.
        status: the snapshot of the agent that runs, None where none does.
    """
    began, now = clock.monotonic(), clock.now()
    for problem in status.problems if status else ():
        if (problem.instance, problem.code, problem.subject) == (
            instance,
            ProblemCode.FETCH_FAILED,
            source.name,
        ):
            return of_problem(problem, Hop.FETCH, state=CheckState.FAILED)
    text, step = await _trouble(source, pool)
    seconds = clock.monotonic() - began
    if text:
        problem = not_fetched(instance, source.name, text, step, since=now)
        # Without an agent it is our account and environment that lack something, perhaps not the agent's.
        state = CheckState.FAILED if status else CheckState.WARNING
        return of_problem(problem, Hop.FETCH, state=state, seconds=seconds)
    last, due = _times(_run_of(source, instance, status))
    return good(
        Hop.FETCH,
        f"{source.name} is fetched by {source.converter} {timetable(source)}{last}{due}.",
        instance=instance,
        subject=source.name,
        seconds=seconds,
        details={"converter": source.converter, "convert_with": source.convert_with or source.converter},
    )


async def _trouble(source: FetchSource, pool: ConverterPool) -> tuple[str, str]:
    """Why a run would fail before it asks for anything, and what to do; "" for nothing known."""
    if trouble := pool.no_fetcher(source.converter):
        broken = [one.text for one in pool.failures if source.converter in one.names]
        return (broken or [trouble])[0], "Correct the name, or mend or add the converter."
    try:
        options = await THREAD.call(lambda: resolved(source.options), deadline=_DEADLINE)
    except CallHangsError:
        return f"A file that an option names does not answer within {_DEADLINE:g} s.", ""
    except ConfigError as error:
        return error.text, error.next_step
    return await pool.options_trouble(source.converter, options), "Correct the options of the source."


def timetable(source: FetchSource) -> str:
    """When it is fetched, in words."""
    return f"at {', '.join(source.at)}" if source.at else f"every {source.every:g} s"


def _run_of(source: FetchSource, instance: str, status: AgentStatus | None) -> FetchStatus | None:
    found = [
        run
        for one in (status.instances if status else ())
        if one.name == instance
        for run in one.fetches
        if run.name == source.name
    ]
    return found[0] if found else None


def _times(run: FetchStatus | None) -> tuple[str, str]:
    if run is None:
        return "", ""
    last = f"; the last run ended well at {_at(run.last_run_at)}" if run.last_run_at else "; it never ran yet"
    return last, f", the next is at {_at(run.next_run_at)}" if run.next_run_at else ""


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
