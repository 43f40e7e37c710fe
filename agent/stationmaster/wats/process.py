"""The processes (test, repair and other operations) that a WATS server knows: `GET /api/App/Processes`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from stationmaster.wats.answer import Answer, read_list

ROUTE = "/api/App/Processes"

EVERYTHING = {
    "includeTestOperations": "true",
    "includeRepairOperations": "true",
    "includeWipOperations": "true",
    "includeInactiveProcesses": "true",
}
"""A code that the server has put out of use is still known to it."""


class Process(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One process, as the server tells it; fields that it leaves out or adds are no error."""

    code: int
    name: str | None = None
    is_test_operation: bool = False
    is_repair_operation: bool = False
    is_wip_operation: bool = False
    state: int = 1

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it may be used for."""
        uses = {"test": self.is_test_operation, "repair": self.is_repair_operation}
        return tuple(name for name, used in (uses | {"wip": self.is_wip_operation}).items() if used)


def read_processes(answer: Answer, *, now: datetime) -> tuple[Process, ...]:
    """The processes out of an answer; raises as `read_receipt` does."""
    return tuple(read_list(answer, Process, now=now))
