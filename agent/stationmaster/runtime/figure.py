"""Figures of the agent's work that the snapshot does not hold: they only grow, or change all the time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one instance did since it was started; all 0 while it is stopped.

    Attributes:
        delivered: reports that the server acknowledged.
        refused: reports that it refused for good.
        failed: tries that are made again.
        converted: files that became reports.
        unconvertible: files that went to the error list.
        converting_seconds: time that conversions took, the wait for their turn included.
        workers: worker processes now.
    """

    delivered: int = 0
    refused: int = 0
    failed: int = 0
    converted: int = 0
    unconvertible: int = 0
    converting_seconds: float = 0.0
    workers: int = 0
