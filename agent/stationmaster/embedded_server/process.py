"""The processes (test and repair operations) that the server knows: a built-in list, or one from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from stationmaster.embedded_server.error import EmbeddedServerError
from stationmaster.sentence import closed

ACTIVE = 1
"""`state` of a process that may be used."""


class Process(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One process, as it goes over the wire.

    Attributes:
        state: 1 active, anything else not.
    """

    code: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    description: str = ""
    is_test_operation: bool = False
    is_repair_operation: bool = False
    is_wip_operation: bool = False
    process_index: int = 0
    state: int = ACTIVE


def _built_in() -> tuple[Process, ...]:
    tests = {
        10: "SW Debug",
        20: "Incoming inspection",
        30: "In-circuit test",
        40: "Boundary scan test",
        50: "Board functional test",
        60: "Programming",
        70: "Calibration",
        80: "Module functional test",
        90: "Burn In test",
        100: "Final function test",
        110: "Quality inspection",
    }
    repairs = {500: "Repair", 510: "RMA repair"}
    works = {200: "Assembly", 210: "Packing"}
    return (
        *(
            Process(code=code, name=name, is_test_operation=True, process_index=place)
            for place, (code, name) in enumerate(tests.items())
        ),
        *(
            Process(code=code, name=name, is_wip_operation=True, process_index=len(tests) + place)
            for place, (code, name) in enumerate(works.items())
        ),
        *(
            Process(
                code=code, name=name, is_repair_operation=True, process_index=len(tests) + len(works) + place
            )
            for place, (code, name) in enumerate(repairs.items())
        ),
    )


class Processes:
    """The list, with look-up by code."""

    def __init__(self, processes: tuple[Process, ...]) -> None:
        self._processes = processes
        self._names = {process.code: process.name for process in processes}

    def name(self, code: Any) -> str | None:
        """Name of a code, or None."""
        return self._names.get(code) if isinstance(code, int) else None

    def wire(
        self, *, tests: bool = False, repairs: bool = False, works: bool = False, inactive: bool = False
    ) -> list[dict[str, Any]]:
        """The processes of the kinds asked for; of every kind when none is."""
        every = not (tests or repairs or works)
        return [
            msgspec.to_builtins(process)
            for process in self._processes
            if (inactive or process.state == ACTIVE)
            and (
                every
                or (tests and process.is_test_operation)
                or (repairs and process.is_repair_operation)
                or (works and process.is_wip_operation)
            )
        ]


def load_processes(path: Path | None) -> Processes:
    """Read the list from a JSON file: a list of objects as `/api/App/Processes` answers. None: the built-in.

    Raises:
        EmbeddedServerError: the file cannot be read or says something else.
    """
    if path is None:
        return Processes(_built_in())
    try:
        found = msgspec.json.decode(path.read_bytes(), type=tuple[Process, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise EmbeddedServerError(
            closed(f"The list of processes {path} cannot be used: {error}"),
            next_step='It must be a JSON list of objects like {"code": 10, "name": "SW Debug", '
            '"isTestOperation": true}.',
        ) from error
    codes = [process.code for process in found]
    double = next((code for code in codes if codes.count(code) > 1), None)
    if double is not None:
        raise EmbeddedServerError(f"The list of processes {path} has the code {double} twice.")
    return Processes(found)
