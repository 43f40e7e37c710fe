"""Submit, read back, look for: over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import zipfile
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes.clock import FakeClock
from fakes.report import completed, repair_report, rich_report
from fakes.wsjf import encoded, minimal, numeric, repair, report_id, rich, sequence
from stationmaster.api.wsjf import decode, encode
from stationmaster.api.wsjf import repair as mend
from stationmaster.embedded_server import EmbeddedServer, ServerSettings
from stationmaster.embedded_server.query import HeaderQuery
from stationmaster.embedded_server.record import headers
from stationmaster.embedded_server.schema import connect

QUERY = "/api/Report/Query/Header"


async def got(
    session: aiohttp.ClientSession,
    path: str,
    status: int = 200,
    *,
    params: dict[str, str] | None = None,
    **more: str,
) -> Any:
    async with session.get(path, params=(params or {}) | more) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def posted(
    session: aiohttp.ClientSession, report: object, status: int = 200, path: str = "/api/Report/WSJF"
) -> Any:
    data = report if isinstance(report, bytes) else json.dumps(report).encode()
    async with session.post(path, data=data, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == status, await answer.text()
        return await (answer.json() if status == 200 else answer.text())


# ---------------------------------------------------------------- submit
async def test_a_report_comes_back_as_it_went_in(session: aiohttp.ClientSession) -> None:
    for number, report in enumerate((minimal(1), rich(2), repair(3)), start=1):
        answer = await posted(session, report)
        assert answer == {"ID": report["id"], "uuid": report["id"], "Report_ID": number}
        assert await got(session, f"/api/Report/Wsjf/{report['id']}") == report


async def test_what_the_builder_makes_comes_back_too(session: aiohttp.ClientSession) -> None:
    for made, number in ((rich_report(), 1), (repair_report(), 2)):
        report = completed(made)
        report.data["id"] = report_id(number)
        await posted(session, encode(report))
        assert await got(session, f"/api/Report/Wsjf/{report.id}") == report.data


async def test_paths_are_taken_in_any_case(session: aiohttp.ClientSession) -> None:
    await posted(session, minimal(1), path="/API/report/wsjf")
    assert await got(session, f"/api/REPORT/wSjF/{report_id(1).upper()}") == minimal(1)


async def test_the_same_id_again_overwrites_and_is_counted(session: aiohttp.ClientSession) -> None:
    first = await posted(session, rich(1))
    changed = minimal(1, sn="NEW")
    second = await posted(session, changed)
    assert second == first
    assert await got(session, f"/api/Report/Wsjf/{report_id(1)}") == changed
    (header,) = await got(session, QUERY, params={"$expand": "miscInfo,subUnits"})
    assert (header["receiveCount"], header["serialNumber"]) == (2, "NEW")
    assert (header["miscInfo"], header["subUnits"]) == ([], [])
    assert await got(session, "/api/Report/Query/HeaderByMiscInfo", description="Firmware") == []


async def test_the_server_makes_a_missing_id(session: aiohttp.ClientSession) -> None:
    report = minimal(1)
    del report["id"]
    answer = await posted(session, report)
    assert (await got(session, f"/api/Report/Wsjf/{answer['ID']}")) == report | {"id": answer["uuid"]}


async def test_a_list_is_answered_with_a_list_and_taken_whole_or_not_at_all(
    session: aiohttp.ClientSession,
) -> None:
    answers = await posted(session, b"\xef\xbb\xbf \n" + json.dumps([minimal(1), minimal(2)]).encode())
    assert [answer["ID"] for answer in answers] == [report_id(1), report_id(2)]
    text = await posted(session, [minimal(3), minimal(4, sn="")], status=400)
    assert text == "report 2: sn: is empty"
    await got(session, f"/api/Report/Wsjf/{report_id(3)}", 404)


async def test_a_refusal_is_plain_text_of_lines(session: aiohttp.ClientSession) -> None:
    bad = minimal(1, root=sequence("Main", [numeric("VCC", 5)]), rev="")
    bad["root"]["steps"][0]["status"] = "F"
    async with session.post("/api/Report/WSJF", json=bad) as answer:
        assert (answer.status, answer.content_type) == (400, "text/plain")
        lines = (await answer.text()).split("\n")
    assert lines == ["rev: is empty", "root -> VCC: Status cannot be different from measurement status."]
    await got(session, f"/api/Report/Wsjf/{report_id(1)}", 404)


async def test_a_large_report_is_read_beside_the_loop(session: aiohttp.ClientSession) -> None:
    report = minimal(1, binaryData=[{"name": "x", "contentType": "a/b", "data": encoded(b"x" * 300_000)}])
    await posted(session, report)
    assert await got(session, f"/api/Report/Wsjf/{report_id(1)}") == report
    report["sn"] = ""
    assert await posted(session, report, status=400) == "sn: is empty"


async def test_fifty_at_once_are_all_there(session: aiohttp.ClientSession) -> None:
    answers = await asyncio.gather(*(posted(session, minimal(number)) for number in range(50)))
    assert len({answer["Report_ID"] for answer in answers}) == 50
    assert len(await got(session, QUERY, params={"$top": "100"})) == 50


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused_while_it_streams(tmp_path: Path, announced: bool) -> None:  # noqa: FBT001 - a parameter of the test
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(1000):
            sent += 10_000
            yield b" " * 10_000

    settings = ServerSettings(database=tmp_path / "s.db", port=0, max_body=100_000)
    async with EmbeddedServer(settings) as server, aiohttp.ClientSession(server.url) as session:
        data: Any = b" " * 100_001 if announced else endless()
        async with session.post("/api/Report/WSJF", data=data) as answer:
            assert answer.status == 413
            assert "larger than" in await answer.text()
        await posted(session, minimal(1))
    assert sent < 10_000_000


async def test_the_real_exports_come_back_with_nothing_lost(
    session: aiohttp.ClientSession, corpus: Path
) -> None:
    files = [
        path for path in sorted((corpus / "wsjf").rglob("*.json")) if not path.name.startswith("852ea178")
    ]
    assert len(files) == 6
    for path in files:
        (report,) = decode(path.read_bytes())
        mend(report)
        await posted(session, encode(report))
        assert await got(session, f"/api/Report/Wsjf/{report.id}") == report.data


async def test_strict_loops_are_a_setting(tmp_path: Path) -> None:
    loop = {"idx": None, "num": 1, "endingIndex": 0, "passed": 1, "failed": 0}
    other = {"stepType": "Action", "name": "L", "status": "P", "loop": {"idx": 0}}
    report = minimal(1, root=sequence("Main", [numeric("L", 5, loop=loop), other]))
    settings = ServerSettings(database=tmp_path / "s.db", port=0, strict_loops=True)
    async with EmbeddedServer(settings) as server, aiohttp.ClientSession(server.url) as session:
        text = await posted(session, report, status=400)
    assert text == "Index 0: step L: stepType is required to match Summary step."


# ---------------------------------------------------------------- read
async def test_as_much_of_a_report_as_asked_for(filled: aiohttp.ClientSession) -> None:
    path = f"/api/Report/Wsjf/{report_id(2)}"
    assert "root" not in await got(filled, path, detailLevel="0")
    assert "numericMeas" not in json.dumps(await got(filled, path, DETAILLEVEL="4"))
    assert "ydata" not in json.dumps(await got(filled, path, includeChartdata="False"))
    assert encoded(b"hello") not in json.dumps(await got(filled, path, includeAttachments="false"))
    assert await got(filled, path, detailLevel="7", includeAttachments="true") == rich(2)


@pytest.mark.parametrize(
    ("path", "params", "status", "words"),
    [
        ("/api/Report/Wsjf/nonsense", {}, 400, "'nonsense' is no report id"),
        (f"/api/Report/Wsjf/{report_id(99)}", {}, 404, f"There is no report {report_id(99)}."),
        (f"/api/Report/Wsjf/{report_id(2)}", {"detailLevel": "8"}, 400, "detailLevel: '8' is no number"),
        (f"/api/Report/Wsjf/{report_id(2)}", {"detailLevel": "x"}, 400, "detailLevel: 'x' is no number"),
        (f"/api/Report/Wsjf/{report_id(2)}", {"includeChartdata": "maybe"}, 400, "neither true nor false"),
        (QUERY, {"$filter": "serialNumber is 'x'"}, 400, "$filter, character 14: expected one of eq"),
        (QUERY, {"$top": "x"}, 400, "$top: 'x' is no number"),
        ("/api/Report/Query/HeaderByMiscInfo", {"processCode": "x"}, 400, "processCode: 'x'"),
        ("/api/Report/Attachment", {"stepId": "12"}, 400, "reportId is required."),
        ("/api/Report/Attachment", {"reportId": report_id(2)}, 400, "attachmentId or stepId is required."),
        ("/api/Report/Attachment", {"reportId": report_id(2), "stepId": "3"}, 404, "no attachment at step 3"),
        (
            "/api/Report/Attachment",
            {"reportId": report_id(2), "attachmentId": report_id(9)},
            404,
            "has no attachment",
        ),
        ("/api/Report/Attachments/x", {}, 400, "no report id"),
        (f"/api/Report/Attachments/{report_id(99)}", {}, 404, "There is no report"),
        ("/api/Report/WSJF", {}, 405, "answers only to POST"),
        ("/api/Nonsense", {}, 404, "There is no /api/Nonsense on this server."),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_json(
    filled: aiohttp.ClientSession, path: str, params: dict[str, str], status: int, words: str
) -> None:
    answer = await got(filled, path, status, params=params)
    assert words in answer["message"]


async def test_attachments(filled: aiohttp.ClientSession) -> None:
    async with filled.get(f"/api/Report/Attachment?reportId={report_id(2)}&stepId=12") as answer:
        assert (answer.status, await answer.read()) == (200, b"hello")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="log.txt"')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    photo = "11111111-2222-4333-8444-555555555555"
    async with filled.get(f"/api/Report/Attachment?reportId={report_id(3)}&attachmentId={photo}") as answer:
        assert await answer.read() == b"\xff\xd8\xff"
    async with filled.get(f"/api/Report/Attachments/{report_id(2)}") as answer:
        assert answer.content_type == "application/zip"
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
    assert contents == {"log.txt": b"of the report", "log (2).txt": b"hello"}


# ---------------------------------------------------------------- look for
async def test_headers_say_what_the_report_says(filled: aiohttp.ClientSession) -> None:
    params = {"$filter": "result eq 'Failed'", "$expand": "subUnits,miscInfo,assets,attachments"}
    (header,) = await got(filled, QUERY, params=params)
    expected = {
        "uuid": report_id(2),
        "serialNumber": "SN-0002",
        "partNumber": "PCBA-001",
        "reportType": "T",
        "start": "2026-01-03T12:00:00.500+01:00",
        "revision": "A",
        "result": "Failed",
        "batchNumber": "B-1",
        "userName": "operator1",
        "stationName": "STATION-01",
        "location": "Lab",
        "purpose": "Development",
        "processCode": 10,
        "processName": "SW Debug",
        "comment": "a comment",
        "executionTime": 1.25,
        "swFilename": "Main.seq",
        "swVersion": "1.2",
        "testSocketIndex": 2,
        "fixtureId": "FX-1",
        "errorCode": 999,
        "errorMessage": "Error 999",
        "receiveCount": 1,
        "run": 1,
        "causedUutFailure": "Rail",
        "causedUutFailurePath": "Main/Voltages/Rail",
        "referencedUut": None,
        "measuresDeleted": False,
        "subUnits": [{"partType": "PCBA", "serialNumber": "SUBSN-1", "partNumber": "SUB-1", "revision": "B"}],
        "miscInfo": [
            {"description": "Firmware", "value": "1.2.3"},
            {"description": "Ohm", "value": "4.5"},
        ],
        "assets": [{"serialNumber": "DMM-001", "runningCount": 1}],
        "attachments": [
            {"stepId": None, "filename": "log.txt"},
            {"stepId": 12, "filename": "log.txt"},
        ],
    }
    assert expected.items() <= header.items()
    assert set(header) - set(expected) == {"timeStamp", "reportSize"}


async def test_headers_of_repairs(filled: aiohttp.ClientSession) -> None:
    params = {"reportType": "R", "$expand": "uurSubUnits,uurMiscInfo,uurAttachments"}
    (header,) = await got(filled, QUERY, params=params)
    assert (header["referencedUut"], header["processName"]) == (report_id(1), "Repair")
    assert [unit["serialNumber"] for unit in header["uurSubUnits"]] == ["SN-0003", "SUBSN-1"]
    assert header["uurMiscInfo"] == [{"description": "RMA", "value": "4711"}]
    assert header["uurAttachments"] == [
        {"id": "11111111-2222-4333-8444-555555555555", "filename": "photo.jpg"}
    ]


async def test_order_and_pages(session: aiohttp.ClientSession) -> None:
    await posted(session, [minimal(number) for number in (5, 1, 4, 2, 3, *range(6, 15))])

    async def serials(**params: str) -> list[str]:
        options = {f"${name}": value for name, value in params.items()}
        return [header["serialNumber"] for header in await got(session, QUERY, params=options)]

    newest = [f"SN-{number:04}" for number in range(14, 4, -1)]
    assert await serials() == newest
    assert await serials(top="2", skip="1") == newest[1:3]
    assert await serials(top="3", orderby="serialNumber") == ["SN-0001", "SN-0002", "SN-0003"]
    assert await serials(top="3", orderby="timeStamp asc") == ["SN-0005", "SN-0001", "SN-0004"]
    assert await serials(top="1", orderby="uuid desc") == ["SN-0014"]
    assert await serials(top="0") == []
    assert await serials(skip="14") == []
    (header,) = await got(session, QUERY, params={"$top": "1", "$select": "uuid,result"})
    assert header == {"uuid": report_id(14), "result": "Passed"}


async def test_runs_of_a_unit_are_counted(session: aiohttp.ClientSession) -> None:
    await posted(session, [minimal(number, sn="SAME") for number in (1, 2, 3)])
    await posted(session, minimal(4, sn="SAME", processCode=50))
    headers = await got(session, QUERY, params={"$orderby": "start asc"})
    assert [header["run"] for header in headers] == [1, 2, 3, 1]


def test_runs_are_counted_once_per_unit(tmp_path: Path) -> None:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with contextlib.closing(connect(tmp_path / "s.db")) as database:
        rows = [(f"{number:032x}", number) for number in range(3000)]
        database.executemany(
            "INSERT INTO report (id, type, serial_number, part_number, process_code, started_us,"
            " receive_count, report_size, time_stamp, received_us, parts)"
            " VALUES (?, 'T', 'S', 'P', 10, ?, 1, 1, 1, 1, '{}')",
            rows,
        )
        database.set_progress_handler(count, 1000)
        found = headers(database, HeaderQuery(top=3000))
    assert [header["run"] for header in found] == list(range(3000, 0, -1))
    assert steps < 3000  # thousands of instructions of SQLite; counted one by one it was 36,000


async def test_a_reference_that_is_no_text_is_kept(session: aiohttp.ClientSession) -> None:
    await posted(session, minimal(1, uut={"refUUT": "\ud800"}))
    await got(session, QUERY)


async def test_a_number_of_thousands_of_digits_is_refused(session: aiohttp.ClientSession) -> None:
    async with session.get(QUERY, params={"$filter": f"processCode eq {'9' * 5000}"}) as answer:
        assert answer.status == 400


async def test_by_misc_info(filled: aiohttp.ClientSession) -> None:
    path = "/api/Report/Query/HeaderByMiscInfo"
    expected = {
        "miscData": [
            {"description": "Firmware", "data": "1.2.3"},
            {"description": "Ohm", "data": "4.5"},
        ],
        "serialNumber": "SN-0002",
        "partNumber": "PCBA-001",
        "start": "2026-01-03T12:00:00.500+01:00",
        "result": "Failed",
        "uuid": report_id(2),
        "processCode": 10,
        "processName": "SW Debug",
    }
    assert await got(filled, path, description="firmware", data="1.2.3") == [expected]
    assert await got(filled, path, description="Firmware", stringValue="1.2.3") == [expected]
    assert await got(filled, path, processCode="10", serialNumber="sn-0002", params={"$top": "1"}) == [
        expected
    ]
    assert await got(filled, path, description="Firmware", data="4.5") == []
    assert await got(filled, path, description="RMA") == []
    assert await got(filled, path, processCode="50", description="Firmware") == []


# ---------------------------------------------------------------- the system
async def test_system_routes(filled: aiohttp.ClientSession) -> None:
    assert isinstance(await got(filled, "/api/App/Version"), str)
    assert (await got(filled, "/api/internal/client/ping"))["status"] == "OK"
    assert set(await got(filled, "/api/internal/Client/ServerInfo")) == {"SiteCode", "Name", "Version"}
    assert (await got(filled, "/api/internal/Client/Version"))[0]["version"]
    status = await got(filled, "/api/SystemStatus")
    assert (status["status"], status["uutReports"], status["uurReports"]) == ("OK", 2, 1)
    codes = [process["code"] for process in await got(filled, "/api/App/Processes")]
    assert {10, 500} <= set(codes)
    repairs = await got(filled, "/api/App/Processes", includeRepairOperations="true")
    assert {process["isRepairOperation"] for process in repairs} == {True}


async def test_the_clock_of_the_server_is_told_in_date_and_time(tmp_path: Path, clock: FakeClock) -> None:
    settings = ServerSettings(database=tmp_path / "s.db", port=0)
    async with EmbeddedServer(settings, clock=clock) as server, aiohttp.ClientSession(server.url) as session:
        for path in ("/api/internal/Auth/GetServerTime", "/nowhere", "/"):
            async with session.get(path) as answer:
                assert parsedate_to_datetime(answer.headers["Date"]) == clock.now()
        assert await got(session, "/api/internal/Auth/GetServerTime") == clock.now().isoformat()


async def test_own_processes_and_their_names(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('[{"code": 10, "name": "Our test", "isTestOperation": true}]')
    settings = ServerSettings(database=tmp_path / "s.db", port=0, processes=path)
    async with EmbeddedServer(settings) as server, aiohttp.ClientSession(server.url) as session:
        assert [process["name"] for process in await got(session, "/api/App/Processes")] == ["Our test"]
        await posted(session, minimal(1))
        await posted(session, minimal(2, processCode=11))
        headers = await got(session, QUERY)
        assert [header["processName"] for header in headers] == [None, "Our test"]
