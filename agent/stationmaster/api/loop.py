"""Loops of steps: a summary step, then one step an iteration, as WSJF writes them.

The rules are the server's: `num` is `endingIndex` + 1, `endingIndex` is the highest index of the
iterations, and each iteration looks like its summary (docs/reference/wsjf.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Loop:
    """One loop among the steps of a sequence.

    Attributes:
        at: index of the summary among its siblings; -1 where iterations stand without one.
        iterations: (index among the siblings, step) of each iteration.
    """

    at: int
    summary: dict[str, Any] | None
    iterations: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    @property
    def highest(self) -> int | None:
        """The highest iteration index; None without iterations."""
        return max((step["loop"]["idx"] for _, step in self.iterations), default=None)


def loops(siblings: list[Any]) -> Iterator[Loop]:
    """The loops among sibling steps, in order; iterations follow their summary without a gap."""
    open_loop: Loop | None = None
    for at, step in enumerate(siblings):
        info = step.get("loop") if isinstance(step, dict) else None
        if not isinstance(info, dict):
            ended, open_loop = open_loop, None
        elif whole(info.get("idx")):
            ended = None
            open_loop = open_loop or Loop(-1, None)
            open_loop.iterations.append((at, step))
        elif any(info.get(key) is not None for key in ("num", "endingIndex", "passed", "failed")):
            ended, open_loop = open_loop, Loop(at, step)
        else:
            ended, open_loop = open_loop, None
        if ended is not None:
            yield ended
    if open_loop is not None:
        yield open_loop


def whole(value: object) -> bool:
    """A whole number, and not true or false, which Python counts among them."""
    return type(value) is int


def difference(summary: dict[str, Any], iteration: dict[str, Any]) -> str:
    """How an iteration differs from its summary where the server wants them equal; "" where it does not."""
    for key in ("name", "stepType"):
        if summary.get(key) != iteration.get(key):
            return f"{key} {iteration.get(key)!r:.60} is not the summary's {summary.get(key)!r:.60}"
    if _limits(summary) != _limits(iteration):
        return "the limits are not those of the summary"
    return ""


def _limits(step: dict[str, Any]) -> list[tuple[object, ...]]:
    rows = [
        row
        for key in ("numericMeas", "stringMeas")
        if isinstance(step.get(key), list)
        for row in step[key]
        if isinstance(row, dict)
    ]
    keys = ("name", "compOp", "lowLimit", "highLimit", "limit")
    return [tuple(row.get(key) for key in keys) for row in rows]
