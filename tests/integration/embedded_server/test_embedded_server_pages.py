"""The pages, as a browser gets them: parsed with a strict parser, with hostile reports."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest

from fakes.wsjf import encoded, minimal, numeric, repair, report_id, rich, sequence
from stationmaster.embedded_server import page_step

VOID = {"meta", "link", "input", "br", "path", "line", "polyline", "circle", "rect"}
HOSTILE = "</title><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """Text, links and elements of a page; fails where elements are not closed as they were opened."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def links(self, begin: str = "") -> list[str]:
        found = [attrs.get("href") or "" for tag, attrs in self.tags if tag == "a"]
        return [href for href in found if href.startswith(begin)]

    def named(self, tag: str, class_: str) -> list[dict[str, str | None]]:
        return [a for name, a in self.tags if name == tag and class_ in (a.get("class") or "").split()]


async def page(session: aiohttp.ClientSession, path: str, status: int = 200, **params: str) -> Page:
    async with session.get(path, params=params) as answer:
        source = await answer.text()
        assert answer.status == status, source
        assert answer.content_type == "text/html"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    found = Page(source)
    allowed = {"script", "style", "iframe", "object", "embed", "img", "base", "foreignobject"}
    assert not {tag for tag, _ in found.tags} & allowed
    for _, attributes in found.tags:
        # neither scripts nor styles in attributes: the policy would block them
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#")), "no link leads away"
    return found


async def post(session: aiohttp.ClientSession, *reports: dict[str, Any]) -> None:
    async with session.post("/api/Report/WSJF", json=list(reports)) as answer:
        assert answer.status == 200, await answer.text()


@pytest.fixture
async def many(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    await post(session, *(minimal(number, result="PF"[number % 2]) for number in range(120)))
    return session


# ---------------------------------------------------------------- the list
async def test_an_empty_server_says_how_to_fill_it(session: aiohttp.ClientSession) -> None:
    found = await page(session, "/")
    assert "No report has come yet" in found.text
    assert "/api/Report/WSJF" in found.text


async def test_the_list_shows_what_came(filled: aiohttp.ClientSession) -> None:
    await post(filled, rich(2))
    found = await page(filled, "/")
    assert found.links("/report/") == [f"/report/{report_id(number)}" for number in (3, 2, 1)]
    for words in (
        "SN-0002",
        "received 2 times",
        "Repair",
        "10 SW Debug",
        "2026-01-03 12:00:00 +01:00",
        "1.25 s",
    ):
        assert words in found.text
    signs = found.named("svg", "mark")
    assert [sign["aria-label"] for sign in signs].count("Failed") == 2  # one row, one tile
    assert "3 All" in found.text
    assert "2 Passed Passed" in found.text, "the sign's name and the word"


async def test_the_list_has_pages(many: aiohttp.ClientSession) -> None:
    first = await page(many, "/")
    assert "1 to 50 of 120" in first.text
    assert first.links("/?page=") == ["/?page=2"]
    last = await page(many, "/", page="3")
    assert "101 to 120 of 120" in last.text
    assert last.links("/?page=") == ["/?page=2"]
    assert "Past the end" in (await page(many, "/", page="9")).text
    everything = {link for number in "123" for link in (await page(many, "/", page=number)).links("/report/")}
    assert len(everything) == 120


async def test_the_list_is_searched(many: aiohttp.ClientSession) -> None:
    found = await page(many, "/", serial="n-011")
    assert "1 to 10 of 10" in found.text
    failed = await page(many, "/", serial="SN-011", result="Failed")
    assert len(failed.links("/report/")) == 5
    hidden = [a for tag, a in failed.tags if tag == "input"]
    assert [(a["name"], a["value"]) for a in hidden] == [("serial", "SN-011"), ("result", "Failed")]
    assert "/?result=Failed" in failed.links("/?"), "the search can be cleared"
    none = await page(many, "/", serial="nothing")
    assert "No report matches." in none.text
    assert (await page(many, "/", type="R")).links("/report/") == []
    assert len((await page(many, "/", serial="%")).links("/report/")) == 0


async def test_a_page_number_that_is_none_is_refused_in_words(session: aiohttp.ClientSession) -> None:
    assert "page: 'x' is no number" in (await page(session, "/", 400, page="x")).text


# ---------------------------------------------------------------- one report
async def test_a_report_is_shown_as_a_tree(filled: aiohttp.ClientSession) -> None:
    found = await page(filled, f"/report/{report_id(2)}")
    for words in (
        "SN-0002",
        "Failed at Main/Voltages/Rail",
        "Error 999 (code 999)",
        "9.5 V 4.5 ≤ x ≤ 5.5",
        "caused the failure",
        "12 too high",
        "NaN A",
        "2 A x > 1",
        "x < 1 or x > 2",
        "= 1.2 (any case)",
        "= Y",
        "loop of 2, 2 passed, 0 failed",
        "pass 0",
        "pass 1",
        "Text a note",
        "Exit code 3",
        "Yes (button 1)",
        "C:/seq/Main.seq 1.2",
        "setup",
        "cleanup",
        "log.txt 5 B",
        "SUBSN-1",
        "DMM-001",
        "Firmware 1.2.3",
        "Ohm 4.5",
        "temp 23.5",
        "Additional data: r",
        "All files (2)",
    ):
        assert words in found.text, words
    assert len(found.named("div", "step")) + len(found.named("details", "step")) == 17
    assert len(found.named("details", "step")) == 2
    assert [a["id"] for tag, a in found.tags if tag == "details" and a.get("id")] == ["step-1", "step-3"]
    assert found.links("#") == ["#step-4"]


async def test_statuses_are_told_by_shape_and_word(filled: aiohttp.ClientSession) -> None:
    found = await page(filled, f"/report/{report_id(2)}")
    shapes: dict[str, str] = {}
    sign = ""
    for tag, attributes in found.tags:
        if tag == "svg":
            sign = attributes.get("aria-label") or ""
        elif tag == "path" and attributes.get("class") == "outline":
            shapes[sign] = attributes["d"] or ""
    assert set(shapes) == {"Passed", "Failed", "Done", "Skipped"}
    assert len(set(shapes.values())) == 4, "each status has an outline of its own"


async def test_a_chart_is_drawn(filled: aiohttp.ClientSession) -> None:
    found = await page(filled, f"/report/{report_id(2)}")
    (curve,) = [a["points"] or "" for tag, a in found.tags if tag == "polyline"]
    points = [tuple(float(value) for value in pair.split(",")) for pair in curve.split()]
    assert len(points) == 3
    assert points[0][0] < points[1][0] < points[2][0]
    assert points[1][1] < points[2][1] < points[0][1], "1.5 is highest, 0.5 lowest, pixels grow downwards"
    for words in ("Current (A)", "Time (s)"):
        assert words in found.text


async def test_a_repair_is_shown(filled: aiohttp.ClientSession) -> None:
    found = await page(filled, f"/report/{report_id(3)}")
    for words in (
        "Repair report",
        "90 Burn In test",
        "Component: Burned",
        "Component U1",
        "Function block PSU",
        "Failed step 4",
        "Article CAP-100",
        "Comment hot",
        "part of 0",
        "position 1",
        "RMA 4711",
        "photo.jpg",
    ):
        assert words in found.text, words
    assert f"/report/{report_id(1)}" in found.links()


async def test_every_link_of_a_report_leads_somewhere(filled: aiohttp.ClientSession) -> None:
    for number in (2, 3):
        found = await page(filled, f"/report/{report_id(number)}")
        links = set(found.links("/"))
        assert len(links) >= 4
        for link in links:
            async with filled.get(link) as answer:
                assert answer.status == 200, link
    async with filled.get(f"/report/{report_id(2)}/wsjf") as answer:
        assert json.loads(await answer.read()) == rich(2)
        assert f'filename="{report_id(2)}.json"' in answer.headers["Content-Disposition"]
    async with filled.get(f"/report/{report_id(2)}/files") as answer:
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
            assert archive.namelist() == ["log.txt", "log (2).txt"]


async def test_files_are_downloads_and_never_shown(session: aiohttp.ClientSession) -> None:
    data = encoded(b"<script>alert(1)</script>")
    evil = {"name": 'x"\r\nX-Bad: 1\u20ac.html', "contentType": "text/html", "data": data}
    await post(session, minimal(1, binaryData=[evil]))
    found = await page(session, f"/report/{report_id(1)}")
    (link,) = found.links(f"/report/{report_id(1)}/attachment/")
    async with session.get(link) as answer:
        assert await answer.read() == b"<script>alert(1)</script>"
        assert answer.content_type == "application/octet-stream"
        assert "X-Bad" not in answer.headers
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename=\"x___X-Bad_ 1_.html\"; filename*=UTF-8''x___X-Bad_%201%E2%82%AC.html"
        )
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("text", [HOSTILE, "\0\x1b[31m\u202e", "\ud83d", "' OR 1=1 --", "{{7*7}}"])
async def test_hostile_text_stays_text(session: aiohttp.ClientSession, text: str) -> None:
    report = rich(1)
    for key in ("sn", "pn", "rev", "machineName", "location", "purpose"):
        report[key] = text
    report["uut"] |= {"user": text, "comment": text, "errorMessage": text, "batchSN": text, "fixtureId": text}
    report["miscInfos"] = [{"description": text, "text": text}]
    report["subUnits"] = [{"partType": text[:50], "pn": text, "rev": text, "sn": text}]
    report["assets"] = [{"sn": text}]
    report["binaryData"] = [{"name": text, "contentType": "a/b", "data": encoded(b"x")}]
    report["additionalData"] = [{"name": text, "props": [{"name": text, "type": "String", "value": text}]}]
    root = report["root"]
    root["name"] = text
    root["seqCall"] = {"path": text, "name": text, "version": text[:30]}
    rail, several = root["steps"][1]["steps"]
    rail |= {"name": text, "reportText": text, "errorMessage": text, "id": text, "tsGuid": text}
    rail["numericMeas"][0]["unit"] = text
    several["numericMeas"][0]["name"] = text
    root["steps"][4]["stringMeas"][0]["value"] = text
    root["steps"][5]["chart"] |= {"label": text, "xLabel": text, "yLabel": text, "xUnit": text[:50]}
    root["steps"][5]["chart"]["series"][0]["name"] = text
    root["steps"][6]["attachment"]["name"] = text
    root["steps"][9]["messagePopup"]["response"] = text
    root["steps"].append({"stepType": text, "name": text, "status": "D"})
    await post(session, report)
    found = await page(session, f"/report/{report_id(1)}")
    shown = " ".join(text.encode("utf-8", "replace").decode().split())
    if text is HOSTILE:
        assert found.text.count(shown) > 20
    await page(session, "/")
    await page(session, "/", serial=text.encode("utf-8", "replace").decode(), result=HOSTILE, type=HOSTILE)
    assert len((await page(session, "/", serial=HOSTILE)).links("/report/")) == (text is HOSTILE)


async def test_a_huge_report_is_cut_and_a_large_one_folded(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_step, "MAX_STEPS", 600)
    inner = [sequence(f"S{number}", [sequence("T", [numeric("V", 5)])]) for number in range(300)]
    inner[0]["steps"][0]["status"] = "F"
    await post(session, minimal(1, root=sequence("Main", inner)))
    found = await page(session, f"/report/{report_id(1)}")
    assert "901 steps" in found.text
    assert "Only the first 600 steps are shown." in found.text
    steps = found.named("details", "step")
    folded = [a for a in steps if "open" not in a]
    assert folded, "third levels are folded"
    assert len(folded) < len(steps)
    assert len(found.named("span", "row")) == 600


async def test_a_deep_report_is_shown(session: aiohttp.ClientSession) -> None:
    step = numeric("bottom", 5)
    for level in range(98):
        step = sequence(f"level {level}", [step])
    await post(session, minimal(1, root=step))
    assert "bottom" in (await page(session, f"/report/{report_id(1)}")).text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"/report/{report_id(99)}", 404, "There is no report"),
        (f"/report/{report_id(99)}/wsjf", 404, "There is no report"),
        (f"/report/{report_id(2)}/attachment/{report_id(5)}", 404, "no such attachment"),
        ("/report/x", 400, "'x' is no report id"),
    ],
)
async def test_a_page_that_is_not_there_says_so(
    filled: aiohttp.ClientSession, path: str, status: int, words: str
) -> None:
    assert words in (await page(filled, path, status)).text


async def test_the_style_sheet_is_our_own(session: aiohttp.ClientSession) -> None:
    async with session.get("/assets/style.css") as answer:
        style = await answer.text()
        assert answer.content_type == "text/css"
    assert "prefers-color-scheme: dark" in style
    assert "url(" not in style
    assert "@import" not in style
    async with session.get("/assets/icon.svg") as answer:
        assert (answer.status, answer.content_type) == (200, "image/svg+xml")


async def test_head_answers_without_a_body(filled: aiohttp.ClientSession) -> None:
    async with filled.head("/") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_a_repair_without_units_is_shown(session: aiohttp.ClientSession) -> None:
    report = repair(1)
    del report["subUnits"], report["binaryData"], report["miscInfos"]
    await post(session, report)
    assert "Units and repairs" not in (await page(session, f"/report/{report_id(1)}")).text


async def test_a_report_from_the_future_is_taken_and_marked(session: aiohttp.ClientSession) -> None:
    late = (datetime.now(UTC) + timedelta(hours=3, minutes=1)).isoformat()
    for report in (minimal(1), minimal(2, start=late)):
        async with session.post("/api/Report/WSJF", json=report) as answer:
            assert answer.status == 200, await answer.text()
    assert [mark["title"] for mark in (await page(session, "/")).named("span", "alert")] == ["by 3 hours"]
    assert "dated in the future" in (await page(session, f"/report/{report_id(2)}")).text
    assert "dated in the future" not in (await page(session, f"/report/{report_id(1)}")).text
