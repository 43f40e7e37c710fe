"""The embedded server takes WSXF and WRML, and answers as for WSJF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes.wsjf import minimal
from stationmaster.api.wsxf import decode

DATA = Path(__file__).parents[2] / "data" / "wsxf"
BOARD = "5b0c1f6e-8f1d-4c6b-9a7e-0d3d5f1c2a11"


async def posted(session: aiohttp.ClientSession, body: bytes, status: int = 200) -> Any:
    headers = {"Content-Type": "application/xml"}
    async with session.post("/api/Report/WSXF", data=body, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return await (answer.json() if status == 200 else answer.text())


async def stored(session: aiohttp.ClientSession, report_id: str) -> Any:
    async with session.get(f"/api/Report/Wsjf/{report_id}") as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_document_is_stored_as_wsjf(session: aiohttp.ClientSession) -> None:
    body = (DATA / "board.xml").read_bytes()
    assert await posted(session, body) == {"ID": BOARD, "uuid": BOARD, "Report_ID": 1}
    [report] = decode(body)
    # WSXF may leave location and purpose empty, WSJF may not
    assert await stored(session, BOARD) == {**report.data, "location": "-"}


@pytest.mark.parametrize("name", ["repair.xml", "flat.xml"])
async def test_repairs_and_the_flat_form_too(session: aiohttp.ClientSession, name: str) -> None:
    answer = await posted(session, (DATA / name).read_bytes())
    found = await stored(session, answer["ID"])
    assert found["sn"] in {"SN-1001", "SN-1002"}
    assert found["start"][:4] == "2026" or name == "flat.xml"


async def test_several_reports_give_a_list_and_the_same_id_overwrites(session: aiohttp.ClientSession) -> None:
    text = (DATA / "repair.xml").read_text(encoding="utf-8")
    begin, end = text.index("<Report "), text.index("</Report>") + len("</Report>")
    other = text[begin:end].replace("6f6a6c1e", "7f6a6c1e")
    first, second = await posted(session, (text[:end] + other + text[end:]).encode())
    assert (first["Report_ID"], second["Report_ID"]) == (1, 2)
    assert (await posted(session, text.encode()))["Report_ID"] == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("</Reports>", ""), "is not well-formed XML"),
        (('SN="SN-1001" PN="BRD-7" Rev="B" MachineName', 'PN="BRD-7" Rev="B" MachineName'), "sn: is missing"),
        (('NumericValue="62"', 'NumericValue="high"'), "'high' is no number"),
        ((' Start_utc="2026-03-02T06:15:30.250"', ""), "has no offset"),
        (("/WATS/Report/wsxf", "/WATS/other"), "is no root of a WSXF or WRML file"),
    ],
)
async def test_what_is_wrong_is_answered_in_words(
    session: aiohttp.ClientSession, change: tuple[str, str], sentence: str
) -> None:
    text = (DATA / "board.xml").read_text(encoding="utf-8")
    assert change[0] in text
    assert sentence in await posted(session, text.replace(*change).encode(), 400)


async def test_wsjf_is_no_wsxf(session: aiohttp.ClientSession) -> None:
    async with session.post("/api/Report/WSXF", json=minimal(1)) as answer:
        assert answer.status == 400
        assert "not well-formed XML" in await answer.text()


async def test_a_document_with_entities_is_refused(session: aiohttp.ClientSession) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><Reports>&c;</Reports>'
    assert "entities of its own" in await posted(session, bomb, 400)


async def test_real_files(session: aiohttp.ClientSession, corpus: Path) -> None:
    for path in sorted((corpus / "wsxf").rglob("*.xml")):
        [report] = decode(path.read_bytes())
        answer = await posted(session, path.read_bytes())
        assert answer["ID"] == report.id.lower()
        assert (await stored(session, report.id))["sn"] == report.sn
