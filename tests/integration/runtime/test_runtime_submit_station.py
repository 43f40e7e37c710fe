"""A submitted report that does not name its station gets the instance's, whichever way it goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import msgspec

from fakes.hosted import Hosted
from fakes.oracle import Oracle
from stationmaster.submit import leave_report, whole

NAMED = {"station.name": "FCT-2", "station.location": "Hall 1"}


IDS = [f"0a6bbf4e-3f4c-4a55-8b57-1f9a1d6f2b1{number}" for number in (1, 2)]


async def payloads(hosted: Hosted, ids: Sequence[str]) -> list[bytes]:
    """What the spool holds of these reports."""
    entries = await hosted.agent.entries("line1", state=None, text=None, limit=10, before=None)
    numbers = {entry.report_id: entry.id for entry in entries}
    return [await hosted.agent.payload("line1", numbers[one]) for one in ids]


def nameless(hosted: Hosted, report_id: str) -> bytes:
    report = json.loads(hosted.wsjf(report_id=report_id))
    for key in ("machineName", "location", "purpose"):
        del report[key]
    return json.dumps(report).encode()


async def test_station_location_and_purpose_come_from_the_instance(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle, patch=NAMED)
    async with hosted:
        await hosted.running("line1")
        body = nameless(hosted, IDS[0])
        await hosted.agent.submit("line1", body, filename="a.json", converter="")
        # The same report under another id, by the outbox.
        other = whole(body.replace(IDS[0].encode(), IDS[1].encode()))
        await asyncio.to_thread(leave_report, hosted.home, "line1", other)
        await hosted.until(lambda: len(oracle.submits()) == 2)
        online, left = await payloads(hosted, IDS)
    report = msgspec.json.decode(online)
    assert (report["machineName"], report["location"], report["purpose"]) == ("FCT-2", "Hall 1", "-")
    assert left == online.replace(IDS[0].encode(), IDS[1].encode())


async def test_what_the_report_names_stays(hosted: Hosted, oracle: Oracle) -> None:
    await hosted.line("line1", oracle, patch=NAMED)
    async with hosted:
        await hosted.running("line1")
        body = hosted.wsjf(report_id=IDS[0])
        await hosted.agent.submit("line1", body, filename="a.json", converter="")
        (stored,) = await payloads(hosted, IDS[:1])
    assert msgspec.json.decode(stored) == msgspec.json.decode(body)
