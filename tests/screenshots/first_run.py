"""The first minutes: no station yet, and the way to the first one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

from fakes.server import Server
from fakes.station import TOKEN
from fakes.waiting import until
from screenshots.studio import Studio
from stationmaster_tray.wizard.connection_step import ConnectionStep
from stationmaster_tray.wizard.dialog import Wizard
from stationmaster_tray.wizard.end_step import EndStep, SummaryStep
from stationmaster_tray.wizard.folder_step import FolderStep
from stationmaster_tray.wizard.name_step import NameStep
from stationmaster_tray.wizard.server_step import ServerStep, TokenStep
from stationmaster_tray.wizard.trial_step import TrialStep

SAMPLE = Path(__file__).parents[1] / "data" / "wstf" / "three_units.txt"
_NOBODY = "http://127.0.0.1:9"

S = TypeVar("S")


async def empty(studio: Studio) -> None:
    """Each page that says something else while there is no station."""
    for page, name in (
        ("overview", "overview-empty"),
        ("queue", "queue-empty"),
        ("converters", "converters-none"),
        ("settings", "settings-none"),
    ):
        await studio.open(page)
        await studio.picture(name)


async def wizard(studio: Studio, server: Server) -> None:
    """Each step of the way to a station, with what may go wrong there; the station is removed again."""
    await studio.open("overview")
    studio.tray.window.open_page("wizard")
    shown = studio.tray.window.dialog
    assert isinstance(shown, Wizard)
    async for name, done in _walk(shown, studio, server):
        await studio.picture(f"wizard-{name}", shown)
        if done:
            shown.next.click()
            await studio.settle()
    shown.reject()
    async with studio.station.client() as client:
        for one in (await client.status()).instances:
            await client.remove_instance(one.name)
    await until(lambda: studio.tray.desk.seen.status and not studio.tray.desk.seen.status.instances)


async def _walk(shown: Wizard, studio: Studio, server: Server) -> AsyncIterator[tuple[str, bool]]:
    """Fills in each step in turn; gives its name, and whether it is done with."""
    _step(shown, ServerStep).address.setText(server.url)
    yield "1-server", True
    token = _step(shown, TokenStep)
    token.token.setText(TOKEN)
    token.in_file.setChecked(True)
    yield "2-token", True
    way = _step(shown, ConnectionStep)
    await until(lambda: way.checks, what="the test")
    for address, name in ((_NOBODY, "3-connection-failed"), (server.url, "4-connection")):
        shown.draft.server = address
        way.entered()
        await until(lambda: way.checks, what="the test")
        yield name, address == server.url
    _step(shown, NameStep).station.setText("FCT-04")
    yield "5-name", True
    await _folder(_step(shown, FolderStep), studio.station.root / "results")
    yield "6-folder", True
    trial = _step(shown, TrialStep)
    yield "7-trial-empty", False
    refused = studio.station.root / "SN-0325.txt"
    refused.write_text("SN-0325;PASS\n")
    for file, name in ((refused, "7-trial-refused"), (SAMPLE, "7-trial")):
        trial.trial = None
        trial.try_file(file)
        await until(lambda: trial.trial, what="the dry run")
        yield name, file == SAMPLE
    _step(shown, SummaryStep)
    yield "8-summary", True
    await until(lambda: isinstance(shown.step, EndStep), what="the station")
    yield "9-done", False


async def _folder(step: FolderStep, place: Path) -> None:
    step.folder.setText(str(place))
    await until(lambda: step.converter.count() and step.make.isVisible(), what="the converters")
    step.converter.setCurrentIndex(step.converter.findData("wstf"))
    step.make.setChecked(True)
    step.options.rows["process_code"].field.set_value(10)


def _step(shown: Wizard, kind: type[S]) -> S:
    assert isinstance(shown.step, kind), f"{shown.step} {shown.bar.error}"
    return shown.step
