"""What the snapshot says of an instance that does not run."""

from __future__ import annotations

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from stationmaster.model import Lifecycle


async def test_a_drained_instance_still_shows_what_its_spool_holds(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        await hosted.running("line1")
        hosted.drop(folder)
        (folder / "bad.json").write_text('{"no": "report"}')
        await hosted.until(lambda: hosted.agent.status().instances[0].counts.error == 1)
        hosted.agent.drain("line1")
        await hosted.until(lambda: hosted.lifecycle("line1") is Lifecycle.STOPPED)
        counts = hosted.agent.status().instances[0].counts
        assert (counts.completed, counts.error) == (1, 1)
