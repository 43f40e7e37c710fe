"""The canary on the Converters page: what it found, Stop, and Promote."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QMessageBox

from fakes.rig import rig
from fakes.station import Station
from fakes.tray import attached, button
from fakes.waiting import until
from stationmaster.canary import CanaryStatus, Ended
from stationmaster.control.canary_protocol import CanaryRequest
from stationmaster.model import Lifecycle
from stationmaster_tray.pages.converters import ConvertersPage


async def test_a_canary_is_shown_stopped_and_promoted(app: QApplication, tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        folder = {"converters": ["rig"], "include": ["*.txt"], "options": {}}
        line = await station.line("line1", server, "delete", folder=folder)
        live = rig(station.home.converters("line1"), "1")
        before = live.read_text()
        await station.start()
        await station.until(lambda seen: seen.instances[0].lifecycle is Lifecycle.RUNNING)
        async with attached(station) as desk:
            page = ConvertersPage(desk)
            desk.session.changed.connect(page.show_seen)
            page.show_seen(desk.seen)
            canaries = page.watched.canaries
            assert canaries.isHidden()
            new = rig(tmp_path / "new", "2")
            request = CanaryRequest(filename="rig.py", content=new.read_text())
            async with station.client() as client:
                await client.start_canary("line1", request)
            await until(lambda: canaries.lines, what="the line of the canary")
            shown = canaries.lines["line1"]
            assert "line1: canary rig version 2 beside rig: 0 of 100 files" in shown.text
            assert not canaries.isHidden()
            box = shown.ask()
            assert box is not None
            button(box, "Promote").click()
            await until(lambda: "No file was compared yet" in shown.bar.error, what="the refusal")
            assert live.read_text() == before
            (line.inboxes[0].path / "a.txt").write_text("SN1,5.0\n")
            await until(lambda: "1 of 100 files, 1 the same" in shown.text, what="the first file")
            box = shown.ask()
            assert box is not None
            button(box, "Promote").click()
            await until(lambda: not canaries.lines, what="the end of the canary")
            assert live.read_text() == new.read_text()
            [told] = [
                one for one in app.topLevelWidgets() if isinstance(one, QMessageBox) and one.isVisible()
            ]
            assert "stationmaster converter install " in told.informativeText()
            told.close()
            async with station.client() as client:
                await client.start_canary("line1", CanaryRequest(filename="rig.py", content=before))
            await until(lambda: canaries.lines, what="the line of the next canary")
            canaries.lines["line1"].stop.click()
            await until(lambda: not canaries.lines, what="the end of that one")
            stopped: CanaryStatus | None = (await station.instance("line1")).canary
            assert stopped is not None
            assert stopped.ended is Ended.STOPPED
            page.deleteLater()
