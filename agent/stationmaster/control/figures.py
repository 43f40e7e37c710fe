"""The agent's figures in the words of Prometheus. It loads a library: import it only where wanted."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from platform import python_version

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from stationmaster.model import AgentStatus, InstanceStatus, Link, ProblemCode
from stationmaster.runtime.agent import Agent
from stationmaster.runtime.figure import Figures

CONTENT_TYPE = CONTENT_TYPE_LATEST
_STATES = ("queued", "processing", "completed", "error", "dismissed")
_PER_INSTANCE = ("instance",)


class Exposition:
    """Makes the page. It has a registry of its own: nothing but our figures is in it."""

    def __init__(self, agent: Agent) -> None:
        """Nothing is asked yet."""
        self._data = agent.home.data
        self._figures = _Figures(agent)
        self._registry = CollectorRegistry()
        self._registry.register(self._figures)

    async def page(self) -> bytes:
        """All figures now."""
        try:
            self._figures.disk_free = (await asyncio.to_thread(shutil.disk_usage, self._data)).free
        except OSError:
            self._figures.disk_free = None
        return generate_latest(self._registry)


class _Figures(Collector):
    """Reads the agent when it is asked."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.disk_free: int | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: the figures are as many as there are instances."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Each figure with its unit and what it means."""
        snapshot, now = self._agent.status(), self._agent.clock.now()
        yield InfoMetricFamily(
            "stationmaster_build",
            "The program that answers.",
            value={"version": snapshot.version, "python": python_version(), "platform": sys.platform},
        )
        started, lag = snapshot.started_at.timestamp(), self._agent.loop_lag
        yield _gauge("start_time_seconds", "When the agent started, in Unix time.", started)
        yield _gauge("event_loop_lag_seconds", "How late the event loop was at the last look.", lag)
        if self.disk_free is not None:
            yield _gauge("disk_free_bytes", "Room on the disk of the data folder.", self.disk_free)
        yield from _states(snapshot, now)
        yield from self._work()
        yield _problems(snapshot)

    def _work(self) -> Iterator[Metric]:
        figures = {name: one.instance.figures() for name, one in sorted(self._agent.supervisors.items())}
        uploads = _counter("uploads", "Reports that the server acknowledged.")
        errors = _counter(
            "errors", "What failed: reports refused, files not converted, tries to be made again.", "kind"
        )
        conversions = _counter("conversions", "Files that were converted.")
        seconds = _counter("conversion_seconds", "Time that conversions took, with the wait for their turn.")
        workers = _gauges("workers", "Worker processes.")
        for name, one in figures.items():
            uploads.add_metric((name,), one.delivered)
            for kind, value in _errors(one):
                errors.add_metric((name, kind), value)
            conversions.add_metric((name,), one.converted)
            seconds.add_metric((name,), one.converting_seconds)
            workers.add_metric((name,), one.workers)
        yield from (uploads, errors, conversions, seconds, workers)


def _errors(one: Figures) -> tuple[tuple[str, int], ...]:
    return (("refused", one.refused), ("unconvertible", one.unconvertible), ("retried", one.failed))


def _states(snapshot: AgentStatus, now: datetime) -> Iterator[Metric]:
    queue = _gauges("queue_entries", "Entries of the queue by state.", "state")
    oldest = _gauges("queue_oldest_seconds", "How long the oldest report has waited; 0 where none waits.")
    link = _gauges("link_up", "1 while the server answers and takes our token.")
    state = _gauges("instance_state", "1 at the state that the instance is in.", "state")
    paused = _gauges("paused", "1 while a person has paused the uploads.")
    flight = _gauges("uploads_in_flight", "Reports that are being sent now.")
    limit = _gauges("uploads_limit", "Reports that may be sent at once now.")
    converting = _gauges("converting_files", "Files that are being converted now.")
    folders = _gauges("folders_unreachable", "Watch folders that cannot be reached.")
    for one in snapshot.instances:
        for name in _STATES:
            queue.add_metric((one.name, name), getattr(one.counts, name))
        oldest.add_metric((one.name,), _age(one, now))
        link.add_metric((one.name,), one.link is Link.ONLINE)
        state.add_metric((one.name, str(one.lifecycle)), 1)
        paused.add_metric((one.name,), one.paused_until is not None and one.paused_until > now)
        flight.add_metric((one.name,), one.upload.in_flight)
        limit.add_metric((one.name,), one.upload.limit)
        converting.add_metric((one.name,), one.converting)
        folders.add_metric((one.name,), sum(not folder.reachable for folder in one.folders))
    yield from (queue, oldest, link, state, paused, flight, limit, converting, folders)


def _age(one: InstanceStatus, now: datetime) -> float:
    since = one.oldest_queued_at
    return max((now - since).total_seconds(), 0.0) if since else 0.0


def _problems(snapshot: AgentStatus) -> Metric:
    """Each code of the agent is there with 0, so that an alarm can be made before it happens first."""
    family = _gauges("problems", "Problems by code; no instance: the agent's own.", "code", "severity")
    found = Counter((one.instance, str(one.code), str(one.severity)) for one in snapshot.problems)
    seen = {code for _, code, _ in found}
    for labels, count in sorted(found.items()):
        family.add_metric(labels, count)
    for code in ProblemCode:
        if code not in seen:
            family.add_metric(("", str(code), ""), 0)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"stationmaster_{name}", text, value=value)


def _gauges(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"stationmaster_{name}", text, labels=(*_PER_INSTANCE, *labels))


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"stationmaster_{name}", text, labels=(*_PER_INSTANCE, *labels))
