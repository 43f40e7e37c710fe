"""A mapping that is made from a sample, a replay of files with another version, and a canary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fakes.waiting import until
from screenshots.studio import Studio
from stationmaster.control.canary_protocol import CanaryRequest
from stationmaster_tray.pages.converters import MAPPING, REPLAY, TRIAL, WATCHED, ConvertersPage

MAPPED = Path(__file__).parents[1] / "data" / "mapping"
_PATIENCE = 120.0
"""Seconds: the pages start programs of their own."""


async def mappings(studio: Studio) -> None:
    """A mapping: before, as it is proposed, with a fault, saved, and in the smallest window."""
    page = await _open(studio, MAPPING)
    panel = page.mapping
    await studio.picture("mapping-empty")
    page.map([MAPPED / "fct.csv"])
    await until(
        lambda: panel.again.isEnabled() and not panel.result.bar.busy, what="the proposal", seconds=_PATIENCE
    )
    await studio.picture("mapping-proposed")
    await _small(studio, "mapping-small", lambda: page.tabs.setCurrentIndex(MAPPING))
    text = panel.editor.content
    panel.editor.text.setPlainText(text.replace('low = "', 'lwo = "'))
    panel.try_now()
    await until(panel.editor.fault.text, what="the fault", seconds=_PATIENCE)
    await studio.picture("mapping-fault")
    panel.editor.text.setPlainText(text.replace("# process", "process"))
    panel.try_now()
    await until(lambda: not panel.editor.fault.text(), what="the mapping", seconds=_PATIENCE)
    panel.save.save_to_station()
    await until(panel.save.done.text, what="the converter", seconds=_PATIENCE)
    await studio.picture("mapping-saved")
    page.tabs.setCurrentIndex(TRIAL)
    page.trial.run_tests(MAPPED / "fct.toml")
    await until(page.trial.tests.verdict.text, what="the tests", seconds=_PATIENCE)
    await studio.picture("mapping-tests")


async def replays(studio: Studio) -> None:
    """A replay: before, with files that differ, and in the smallest window. After `mappings`."""
    page = await _open(studio, REPLAY)
    panel = page.replay
    page.known.load()
    await until(lambda: panel.choice.present.count() and panel.choice.files.plain.lines, what="the choice")
    await studio.picture("replay-empty")
    other = studio.station.root / "other" / "fct.toml"
    samples = studio.station.root / "samples"
    for folder in (other.parent, samples):
        folder.mkdir()
    other.write_text((MAPPED / "fct.toml").read_text().replace('low = "Min"\n', ""))
    sample = (MAPPED / "fct.csv").read_text()
    for number in range(6):
        (samples / f"fct-{number}.csv").write_text(sample if number else "Serial;none\n")
    panel.take([other])
    panel.take([samples])
    panel.run()
    await until(lambda: not panel.bar.busy, what="the replay", seconds=_PATIENCE)
    await studio.picture("replay-done")
    await _small(studio, "replay-small", lambda: page.tabs.setCurrentIndex(REPLAY))
    page.tabs.setCurrentIndex(WATCHED)


async def canaries(studio: Studio) -> None:
    """A canary that runs beside the live converter. After `mappings`."""
    page = await _open(studio, WATCHED)
    newer = (MAPPED / "fct.toml").read_text().replace('low = "Min"\n', "")
    async with studio.station.client() as client:
        await client.start_canary("line1", CanaryRequest(filename="fct.toml", content=newer, beside="wstf"))
        await until(lambda: page.watched.canaries.lines, what="the canary")
        await studio.picture("converters-canary")
        await client.stop_canary("line1")
    await until(lambda: not page.watched.canaries.lines, what="its end")


async def _open(studio: Studio, tab: int) -> ConvertersPage:
    await studio.open("converters")
    page = studio.page
    assert isinstance(page, ConvertersPage)
    page.tabs.setCurrentIndex(tab)
    return page


async def _small(studio: Studio, name: str, show: Callable[[], None]) -> None:
    size = studio.tray.window.size()
    studio.tray.window.resize(studio.tray.window.minimumSize())
    show()
    await studio.picture(name)
    studio.tray.window.resize(size)
