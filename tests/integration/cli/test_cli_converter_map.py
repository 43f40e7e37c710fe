"""`converter map`, and the tests that a mapping carries, as they are typed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fakes.typed import Typist
from stationmaster.convert.scaffold import quoted

DATA = Path(__file__).parents[2] / "data" / "mapping"

SAMPLES = {
    "bench.csv": """Serial Number;SN-1001
Part Number;BRD-7
Operation;10
Start Time;2026-03-02 08:15:30
Result;Passed
Step;Low;Value;High;Unit;Status
Rail 5V;4.75;5.01;5.25;V;Passed
Rail 3V3;3.2;3.31;3.4;V;Passed
""",
    "rows.csv": """sn,pn,operation,date,test,value,min,max,unit,result
SN-1001,BRD-7,10,02.03.2026 08:15,u,5.01,4,6,V,PASS
SN-1001,BRD-7,10,02.03.2026 08:15,i,1,0,2,A,PASS
""",
    "unit.xml": """<Run><Head><SerialNumber>SN-1001</SerialNumber><PartNumber>BRD-7</PartNumber>
<Operation>10</Operation></Head><Group name="G">
<Test name="u" value="5" low="4" high="6" unit="V" status="pass"/>
<Test name="i" value="1" low="0" high="2" unit="A" status="pass"/></Group></Run>""",
    "unit.json": """{"serial": "SN-1001", "part_number": "BRD-7", "operation": 10, "tests": [
{"name": "u", "value": 5, "low": 4, "high": 6, "unit": "V", "status": "pass"},
{"name": "i", "value": 1, "low": 0, "high": 2, "unit": "A", "status": "pass"}]}""",
}


@pytest.mark.parametrize("name", list(SAMPLES))
async def test_what_is_proposed_reads_the_sample(alone: Typist, tmp_path: Path, name: str) -> None:
    sample = tmp_path / name
    sample.write_text(SAMPLES[name])
    wrote = await alone.type("converter", "map", str(sample), "--dir", str(tmp_path), "--name", "mine")
    assert wrote.code == 0, wrote.talk
    assert "Wrote " in wrote.talk
    assert "SN-1001" in wrote.out
    assert "Use it: stationmaster converter install" in wrote.talk
    done = await alone.type("converter", "test", str(sample), "--dir", str(tmp_path), "--json")
    assert done.code == 0, done.talk
    assert (done.data["converter"], done.data["count"]) == ("mine", 1)
    [report] = done.data["reports"]
    wsjf = report["report"]
    assert (wsjf["sn"], wsjf["pn"], wsjf["processCode"], wsjf["result"]) == ("SN-1001", "BRD-7", 10, "P")
    assert str(wsjf).count("'compOp': 'GELE'") == 2


async def test_what_the_file_does_not_say_is_assumed_and_told(alone: Typist, tmp_path: Path) -> None:
    sample = tmp_path / "bench.csv"
    sample.write_text(SAMPLES["bench.csv"].replace("Operation;10", "Operation;ICT"))
    wrote = await alone.type("converter", "map", str(sample), "--dir", str(tmp_path))
    assert wrote.code == 0, wrote.talk
    assert (
        "For this preview process_code = 10 was assumed: the file does not say it. "
        "Set yours with --option process_code=...\n" in wrote.talk
    )
    words = ("converter", "test", str(sample), "--dir", str(tmp_path), "--converter", "bench")
    refused = await alone.type(*words)
    assert refused.code == 1
    assert "operation 'ICT' has no code" in refused.talk
    assert "  → Correct bench.toml or its options; or the file is none for this mapping.\n" in refused.talk
    assert "  → Here: --converter bench --option process_codes.ICT=10, with its code for 10\n" in refused.talk
    assert (await alone.type(*words, "--option", "process_codes.ICT=10")).code == 0
    assert (await alone.type("converter", "test", str(tmp_path / "bench.toml"))).code == 0, "its own test"


async def test_1_a_proposal_that_does_not_read_its_sample_is_not_offered_for_use(
    alone: Typist, tmp_path: Path
) -> None:
    sample = tmp_path / "bench.csv"
    sample.write_text(SAMPLES["bench.csv"].replace("SN-1001", "0"))
    wrote = await alone.type("converter", "map", str(sample), "--dir", str(tmp_path))
    assert wrote.code == 1
    place = tmp_path / "bench.toml"
    where = (sample, "--dir", tmp_path, "--converter", "bench")
    again = quoted("stationmaster", "converter", "test", *where)
    assert f"  → Correct {place}, then: {again}\n" in wrote.talk
    assert "Use it" not in wrote.talk
    assert "[[test]]" not in place.read_text()


@pytest.mark.parametrize(
    ("file", "name"),
    [("Prüf 17 (2).csv", "pruef-17-2"), ("Mätning å.csv", "maetning-aa"), ("Contrôle.csv", "controle"),
     ("試験.csv", "mapping")],
)  # fmt: skip
async def test_a_name_spells_the_letters_of_its_sample(
    alone: Typist, tmp_path: Path, file: str, name: str
) -> None:
    sample = tmp_path / file
    sample.write_text(SAMPLES["bench.csv"])
    assert (await alone.type("converter", "map", str(sample), "--json")).data["name"] == name


async def test_what_is_there_stays_and_print_writes_nothing(alone: Typist, tmp_path: Path) -> None:
    sample = tmp_path / "bench.csv"
    sample.write_text(SAMPLES["bench.csv"])
    words = ("converter", "map", str(sample), "--dir", str(tmp_path))
    shown = await alone.type(*words, "--print")
    assert 'sn = "Serial Number"' in shown.out
    assert not (tmp_path / "bench.toml").exists()
    (tmp_path / "bench.toml").write_text("mine")
    refused = await alone.type(*words)
    assert refused.code == 2
    assert "is there already" in refused.talk
    assert (tmp_path / "bench.toml").read_text() == "mine"
    assert (await alone.type(*words, "--replace")).code == 0
    assert (tmp_path / "bench.toml").read_text().startswith(shown.out)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "is no text, XML or JSON"),
        (b"Dear colleague,\nthe fixture is being repaired.\n", "nothing in x.csv looks like a line"),
        (b"<a><b/></a>", "no elements of x.csv look like results"),
        (b'{"a": [{"b": 1}]}', "no list of the file looks like results"),
        (b"<a>", "x.csv"),
    ],
)
async def test_what_no_mapping_can_read_is_said(
    alone: Typist, tmp_path: Path, content: bytes, says: str
) -> None:
    sample = tmp_path / "x.csv"
    sample.write_bytes(content)
    done = await alone.type("converter", "map", str(sample), "--dir", str(tmp_path))
    assert done.code == 1
    assert says in done.talk
    assert not (tmp_path / "x.toml").exists()


async def test_a_mapping_carries_its_tests(alone: Typist, tmp_path: Path) -> None:
    place = tmp_path / "fct"
    shutil.copytree(DATA, place)
    mapping = place / "fct.toml"
    good = await alone.type("converter", "test", str(mapping))
    assert (good.code, "✓ fct.csv" in good.talk) == (0, True)
    mapping.write_text(
        mapping.read_text().replace("steps = 4", "steps = 5").replace('"P" }\nsteps', '"F" }\nsteps')
    )
    bad = await alone.type("converter", "test", str(mapping))
    assert bad.code == 1
    assert "result is 'P', expected is 'F'." in bad.talk
    assert "It makes 4 steps, 5 are expected." in bad.talk
    machine = await alone.type("converter", "test", str(mapping), "--json")
    assert (machine.code, machine.data["mapping"]) == (1, "fct.toml")
    assert machine.data["tests"] == [
        {
            "sample": "fct.csv",
            "wrong": ["result is 'P', expected is 'F'.", "It makes 4 steps, 5 are expected."],
        }
    ]
    (place / "fct.csv").unlink()
    assert "There is no file" in (await alone.type("converter", "test", str(mapping))).talk
    mapping.write_text("kind = 5")
    assert "fct.toml" in (await alone.type("converter", "test", str(mapping))).talk


@pytest.mark.parametrize("name", list(SAMPLES))
async def test_a_proposal_carries_a_test_where_the_sample_lies_beside_it(
    alone: Typist, tmp_path: Path, name: str
) -> None:
    sample = tmp_path / name
    sample.write_text(SAMPLES[name].replace("BRD-7", ""))
    words = ("converter", "map", str(sample), "--name", "mine")
    assert (await alone.type(*words, "--dir", str(tmp_path))).code == 0
    place = tmp_path / "mine.toml"
    done = await alone.type("converter", "test", str(place))
    assert (done.code, done.talk) == (0, f"✓ {name}\n")
    place.write_text(place.read_text().replace("measurements = 2", "measurements = 3"))
    wrong = await alone.type("converter", "test", str(place))
    assert (wrong.code, "It makes 2 measurements, 3 are expected." in wrong.talk) == (1, True)
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    assert (await alone.type(*words, "--dir", str(elsewhere))).code == 0
    assert "[[test]]" not in (elsewhere / "mine.toml").read_text()


async def test_an_instance_takes_a_mapping_for_a_converter(alone: Typist, tmp_path: Path) -> None:
    words = ("--server", "http://127.0.0.1:9", "--watch", str(tmp_path), "--converter", "fct")
    assert (await alone.type("instance", "add", "line1", *words)).code == 0
    done = await alone.type("converter", "install", str(DATA / "fct.toml"), "--instance", "line1")
    assert "Installed fct version 1 in line1." in done.talk
    listed = await alone.type("converter", "list", "--instance", "line1", "--json")
    [mine] = [one for one in listed.data["converters"] if one["name"] == "fct"]
    assert (mine["origin"], mine["summary"]) == ("file", "Reads the CSV files of the FCT bench.")


WIDE = """Timestamp,Operator,SerialNo,PartNo,Operation,Result,VCC,Noise
2026-03-02 08:00:00,Kim,SN-1,BRD-7,10,PASS,5.01,0.2
2026-03-02 08:01:00,Kim,SN-2,BRD-7,10,FAIL,5.9,0.9
"""
UNITS = """<Run xmlns="urn:acme:test" operator="Kim">
<Unit><Serial>X-1</Serial><PartNumber>P</PartNumber><Operation>10</Operation>
<Test name="u" value="5" low="4" high="6" status="pass"/></Unit>
<Unit><Serial>X-2</Serial><PartNumber>P</PartNumber><Operation>10</Operation>
<Test name="u" value="9" low="4" high="6" status="fail"/></Unit></Run>"""


@pytest.mark.parametrize(("name", "text"), [("rows.csv", WIDE), ("units.xml", UNITS)])
async def test_each_unit_keeps_its_own_verdict(alone: Typist, tmp_path: Path, name: str, text: str) -> None:
    sample = tmp_path / name
    sample.write_text(text)
    await alone.type("converter", "map", str(sample), "--dir", str(tmp_path), "--name", "mine")
    done = await alone.type("converter", "test", str(sample), "--dir", str(tmp_path), "--json")
    reports = [one["report"] for one in done.data["reports"]]
    assert [one["sn"][-1] for one in reports] == ["1", "2"]
    assert [one["result"] for one in reports] == ["P", "F"]
    assert {one["uut"]["user"] for one in reports} == {"Kim"}


async def test_what_nothing_is_taken_from_is_said(alone: Typist, tmp_path: Path) -> None:
    sample = tmp_path / "bench.csv"
    sample.write_text(
        "Serial;SN-1\nOven;7\nDate;02.03.2026\nTime;08:15\n"
        "Step;Lo;Value;Hi;Unit;State;Shelf\nRail;4,5;5,0;5,5;V;OK;x\nSelftest;;;;;NOK;\n"
    )
    shown = (await alone.type("converter", "map", str(sample), "--print")).out
    assert "# Look at this: nothing is taken from: Oven, Shelf." in shown
    for line in ('low = "Lo"', 'high = "Hi"', 'status = "State"', "# process = 10"):
        assert line in shown.splitlines()
    assert 'start = { from = ["Date", "Time"], join = " ", format = "%d.%m.%Y %H:%M" }' in shown


async def test_options_need_their_converter(alone: Typist, tmp_path: Path) -> None:
    sample = tmp_path / "rows.csv"
    sample.write_text(WIDE)
    done = await alone.type("converter", "test", str(sample), "--option", "process_code=10")
    assert done.code == 2
    assert "--converter NAME" in done.talk


async def test_a_program_gets_the_mapping_and_what_becomes_of_the_sample(
    alone: Typist, tmp_path: Path
) -> None:
    sample = shutil.copy(DATA / "fct.csv", tmp_path / "2026.csv")
    made = await alone.type("converter", "map", str(sample), "--json")
    assert made.code == 0
    assert made.data["name"] == "my-tester", "a name cannot begin with a digit"
    assert made.data["given"] == {"process_code": 10}
    assert made.data["trial"]["ok"]
    assert not (tmp_path / "my-tester.toml").exists()
    mapping = tmp_path / "mine.toml"
    mapping.write_text(made.data["toml"])
    again = await alone.type("converter", "map", str(sample), "--with", str(mapping), "--json")
    assert (again.code, again.data["name"], again.data["trial"]["count"]) == (0, "mine", 1)
    shown = await alone.type("converter", "map", str(sample), "--with", str(mapping))
    assert shown.code == 0
    assert "mine makes 1 report" in shown.talk


async def test_a_program_is_told_line_and_column_of_what_is_wrong(alone: Typist, tmp_path: Path) -> None:
    mapping = tmp_path / "mine.toml"
    mapping.write_text('kind = "table"\n[[step]]\nnme = "Step"\n')
    done = await alone.type("converter", "map", str(DATA / "fct.csv"), "--with", str(mapping), "--json")
    assert done.code == 1
    fault = done.data["fault"]
    assert (fault["line"], fault["column"], fault["text"]) == (3, 1, "there is no key 'nme'")
    assert fault["next_step"] == 'Did you mean "name"?'
    assert done.data["trial"] is None
    said = await alone.type("converter", "map", str(DATA / "fct.csv"), "--with", str(mapping))
    assert said.code == 1
    assert "mine.toml, line 3, column 1: there is no key 'nme'" in said.talk
    mapping.write_bytes(b"\xff")
    assert (
        "no UTF-8"
        in (await alone.type("converter", "map", str(DATA / "fct.csv"), "--with", str(mapping))).talk
    )
