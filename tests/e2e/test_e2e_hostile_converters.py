"""Converters of somebody's own that hang, crash, eat, fork or print without end: the others go on."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from fakes.account import error_faults
from fakes.station import Line, Station, children
from fakes.waiting import running, until
from stationmaster.model import ProblemCode

PLUGINS = Path(__file__).parent.parent / "data" / "plugins" / "hostile.py"
SINS = {
    "hang": "within 2 s",
    "exit": "exit code 42",
    "segfault": "signal 11",
    "orphan": "exit code 7",
    "eat": "256 MB of memory",
    "flood": "printed more than 1 MB",
    "odd": "UnspeakableError",
    "wrong": "dict",
}
"""Converter and what the reason must name."""
CONTENTS = {"odd": "unspeakable", "wrong": "dict"}
LIMITS = {"convert.memory_mb": 256, "convert.output_mb": 1}
SPARE = 20.0
"""Seconds that the middle one of three files may take longer than before; what hangs takes a minute."""


async def test_each_sinner_ends_in_error_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        well = await station.line("well", await station.server(), "archive")
        lines = {sin: await _sinner(station, sin, well) for sin in SINS}
        await station.start()
        before = await well.latency(3)
        number = tmp_path / "orphan.pid"
        for sin, line in lines.items():
            content = CONTENTS.get(sin, str(number))
            line.inboxes[0].spoil(content.encode(), f"{sin}.txt")

        meanwhile = await well.latency(3)

        assert meanwhile[1] < before[1] + SPARE
        for sin, line in lines.items():
            await until(partial(_ended, line), seconds=40, what=f"the end of {sin}")
            await _told(station, sin, SINS[sin])
            await station.problem(ProblemCode.ENTRIES_IN_ERROR, instance=sin)
        orphan = int(number.read_text())
        await until(lambda: not running(orphan), what="the end of what the orphan's parent left behind")
        assert station.agent is not None
        # a worker for each instance at most is kept warm
        assert len(children(station.agent.pid)) <= len(lines) + 1
        await well.latency(1)
        # the server is theirs too: nothing of what a sinner yields got there
        await until(lambda: not well.faults(), what="a whole account of the well one")


async def _sinner(station: Station, sin: str, well: Line) -> Line:
    folder = {"converters": [sin], "options": {}}
    limits = LIMITS | ({"convert.timeout": 2.0} if sin == "hang" else {})
    line = await station.line(sin, well.server, "archive", patch=limits, folder=folder)
    shutil.copy(PLUGINS, station.home.converters(sin))
    return line


def _ended(line: Line) -> bool:
    """Its file is in the error folder, with the reason beside it."""
    return not line.inboxes[0].faults() + error_faults(line.errors, line.inboxes)


async def _told(station: Station, sin: str, words: str) -> None:
    """The list of errors and the note beside the file name the reason."""
    done = await station.command("queue", "list", "--instance", sin, "--json")
    entry: dict[str, Any]
    (entry,) = json.loads(done.stdout)["data"]
    assert entry["state"] == "error"
    assert entry["converter"] == sin
    assert words in entry["reason"], sin
    kept = station.home.errors(sin) / f"{sin}.txt"
    assert entry["place"] == str(kept)
    assert entry["reason"] in kept.with_name(f"{kept.name}.reason.txt").read_text()
