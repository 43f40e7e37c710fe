"""The overview, drawn from a real agent's snapshots."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from fakes.station import Station
from fakes.tray import attached, button, texts
from fakes.waiting import until
from stationmaster.model import Problem, ProblemCode, Severity
from stationmaster_tray.pages.overview import OverviewPage, grouped
from stationmaster_tray.widgets import station as station_module

pytestmark = pytest.mark.usefixtures("app")


async def test_a_station_shows_what_it_does_and_what_it_delivered(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            page = OverviewPage(desk)
            desk.session.changed.connect(page.show_seen)
            page.show_seen(desk.seen)
            page.entered()
            line.inboxes[0].drop(line.equipment.make("wstf", units=2))
            await until(lambda: "2" in texts(page), what="the number of reports")
            await until(lambda: any("line1-00001" in text for text in texts(page)), what="the last uploads")
            assert "Running, online" in texts(page)
            assert any(text.startswith("All sent") for text in texts(page))
            assert not any("outbox" in text for text in texts(page))
            page.left()


async def test_a_problem_shows_with_its_next_step_and_goes_with_its_cause(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        line = await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            page = OverviewPage(desk)
            desk.session.changed.connect(page.show_seen)
            folder = line.inboxes[0].path
            folder.rename(folder.with_name("gone"))
            await until(
                lambda: any(text.startswith("!  line1: ") for text in texts(page)), what="the problem"
            )
            assert any(text.startswith("→ ") for text in texts(page))
            folder.with_name("gone").rename(folder)
            await until(lambda: not any(text.startswith("! ") for text in texts(page)), what="its end")


async def test_nothing_looks_well_without_an_agent(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.line("line1", await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            page = OverviewPage(desk)
            desk.session.changed.connect(page.show_seen)
            page.show_seen(desk.seen)
            await until(lambda: "Running, online" in texts(page), what="the state")
            desk.session.stop_starting()
            await station.terminate()
            await until(lambda: "Agent not running: click to start" in texts(page), what="the end")
            assert "Running, online" not in texts(page)


async def test_without_a_station_it_leads_to_the_first_one(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk:
            page = OverviewPage(desk)
            page.show_seen(desk.seen)
            wanted: list[tuple[str, str, str]] = []
            desk.wanted.connect(lambda *words: wanted.append(words))
            button(page, "Set up a station...").click()
            assert wanted == [("add-station", "", "")]


async def test_a_card_asks_again_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(station_module, "REFRESH_EVERY", 0.05)
    caplog.set_level(logging.INFO)
    async with Station(tmp_path) as station:
        server = await station.server()
        await station.start()
        async with attached(station) as desk:
            card = station_module.StationCard(desk, "line1")
            card.follow(on=True)
            await until(
                lambda: caplog.text.count("cannot be had now") > 1, what="two refusals: no such station"
            )
            line = await station.line("line1", server, "keep")
            line.inboxes[0].drop(line.equipment.make("wstf", units=1))
            await until(lambda: any("line1-00001" in text for text in texts(card)), what="the last uploads")
            card.follow(on=False)


def offline(name: str, *, text: str = "Connection refused.", code: str = "server-unreachable") -> Problem:
    return Problem(
        code=ProblemCode(code), severity=Severity.WARNING, title="The server cannot be reached", text=text,
        instance=name, since=datetime(2026, 3, 2, tzinfo=UTC), subject="server",
    )  # fmt: skip


def test_what_stations_have_alike_is_said_once() -> None:
    other = offline("c", text="Another server.")
    assert grouped((offline("a"), other, offline("b"))) == [(("a", "b"), offline("a")), (("c",), other)]
    # each leads to a page of its own station
    tokens = tuple(offline(name, code="token-missing") for name in ("a", "b"))
    assert [stations for stations, _ in grouped(tokens)] == [("a",), ("b",)]


async def test_a_server_that_is_away_is_told_once_for_all_its_stations(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        server = await station.server()
        lines = [await station.line(name, server, "keep") for name in ("line1", "line2")]
        server.stop()
        await station.start()
        for line in lines:
            line.inboxes[0].drop(line.equipment.make("wstf", units=1))
        async with attached(station) as desk:
            page = OverviewPage(desk)
            desk.session.changed.connect(page.show_seen)
            page.show_seen(desk.seen)
            title = "!  All stations: The server cannot be reached"
            await until(lambda: title in texts(page), what=lambda: str(texts(page)))
            assert not any(text.startswith("!  line") for text in texts(page))


async def test_without_a_station_one_card_says_so_and_has_the_button(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        await station.start()
        async with attached(station) as desk:
            page = OverviewPage(desk)
            page.show()
            page.show_seen(desk.seen)
            shown = [one.text() for one in page.findChildren(QLabel) if one.isVisible() and one.text()]
            assert [text for text in shown if text.startswith("No station")] == ["No station is set up yet"]
            assert button(page, "Set up a station...").isVisible()
            await station.line("line1", await station.server(), "keep")
            await station.until(lambda now: now.instances, what="the station")
            await until(lambda: desk.seen.status and desk.seen.status.instances, what="the news of it")
            page.show_seen(desk.seen)
            state = page.findChild(QLabel, "state")
            assert isinstance(state, QLabel)
            assert state.isVisible()
            page.close()
