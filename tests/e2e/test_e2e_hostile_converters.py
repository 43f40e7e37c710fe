"""Converters of somebody's own that hang, crash, eat or print without end: the others go on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from fakes.station import Station, children
from fakes.waiting import until

PLUGINS = Path(__file__).parent.parent / "data" / "plugins" / "hostile.py"
SINS = {
    "hang": "within 2 s",
    "exit": "exit code 42",
    "segfault": "signal 11",
    "eat": "256 MB of memory",
    "flood": "printed more than 1 MB",
    "odd": "KeyError",
}
"""Converter and what the reason must name."""


async def test_each_sinner_ends_in_error_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        well = await station.line("well", await station.server(), "archive")
        limits = {"convert.timeout": 2.0, "convert.memory_mb": 256, "convert.output_mb": 1}
        lines = {
            sin: await station.line(
                sin, well.server, "archive", patch=limits, folder={"converters": [sin], "options": {}}
            )
            for sin in SINS
        }
        for sin in SINS:
            shutil.copy(PLUGINS, station.home.converters(sin))
        await station.start()
        before = await well.latency(3)
        for sin, line in lines.items():
            line.inboxes[0].spoil(sin.encode(), f"{sin}.txt")
        meanwhile = await well.latency(3)
        assert meanwhile[1] < before[1] + 3.0, "the middle one of three"
        for sin, words in SINS.items():
            line = lines[sin]
            await until(lambda: not line.inboxes[0].faults(), seconds=40, what=f"the end of {sin}")  # noqa: B023 - called at once
            done = await station.command("queue", "list", "--instance", sin, "--json")
            (entry,) = json.loads(done.stdout)["data"]
            assert entry["state"] == "error"
            assert words in entry["reason"], sin
            kept = line.errors / f"{sin}.txt"
            assert kept.read_text() == sin
            assert entry["reason"] in (line.errors / f"{sin}.txt.reason.txt").read_text()
        assert not well.faults()
        assert station.agent is not None
        # a worker for each instance at most is kept warm
        assert len(children(station.agent.pid)) <= len(lines) + 1
