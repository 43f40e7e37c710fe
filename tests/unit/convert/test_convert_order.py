"""The small values between pool and worker, and the result files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from stationmaster.api import Resume, Station
from stationmaster.convert.job import Conversion, ConverterInfo, discard
from stationmaster.convert.meta_file import INLINE, MetaFile
from stationmaster.convert.order import Order, ResumeNote, mark
from stationmaster.convert.result_file import ResultFiles
from stationmaster.convert.words import blame
from stationmaster.errors import ConversionError
from stationmaster.model import ReportMeta
from stationmaster.worker.error import ChildHandlerError


def _order(tmp_path: Path) -> Order:
    return Order(
        target="m:C",
        name="c",
        path="f",
        origin="f",
        size=1,
        mtime_ns=1,
        instance_id="",
        results=str(tmp_path / "7"),
    )


def _meta(number: int) -> ReportMeta:
    return ReportMeta(
        report_id=f"id-{number}",
        serial_number=f"SN-{number}\n",
        part_number="",
        result="P",
        start="",
        offset=0,
        size=0,
        digest="",
    )


@pytest.mark.parametrize("count", [0, 1, INLINE, INLINE + 1, INLINE + 50])
def test_results_are_kept_in_order(tmp_path: Path, count: int) -> None:
    order = _order(tmp_path)
    with ResultFiles(order) as results:
        for number in range(count):
            results.add(b"x" * number, _meta(number))
    metas = MetaFile(order.meta_file, count) if count > INLINE else results.inline
    assert results.count == len(metas) == count
    assert [meta.report_id for meta in metas] == [f"id-{number}" for number in range(count)]
    offset = 0
    for number, meta in enumerate(metas):
        assert (meta.offset, meta.size) == (offset, number)
        assert meta.digest == hashlib.sha256(b"x" * number).hexdigest()
        offset += number
    if count > INLINE:
        assert metas[count - 1].report_id == metas[-1].report_id == f"id-{count - 1}"
        assert [meta.report_id for meta in metas[5:7]] == ["id-5", "id-6"]
        for index in (count, -count - 1):
            with pytest.raises(IndexError):
                metas[index]
    assert order.payload_file.exists() == (count > 0)


def test_a_failed_conversion_leaves_no_results(tmp_path: Path) -> None:
    def fail() -> None:
        with ResultFiles(_order(tmp_path)) as results:
            for number in range(INLINE + 1):
                results.add(b"x", _meta(number))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_results_are_limited(tmp_path: Path) -> None:
    with ResultFiles(_order(tmp_path), limit=10) as results:
        for number in range(2):
            results.add(b"x" * 5, _meta(number))
        with pytest.raises(ConversionError, match="report 3"):
            results.add(b"x", _meta(2))
    results.__exit__(ConversionError, None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_removed_stays_for_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    discard((tmp_path / "folder", tmp_path / "missing"))
    assert (tmp_path / "folder").exists()
    conversion = Conversion(converter="c", version="1", digest="", reports=(), results=None)
    conversion.discard()


def test_a_resume_note_holds_for_the_same_beginning_only(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a" * 10_000 + b"b" * 10)
    note = ResumeNote(
        converter="c", offset=10_000, state={"k": 1}, ordinals={"x": 2}, mark=mark(path, 10_000)
    )
    text = msgspec.json.encode(note)

    def load(converter: str = "c") -> ResumeNote | None:
        return ResumeNote.load(text, converter=converter, path=path)

    loaded = load()
    assert loaded
    assert loaded.resume() == Resume(offset=10_000, state={"k": 1}, ordinals={"x": 2})
    assert load("other") is None
    path.write_bytes(b"a" * 10_000 + b"c" * 500)
    assert load() is not None, "what came after the mark may differ"
    for content in (b"a" * 9_999, b"A" + b"a" * 20_000, b"a" * 9_999 + b"A" * 500):
        path.write_bytes(content)
        assert load() is None
    assert ResumeNote.load("{}", converter="c", path=path) is None


def test_a_note_at_the_start_always_holds(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"")
    before = mark(path, 0)
    path.write_bytes(b"more")
    assert before == mark(path, 0) != ""


def test_an_order_survives_the_way(tmp_path: Path) -> None:
    station = Station(name="A", location="B", purpose="C", time_zone="Europe/Oslo")
    order = msgspec.structs.replace(_order(tmp_path), station=station)
    on_the_wire = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(order)))
    assert msgspec.convert(on_the_wire, Order) == order


def test_option_names_come_from_the_schema() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"x": {}}}, "B": {"properties": {"y": {}}}}}
    info = ConverterInfo(name="a", version="1", origin="file", target="", options=schema)
    assert info.option_names == {"x"}
    assert ConverterInfo(name="a", version="1", origin="file", target="").option_names == frozenset()


def test_a_handler_s_exception_is_told_with_its_traceback() -> None:
    error = ChildHandlerError("no", kind="ValueError", errno=None, trace="the trace", output="one\ntwo ")
    failed = blame(error, name="c", doing="converting f", seconds=1, memory_mb=1, output_mb=1)
    assert (
        failed.reason == 'Converter c failed while converting f with ValueError: no. Its last output: "two"'
    )
    assert failed.detail == "the trace\none\ntwo "
