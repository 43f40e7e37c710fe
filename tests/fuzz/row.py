"""What is fuzzed: each built-in converter, and a mapping of each kind, with samples and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from fakes import stdf
from fakes.report import completed, repair_report, rich_report
from stationmaster.api.wsjf import encode

DATA: Final = Path(__file__).parents[1] / "data"
SN: Final = r"(?P<sn>SN-[A-Z0-9]+)"
NUMBERS: Final = (
    r"(?P<name>\w+) = (?P<value>[\d.]+) (?P<unit>\w+)(?: \((?P<low>[\d.]+)\.\.(?P<high>[\d.]+)\))?"
)


RECORDS: Final = (
    stdf.Stdf()
    .mir()
    .sdr(handler="h")
    .pmr(1, "c")
    .wir("w")
    .pir()
    .bps("s")
    .ptr(1, 1, "a")
    .ptr(1, 1, "a", fields=2)
    .mpr(2, (1, 2), "m", pins=(1, 1))
    .ftr(3, "f", failing=(1,), pins=2)
    .gdr((10, b"\1a"))
    .dtr("t")
    .eps()
    .prr()
    .bin(1, "b", "P")
    .tsr(1, "n")
    .mrr()
    .bytes()
)
"""An STDF file with a record of each kind that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing to fuzz.

    Attributes:
        name: of the converter, and of its folder of samples.
        whole: names of samples that end with a mark: no beginning of one may pass for all of it.
        options: part number and process code have defaults.
        variants: other options; one of these sets is added each time.
        folder: of a converter that takes folders: one with a whole source; a file in it is spoilt.
        made: samples that no file holds.
        mapping: the text of the mapping, "" for a built-in.
    """

    name: str
    whole: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Mapping[str, Any], ...] = ()
    folder: str = ""
    made: Mapping[str, bytes] = field(default_factory=dict)
    mapping: str = ""

    @property
    def samples(self) -> dict[str, bytes]:
        """Name -> bytes; of a folder, the path below it."""
        home = DATA / self.name / self.folder
        found = [path for path in home.rglob("*") if path.is_file() and (self.folder or path.parent == home)]
        read = {path.relative_to(home).as_posix(): path.read_bytes() for path in found}
        return dict(sorted((read | dict(self.made)).items()))


_KLIPPEL: Final = Row(name="klippel", whole=("every_list.txt",), variants=({"decimal": "auto"},))

CONVERTERS: Final = (
    Row(
        name="wsjf",
        whole=("minimal.json", "rich.json", "uur.json"),
        made={
            "made.json": encode(completed(rich_report())),
            "repair.json": encode(completed(repair_report())),
        },
    ),
    Row(name="wsxf", whole=("board.xml", "flat.xml", "repair.xml")),
    Row(
        name="wstf",
        variants=({"decimal": "auto"}, {"accept_incomplete": True}),
    ),
    Row(name="atml", whole=("everything.xml", "run_202.xml", "run_500.xml", "run_601.xml")),
    Row(name="teststand-xml", whole=("addon.xml", "batch.xml", "board.xml")),
    Row(
        name="openhtf",
        whole=("every_kind.json", "minimal.json", "old_writer.json"),
        options={"serial_number_pattern": SN},
        variants=({"attach_log": True}, {"omit_trigger_phase": True}),
    ),
    Row(
        name="junit",
        whole=("ctest.xml", "gtest_board.json", "gtester_SN-J9.xml", "nested_suites.xml", "pytest_board.xml"),
        options={"serial_number_pattern": SN},
        variants=({"report_per": "suite"}, {"case_name": "classname.name", "error_is_error": True}),
    ),
    Row(
        name="xjtag",
        whole=("every_kind.xml", "old_writer.xml"),
        variants=({"measurements": [r"(?P<name>\w+) = (?P<value>\S+) (?P<unit>m?V)"]},),
    ),
    _KLIPPEL,
    Row(
        name="listen-soundcheck",
        variants=({"no_verdict": "P", "accept_incomplete": True}, {"decimal": "auto"}),
    ),
    Row(
        name="saki-aoi",
        whole=("failed_panel.xml", "own_barcodes.xml"),
        variants=({"report_per": "image", "counts": True},),
    ),
    Row(name="viscom-aoi", whole=("cp1250.xml", "panel.xml"), variants=({"counts": True},)),
    Row(name="sigmaquest-xml", whole=("every_kind.xml", "namespace_no_station.xml", "two_runs.xml")),
    Row(name="stepwize", whole=("every_kind.xspc", "modes.xspc")),
    Row(
        name="i3070",
        whole=("failed_board.ict", "one_board.ict"),
        variants=({"several": "sequence"}, {"skip_learning": True}),
    ),
    Row(
        name="spea-3030",
        whole=("one_board.csv",),
        variants=({"accept_incomplete": True, "decimal": "auto"}, {"keep_units": True}),
    ),
    Row(
        name="takaya",
        whole=("quoted.ATD", "tab_panel.ATD"),
        options={"serial_number_pattern": SN},
        variants=({"all_attempts": True}, {"keep_units": True, "operator_line": True}),
    ),
    Row(
        name="teradyne-gr228x",
        whole=("one_unit.LOG",),
        variants=({"accept_incomplete": True}, {"keep_empty_readings": True, "digital_passes": True}),
    ),
    Row(
        name="teradyne-spectrum",
        variants=({"accept_incomplete": True}, {"description_in_name": True, "keep_units": True}),
    ),
    Row(
        name="ict-text",
        whole=("failed.txt", "passed.txt"),
        variants=({"decimal": "auto"}, {"keep_units": True}),
    ),
    Row(
        name="ipc-cfx",
        whole=("inspected_panel.json", "panel_only.json", "tested_envelope.json"),
        variants=({"operator_name": True, "recipe_as_part_number": False},),
    ),
    Row(
        name="robot",
        whole=("board_rf3.xml", "board_rf7.xml", "all_skipped_SN-R3.json"),
        options={"serial_number_pattern": SN},
        variants=({"depth": "test"}, {"number_pattern": NUMBERS}, {"max_keywords": 2}),
    ),
    Row(name="fct-csv"),
    Row(name="litepoint-csv"),
    Row(
        name="stdf",
        whole=("sample.stdf", "sun.stdf"),
        made={"sun.stdf": stdf.sample(">"), "records.stdf": RECORDS},
        variants=(
            {"serial_numbers": ["x-{index}"]},
            {"accept_incomplete": True, "add_test_times": True},
            {"scaled_display": True, "times_are_utc": True},
        ),
    ),
    Row(
        name="tdms",
        whole=("sample.tdms",),
        options={
            "serial_number_paths": ["DUT"],
            "part_number_paths": ["Product"],
            "result_paths": ["Verdict"],
            "measurements": [
                {"value": "Supply/Vcc", "unit": "V", "low": "Supply/Vcc low", "high": "Supply/Vcc high"}
            ],
        },
        variants=({"chart_points": 10},),
    ),
)
"""Each built-in converter once: a test compares with the list of them."""

FOLDERS: Final = (replace(_KLIPPEL, whole=(), folder="sample"), replace(_KLIPPEL, whole=(), folder="flat"))
"""Those that take folders, again."""

MAPPINGS: Final = (
    Row(
        name="table",
        mapping=(DATA / "mapping" / "fct.toml").read_text(encoding="utf-8"),
        made={"fct.csv": (DATA / "mapping" / "fct.csv").read_bytes()},
    ),
    Row(
        name="wide-table",
        mapping="""
        kind = "table"
        table.delimiter = "\\t"
        table.units = ["Serial"]
        header = { sn = "Serial", result = "Verdict", start = { from = "Begun", format = "%Y%m%d%H%M%S" } }
        misc_rest = true
        [[step]]
        wide.keys = ["Channel"]
        """,
        made={
            "runs.tsv": b"Serial\tVerdict\tBegun\tChannel\tPower\tNoise\n"
            b"SN-1\tPass\t20260302081500\t1\t10.5\t-98\nSN-1\tPass\t20260302081500\t6\t10.1\t-97.5\n"
            b"SN-2\tFail\t20260302081600\t1\t3.25\t-1e2\n"
        },
    ),
    Row(
        name="fixed-width",
        mapping="""
        kind = "table"
        [table]
        widths = [12, 8, 6, 14, 1]
        header = "^Step  "
        keys = '^(?P<key>[A-Z][a-z]+): (?P<value>.+)$'
        end = '^End of report$'
        [header]
        sn = "Serial"
        result = "Verdict"
        [[step]]
        name = "Step"
        value = "Value"
        unit = "Unit"
        limits = { from = "Limits" }
        status = "S"
        """,
        made={
            "board.txt": b"Serial: SN-1\nVerdict: Passed\n\nStep        Value   Unit  Limits        S\n"
            b"Core supply 1.19    V     1.1..1.3      P\nIO supply   3.31    V     3.3 +- 0.1    P\n"
            b"Standby     12      mA    < 20          P\nEnd of report\n"
        },
        whole=("board.txt",),
    ),
    Row(
        name="text",
        mapping=r"""
        kind = "text"
        [text]
        start = '^=== unit'
        keys = ['serial (?P<sn>\w+)', 'ended (?P<verdict>\w+)']
        rows = ['^ *(?P<name>[\w ]+?) *\.+ (?P<value>[\d.e+-]+) (?P<unit>\w+) \[(?P<low>\d+),(?P<high>\d+)\]']
        section = '^## (.*)$'
        end = '^that is all$'
        [header]
        sn = "sn"
        result = "verdict"
        [[step]]
        group = ["section"]
        name = "name"
        value = "value"
        unit = "unit"
        low = "low"
        high = "high"
        """,
        made={
            "rig.txt": b"rig 4\n=== unit\nserial A1\n## Power\n  rail a .... 5.1 V [4,6]\nended passed\n"
            b"=== unit\nserial A2\n rail a .. 9 V [4,6]\nended failed\nthat is all\n"
        },
        whole=("rig.txt",),
    ),
    Row(
        name="xml",
        mapping="""
        kind = "xml"
        xml.root = "run"
        xml.unit = "t:unit"
        xml.namespaces = { t = "urn:t" }
        header = { sn = "@sn", result = "t:end/@verdict", start = { from = "@at", format = "epoch" } }
        misc = { "Rig" = "../@rig" }
        [[step]]
        each = ".//t:num"
        group = ["../@name"]
        name = "@name"
        value = "t:v"
        [[step]]
        each = ".//t:text"
        kind = "string"
        name = "@name"
        value = "@is"
        text = "/@sn"
        """,
        made={
            "run.xml": b'<run xmlns="urn:t" rig="7"><unit sn="A1" at="1790000000"><group name="G">\n'
            b'<text name="t" is="x"/><num name="n"><v>3</v></num></group><end verdict="PASS"/></unit>\n'
            b'<unit sn="A2" at="1790000060.5"><num name="n"><v>-4.5e3</v></num><end verdict="FAIL"/></unit>\n'
            b"</run>"
        },
        whole=("run.xml",),
    ),
    Row(
        name="json",
        mapping="""
        kind = "json"
        json.unit = "units[*]"
        header = { sn = "id.serial", result = "ok" }
        [[step]]
        each = "results[kind=num]"
        name = "name"
        value = "v"
        low = "limits[0]"
        high = "limits[1]"
        """,
        made={
            "run.json": b'{"units": [{"id": {"serial": "A1"}, "ok": true,\n "results": [{"kind": "num", '
            b'"name": "u", "v": 5, "limits": [4, 6]}, {"kind": "x"}]},\n {"id": {"serial": "A2"}, '
            b'"ok": false, "results": [{"kind": "num", "name": "u", "v": 1e-3, "limits": [0, null]}]}]}'
        },
        whole=("run.json",),
    ),
)
