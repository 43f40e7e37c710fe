"""The small parts: detail levels, attachments, processes, routes, markup."""

from __future__ import annotations

import io
import json
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from fakes.wsjf import encoded, minimal, repair, rich
from stationmaster.embedded_server.attachment import Attachment, file_name, list_attachments, pack
from stationmaster.embedded_server.detail import Detail, pruned
from stationmaster.embedded_server.error import EmbeddedServerError, RequestError
from stationmaster.embedded_server.header import header_row
from stationmaster.embedded_server.markup import Markup, element, escape, join
from stationmaster.embedded_server.process import load_processes
from stationmaster.embedded_server.router import Route, Router


# ---------------------------------------------------------------- detail
def keys_of_steps(report: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [report["root"]]
    while waiting:
        step = waiting.pop()
        found |= step.keys()
        waiting += step.get("steps", [])
    return found


def test_each_level_shows_more() -> None:
    full = rich()
    levels = [pruned(full, Detail(level)) for level in range(8)]
    assert levels[7] == full
    header = "type id pn sn rev processCode result machineName location purpose start"
    assert set(levels[0]) == set(header.split())
    added = [set(more) - set(less) for less, more in pairwise(levels)]
    assert added[0] == {"uut"}
    assert added[1] == {"subUnits", "miscInfos", "assets", "additionalData"}
    assert added[2:] == [{"root"}, {"binaryData"}, set(), set(), set()]
    by_step = [keys_of_steps(one) for one in levels[3:]]
    more_by_step = [more - less for less, more in pairwise(by_step)]
    assert more_by_step == [
        {"attachment"},
        {"numericMeas", "booleanMeas", "stringMeas"},
        {"chart"},
        {"reportText", "additionalResults", "callExe", "messagePopup"},
    ]


def test_chart_points_and_file_contents_can_be_left_out() -> None:
    full = rich()
    lean = pruned(full, Detail(charts=False, attachments=False))
    assert "ydata" not in json.dumps(lean)
    assert '"data"' not in json.dumps(lean)
    assert lean["root"]["steps"][5]["chart"]["series"] == [{"dataType": "XYG", "name": "I"}]
    assert lean["root"]["steps"][6]["attachment"]["name"] == lean["binaryData"][0]["name"] == "log.txt"
    assert full == rich(), "the original is left as it was"


# ---------------------------------------------------------------- attachments
def test_attachments_of_report_and_steps() -> None:
    found = list_attachments(rich())
    assert [(one.name, one.content, one.step_id, one.from_step) for one in found] == [
        ("log.txt", b"of the report", None, False),
        ("log.txt", b"hello", 12, True),
    ]
    assert found[1].size == 5
    assert len({one.id for one in found}) == 2
    assert [one.id for one in list_attachments(rich())] == [one.id for one in found]


def test_an_id_in_the_report_is_kept() -> None:
    assert list_attachments(repair())[0].id == "11111111-2222-4333-8444-555555555555"


def test_what_is_no_attachment_is_passed_over() -> None:
    report = minimal(binaryData=[{"name": "x"}, 5, {"name": "y", "data": "*"}])
    report["root"]["steps"] += [
        {"id": "7", "attachment": {"data": encoded(b"t")}},
        {"id": "x7", "attachment": {"data": encoded(b"u")}, "steps": 5},
        5,
    ]
    found = list_attachments(report)
    assert [(one.name, one.content, one.step_id) for one in found] == [
        ("y", b"", None),
        ("attachment", b"t", 7),
        ("attachment", b"u", None),
    ]


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("log.txt", "log.txt"),
        ("C:\\temp\\log.txt", "log.txt"),
        ("../../etc/passwd", "passwd"),
        ("..", "attachment"),
        ("", "attachment"),
        ('a"b\r\n<c>.txt', "a_b___c_.txt"),
        ("\udcffx", "_x"),
        ("x" * 500, "x" * 150),
    ],
)
def test_file_names_are_safe(given: str, safe: str) -> None:
    assert file_name(given) == safe


def test_a_zip_names_its_members_once() -> None:
    names = ["log.txt", "LOG.TXT", "sub/log.txt", "log", "log"]
    files = [
        Attachment(id=str(number), name=name, content_type="", encoded=encoded(bytes([number])))
        for number, name in enumerate(names)
    ]
    packed = pack(files)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["log.txt", "LOG (2).TXT", "log (3).txt", "log", "log (2)"]
        assert archive.read("log (3).txt") == b"\x02"
    assert pack(files) == packed


# ---------------------------------------------------------------- processes
def test_the_built_in_processes() -> None:
    processes = load_processes(None)
    everything = processes.wire()
    assert {"code": 10, "name": "SW Debug", "isTestOperation": True}.items() <= everything[0].items()
    assert processes.name(500) == "Repair"
    assert processes.name(12345) is processes.name("10") is None
    codes = [process["code"] for process in everything]
    assert len(codes) == len(set(codes))
    repairs = processes.wire(repairs=True)
    assert repairs
    assert all(process["isRepairOperation"] for process in repairs)
    works = processes.wire(works=True)
    assert len(works) + len(repairs) + len(processes.wire(tests=True)) == len(everything)


def test_processes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(
        '[{"code": 1, "name": "A", "isTestOperation": true}, {"code": 2, "name": "B", "state": 0}]'
    )
    processes = load_processes(path)
    assert [process["code"] for process in processes.wire()] == [1]
    assert [process["code"] for process in processes.wire(inactive=True)] == [1, 2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "Expected `array`"),
        ("[{}]", "missing required field `code`"),
        ('[{"code": 1, "name": "A", "nme": 1}]', "unknown field `nme`"),
        ('[{"code": 1, "name": "A"}, {"code": 1, "name": "B"}]', "has the code 1 twice"),
        ("[", "cannot be used"),
    ],
)
def test_a_wrong_file_of_processes_is_refused_in_words(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(content)
    with pytest.raises(EmbeddedServerError) as caught:
        load_processes(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_of_processes(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="No such file"):
        load_processes(tmp_path / "none.json")


# ---------------------------------------------------------------- routes
async def handler(_request: web.Request, _values: dict[str, str]) -> web.StreamResponse:
    return web.Response()


ROUTER = Router(
    [
        Route("GET", "/", handler),
        Route("GET", "/api/Report/Wsjf/{id}", handler),
        Route("POST", "/api/Report/WSJF", handler),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "values"),
    [
        ("GET", "/", {}),
        ("GET", "", {}),
        ("HEAD", "/", {}),
        ("POST", "/API/REPORT/wsjf", {}),
        ("POST", "/api/report/wsjf/", {}),
        ("GET", "/api/report/WSJF/AbC", {"id": "AbC"}),
    ],
)
def test_routes_are_found_in_any_case(method: str, path: str, values: dict[str, str]) -> None:
    assert ROUTER.find(method, path).values == values


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api", 404),
        ("GET", "/api/Report/WSJF/a/b", 404),
        ("GET", "/api/Report/WSJF", 405),
        ("DELETE", "/api/Report/WSJF/a", 405),
    ],
)
def test_other_paths_and_methods_are_refused(method: str, path: str, status: int) -> None:
    with pytest.raises(RequestError) as caught:
        ROUTER.find(method, path)
    assert caught.value.status == status


# ---------------------------------------------------------------- markup
def test_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", "<i>&\"'", title='"><script>')
    assert inner == '<b title="&quot;&gt;&lt;script&gt;">&lt;i&gt;&amp;&quot;&#x27;</b>'
    assert join("<", inner, None) == "&lt;" + inner
    assert element("input", for_="x", data_label="y", checked=True, open=False, value=None, size=3) == (
        '<input for="x" data-label="y" checked size="3"/>'
    )
    assert isinstance(inner, Markup)


@given(text=st.text() | st.text("<>&\"'\0\x1b\ud800\ufffe"))
def test_no_text_gets_through_unescaped(text: str) -> None:
    shown = escape(text)
    assert not set(shown) & set("<>\"'\0\x1b\ud800\ufffe")
    shown.encode()


# ---------------------------------------------------------------- header
def test_a_header_takes_what_fits_and_leaves_the_rest_out() -> None:
    report = minimal(start="no time", miscInfos=[{"description": "a", "text": ["list"]}, 5])
    report["processCode"] = 10.0
    report["uut"] = {"testSocketIndex": True, "execTime": "long", "errorCode": 1.5, "batchSN": {}}
    columns = header_row(report, process_name=None).columns
    assert columns["process_code"] == 10
    wanted = (
        "started_us",
        "test_socket_index",
        "execution_time",
        "error_code",
        "batch_number",
        "process_name",
    )
    assert {columns[name] for name in wanted} == {None}
    assert header_row(report, process_name="x").misc == (("a", None),)
