"""`agent pause`, `resume`, `drain` and `status`, as a person types them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fakes.hosted import ids
from fakes.oracle import Oracle
from fakes.typed import Typist
from stationmaster.control.protocol import FOREVER
from stationmaster.model import Lifecycle


# ---------------------------------------------------------------- pause, resume
async def test_a_pause_lasts_until_somebody_resumes(typist: Typist, oracle: Oracle) -> None:
    hosted = typist.hosted
    paused = await typist.type("agent", "pause")
    assert (paused.code, paused.out) == (0, "")
    assert "Paused line1 until you resume." in paused.talk
    assert hosted.instance("line1").paused_until == FOREVER
    hosted.drop(hosted.folder("line1"))
    await hosted.until(lambda: hosted.waiting("line1") == 1, what="the report in the spool")
    assert "paused until you resume" in (await typist.type("agent", "status")).out
    assert not ids(oracle)
    resumed = await typist.type("agent", "resume", "line1")
    assert (resumed.code, resumed.out) == (0, "")
    assert "Resumed line1." in resumed.talk
    await hosted.until(lambda: hosted.completed("line1") == 1, what="the upload")
    assert hosted.instance("line1").paused_until is None


@pytest.mark.parametrize("option", ["--for", "--until"])
async def test_a_pause_until_then_is_in_the_snapshot_and_ends_by_itself(typist: Typist, option: str) -> None:
    then = datetime.now(UTC) + timedelta(minutes=30)
    value = {"--for": "30", "--until": f"{then:%Y-%m-%dT%H:%M:%SZ}"}[option]
    hosted = typist.hosted
    paused = await typist.type("agent", "pause", "line1", option, value)
    assert paused.code == 0
    (one,) = (await typist.type("agent", "status", "--json")).data["instances"]
    until = datetime.fromisoformat(one["paused_until"])
    assert until == hosted.instance("line1").paused_until
    assert f"until {until.astimezone():%Y-%m-%d %H:%M:%S}." in paused.talk
    hosted.drop(hosted.folder("line1"))
    await hosted.until(lambda: hosted.waiting("line1") == 1, what="the report in the spool")
    await hosted.until(lambda: hosted.completed("line1") == 1, what="the end of the pause", step=60.0)
    assert hosted.clock.now() >= until


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--for", "5", "--until", "17:30"), "do not go together"),
        (("--for", "-5"), "no number of minutes"),
        (("--for", "nan"), "no number of minutes"),
        (("--until", "soon"), "is no time"),
        (("--until", "2001-01-01T00:00"), "over already"),
        (("nobody",), "There are: line1"),
    ],
)
async def test_2_a_pause_that_is_none_changes_nothing(
    typist: Typist, words: tuple[str, ...], says: str
) -> None:
    done = await typist.type("agent", "pause", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.talk
    assert typist.hosted.instance("line1").paused_until is None


# ---------------------------------------------------------------- drain
async def test_a_drain_delivers_what_waits_and_stays_stopped(typist: Typist, oracle: Oracle) -> None:
    hosted = typist.hosted
    await oracle.stop()
    hosted.drop(hosted.folder("line1"))
    await hosted.until(lambda: hosted.waiting("line1") == 1, what="the report in the spool")
    draining = typist.begin("agent", "drain")
    await hosted.until(lambda: hosted.lifecycle("line1") is Lifecycle.DRAINING, what="the drain")
    assert not draining.done()
    await oracle.start()
    await hosted.until(draining.done, what="the end of the drain")
    done = await draining
    assert (done.code, done.out) == (0, "")
    assert "Drained line1." in done.talk
    assert (hosted.lifecycle("line1"), hosted.waiting("line1")) == (Lifecycle.STOPPED, 0)
    assert hosted.completed("line1") == 1
    assert (await typist.type("agent", "resume")).code == 0
    await hosted.running("line1")
