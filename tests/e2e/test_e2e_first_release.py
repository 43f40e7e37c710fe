"""A station that ran the first release is upgraded: its spool opens and drains, its history stays."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

from fakes.clock import FakeClock
from fakes.hosted import TOKEN, Hosted
from fakes.typed import Typist
from stationmaster.api.wsjf import decode
from stationmaster.cli.sample import samples
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.embedded_server import EmbeddedServer, ServerSettings
from stationmaster.model import EntryState
from stationmaster.wats.client import ServerAddress, WatsClient

FIRST = Path(__file__).parent.parent / "data" / "spool"
STATION = "/srv/station"
"""Where the station's folders lay when the files were made."""

NEXT_DAY = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
WAITING = {f"DEMO-{letter}-00{number}" for letter in "WTJH" for number in (4, 5)} | {"FIRST-S-1"}
DELIVERED = {f"DEMO-{letter}-00{number}" for letter in "WTJH" for number in (1, 2, 3)}


@asynccontextmanager
async def upgraded(root: Path, server: EmbeddedServer, clock: FakeClock) -> AsyncIterator[Hosted]:
    """The station's home, below `root` now, with an agent that is not started."""
    hosted = Hosted(root, clock=clock)
    hosted.home.ensure()
    settings = (FIRST / "first-release.toml").read_text(encoding="utf-8")
    settings = settings.replace(STATION, str(root)).replace("http://127.0.0.1:8471", server.url)
    hosted.home.instance_file("line1").write_text(settings, encoding="utf-8")
    hosted.home.ensure_instance("line1")
    (root / "results").mkdir()
    shutil.copy(FIRST / "first-release.log", hosted.home.log / "agent.log")
    spool = hosted.home.spool("line1")
    shutil.copy(FIRST / "first-release.db", spool)
    _moved(spool, str(root))
    async with hosted.idle():
        await SecretStore(hosted.home, hosted.store.load).set("line1", Secret(TOKEN))
        yield hosted


def _moved(spool: Path, root: str) -> None:
    """The disk with the station's folders has another place here."""
    with closing(sqlite3.connect(spool)) as db, db:
        for column in ("folder", "path", "place"):
            db.execute(f"UPDATE source SET {column}=replace({column}, ?, ?)", (STATION, root))  # noqa: S608 - column names of ours


def states(spool: Path) -> Counter[tuple[str, str]]:
    """How many entries of each kind are in each state."""
    with closing(sqlite3.connect(spool)) as db:
        return Counter((kind, state) for kind, state in db.execute("SELECT kind, state FROM entry"))


async def held(server: EmbeddedServer, clock: FakeClock) -> list[str]:
    """Serial numbers of the reports that the server holds."""

    async def token() -> str:
        return TOKEN

    async with WatsClient(ServerAddress(url=server.url), token, clock) as client:
        return [one.sn for number in await client.report_ids() for one in decode(await client.report(number))]


async def test_everything_that_waited_is_delivered_once_and_the_history_stays(tmp_path: Path) -> None:
    clock = FakeClock(NEXT_DAY)
    settings = ServerSettings(database=tmp_path / "server.db", port=0)
    async with EmbeddedServer(settings, clock=clock) as server, upgraded(tmp_path, server, clock) as hosted:
        spool = hosted.home.spool("line1")
        before = states(spool)
        assert before["report", "queued"] == len(WAITING)
        await hosted.start()
        await hosted.running("line1")
        await hosted.until(lambda: not hosted.waiting("line1"), what="the drain")
        assert Counter(await held(server, clock)) == Counter(WAITING), "each that waited, once, and no other"

        entries = {entry.id: entry for entry in await hosted.entries("line1")}
        counts = hosted.instance("line1").counts
        assert (counts.completed, counts.error, counts.queued) == (len(DELIVERED | WAITING), 5, 0)
        done = {one.serial_number for one in entries.values() if one.state is EntryState.COMPLETED}
        assert done == DELIVERED | WAITING
        assert {one.attempts for one in entries.values() if one.serial_number in WAITING} == {1}
        assert all(
            '"status":200' in one.receipt for one in entries.values() if one.serial_number in DELIVERED
        )
        assert entries[13].reason.startswith("The server refused the report (400): Index 1: step VCC")
        assert entries[19].reason.endswith("bad-4.txt: line 14 column LowLimit: 'soon' is no number")
        assert {entries[15].state, entries[16].state} == {EntryState.DISMISSED}
        assert entries[15].dismissed_by == "root"
        [dismissed] = [one for one in await hosted.agent.history("line1", 16) if one.what == "dismissed"]
        assert dismissed.by == "root"

        await hosted.restart()
        await hosted.running("line1")
        assert hosted.completed("line1") == len(DELIVERED | WAITING)
        assert Counter(await held(server, clock)) == Counter(WAITING), "nor is anything sent again later"
        await hosted.stop()
        after = states(spool)
        assert after["report", "completed"] == before["report", "completed"] + len(WAITING)
        assert {key: after[key] for key in before if key[1] in {"error", "dismissed"}} == {
            key: before[key] for key in before if key[1] in {"error", "dismissed"}
        }


async def test_commands_find_units_of_then_and_an_error_of_then_can_be_retried(tmp_path: Path) -> None:
    clock = FakeClock(NEXT_DAY)
    settings = ServerSettings(database=tmp_path / "server.db", port=0)
    async with EmbeddedServer(settings, clock=clock) as server, upgraded(tmp_path, server, clock) as hosted:
        mended = next(content for _, name, content in samples() if name == "wstf-001.txt")
        (hosted.home.errors("line1") / "bad-4.txt").write_bytes(mended.replace(b"DEMO-T-001", b"FIRST-M-1"))
        await hosted.start()
        await hosted.running("line1")
        await hosted.until(lambda: not hosted.waiting("line1"), what="the drain")
        with Typist(hosted) as keyboard:
            async with keyboard.agent():
                [found] = (await keyboard.type("queue", "find", "demo-w-001", "--json")).data
                assert (found["state"], found["id"]) == ("completed", 12)
                assert found["source"] == str(tmp_path / "results" / "wsjf-001.json")
                said = await keyboard.type("queue", "find", "FIRST-E-1")
                assert "The server refused the report (400)" in said.out + said.talk
                assert (await keyboard.type("queue", "retry", "19")).code == 0
                await hosted.until(lambda: not hosted.waiting("line1") and hosted.completed("line1") == 23)
                [again] = (await keyboard.type("queue", "find", "FIRST-M-1", "--json")).data
                assert again["state"] == "completed"
                records = (await keyboard.type("log", "tail", "-n", "1000", "--json")).data
                told = [one["text"] for one in records if one["instance"] == "line1"]
                assert any("bad-4.txt" in text and "'soon' is no number" in text for text in told)
        assert Counter(await held(server, clock)) == Counter(WAITING | {"FIRST-M-1"})
