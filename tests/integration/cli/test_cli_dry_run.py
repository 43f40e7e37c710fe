"""`converter test` and `converter list`: real workers, no spool, no agent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fakes.equipment import OPTIONS, Equipment
from fakes.typed import Typist
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.scaffold import quoted

AWAY = "http://127.0.0.1:9"
GIVEN = [word for name, value in OPTIONS.items() for word in ("--option", f"{name}={value}")]


BUG = """
class BugCsv:
    name = "bug-csv"
    version = "1"

    def convert(self, source, options, resume):
        yield {}["nothing"]
"""


@pytest.fixture
def junit(tmp_path: Path) -> Path:
    """A file that needs options."""
    file = tmp_path / "result.xml"
    file.write_bytes(Equipment().junit().content)
    return file


async def test_options_make_the_reports_right(alone: Typist, junit: Path) -> None:
    done = await alone.type("converter", "test", str(junit), "--converter", "junit", "--json", *GIVEN)
    assert (done.code, done.talk) == (0, "")
    assert (done.data["converter"], done.data["count"], done.data["ok"]) == ("junit", 1, True)
    (one,) = done.data["reports"]
    assert (one["report"]["pn"], one["report"]["processCode"]) == ("P-1", 10)
    assert one["report"]["sn"] == "S00001"
    for_people = await alone.type("converter", "test", str(junit), "--converter", "junit", *GIVEN)
    assert for_people.code == 0
    assert "S00001 · P-1" in for_people.out
    assert "junit makes 1 report" in for_people.talk
    assert "vcc" in for_people.out


async def test_1_what_cannot_become_a_report_says_why(alone: Typist, junit: Path) -> None:
    done = await alone.type("converter", "test", str(junit), "--converter", "junit", "--json")
    assert (done.code, done.data["ok"]) == (1, False)
    assert done.data["trouble"]["reason"]
    assert done.data["reports"] == []
    for_people = await alone.type("converter", "test", str(junit), "--converter", "junit")
    assert for_people.code == 1
    assert done.data["trouble"]["reason"] in for_people.talk
    assert for_people.out == ""


async def test_who_has_a_file_that_no_converter_knows_is_led_to_a_mapping(
    alone: Typist, tmp_path: Path
) -> None:
    file = tmp_path / "rig 1.csv"
    file.write_text("Serial;SN-1\nRail;5.0\n")
    (tmp_path / "broken.toml").write_text("kind = 5")
    done = await alone.type("converter", "test", str(file), "--dir", str(tmp_path))
    assert done.code == 1
    command = quoted("stationmaster", "converter", "map", file)
    assert f"Propose a mapping: {command}; or name its converter" in done.talk
    assert "  ! Converter broken.toml cannot be loaded" in done.talk, "it may be meant for this file"
    assert done.talk.index("Propose") < done.talk.index("broken.toml")


async def test_what_is_wrong_with_other_converters_is_not_told(
    alone: Typist, junit: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.toml").write_text("kind = 5")
    words = ("converter", "test", str(junit), "--dir", str(tmp_path), "--converter")
    assert "broken" not in (await alone.type(*words, "junit", *GIVEN)).talk
    broken = await alone.type(*words, "broken")
    assert broken.code == 1
    first, step = broken.talk.splitlines()
    assert first.startswith("✗ Converter broken.toml cannot be loaded: ")
    assert step == "  → Correct broken.toml, then try it again."
    missing = await alone.type(*words, "missing")
    listed = quoted("stationmaster", "converter", "list", "--dir", tmp_path)
    assert f"{listed} tells which there are.\n" in missing.talk
    assert "  ! Converter broken.toml cannot be loaded" in missing.talk
    checked = await alone.type("converter", "check", "broken", str(junit), "--dir", str(tmp_path))
    assert "Correct broken.toml, then try it again." in checked.talk
    assert "There is no converter" not in checked.talk


async def test_a_crash_begins_at_the_converter_and_is_checked_where_it_lies(
    alone: Typist, junit: Path, tmp_path: Path
) -> None:
    (tmp_path / "bug_csv.py").write_text(BUG)
    done = await alone.type("converter", "test", str(junit), "--dir", str(tmp_path), "--converter", "bug-csv")
    assert done.code == 1
    frames = re.findall(r'File "(.*)", line', done.talk)
    assert frames == [str(tmp_path / "bug_csv.py")]
    command = quoted("stationmaster", "converter", "check", "bug-csv", junit, "--dir", tmp_path)
    assert f"{command}\n" in done.talk


async def test_an_instance_lends_its_converters_options_and_station(
    alone: Typist, junit: Path, tmp_path: Path
) -> None:
    watch = {"path": str(tmp_path), "converters": ["junit", "wstf"], "options": {"junit": OPTIONS}}
    alone.hosted.store.add("line1", AWAY, [watch], {"station.name": "FCT-04"})
    done = await alone.type("converter", "test", str(junit), "--instance", "line1", "--json")
    assert done.code == 0, done
    assert done.data["converter"] == "junit"
    assert set(done.data["confidences"]) == {"junit", "wstf"}, "only those of its folders are asked"
    report = done.data["reports"][0]["report"]
    assert (report["machineName"], report["pn"]) == ("FCT-04", "P-1")
    other = await alone.type(
        *("converter", "test", str(junit), "--instance", "line1", "--converter", "junit"),
        *("--option", "part_number=P-2", "--json"),
    )
    assert other.data["reports"][0]["report"]["pn"] == "P-2", "what is typed goes before"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--converter", "junit", "--option", "part_number"), "NAME=VALUE"),
        (("--instance", "line9"), 'no instance "line9"'),
    ],
)
async def test_2_what_is_typed_wrongly_is_told(
    alone: Typist, junit: Path, words: tuple[str, str], says: str
) -> None:
    done = await alone.type("converter", "test", str(junit), *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.talk


async def test_an_option_is_typed_as_the_converter_declares_it(alone: Typist, junit: Path) -> None:
    words = ("converter", "test", str(junit), "--converter", "junit", "--json", "--option")
    done = await alone.type(*words, "part_number=00123", "--option", "process_code=10")
    assert done.data["reports"][0]["report"]["pn"] == "00123"
    for codes in ('{"FCT": 10}', "{ FCT = 10 }"):
        table = ("--option", f"process_codes={codes}", "--option", "process_code=20")
        done = await alone.type(*words, "part_number=123", *table)
        assert (done.code, done.data["reports"][0]["report"]["pn"]) == (0, "123")


async def test_the_list_names_an_instance_s_own_converters(alone: Typist) -> None:
    alone.hosted.store.add("line1", AWAY)
    broken = alone.hosted.home.converters("line1") / "broken.py"
    broken.write_text("this is no Python")
    done = await alone.type("converter", "list", "--instance", "line1", "--json")
    assert done.code == 0
    assert {"wsjf", "wstf", "openhtf", "junit"} <= {one["name"] for one in done.data["converters"]}
    assert [Path(one["subject"]).name for one in done.data["failures"]] == ["broken.py"]
    for_people = await alone.type("converter", "list", "--instance", "line1")
    assert "junit" in for_people.out
    assert "broken.py" in for_people.talk


async def test_all_lists_how_sure_each_converter_is(alone: Typist, junit: Path, tmp_path: Path) -> None:
    other = {"path": str(tmp_path / "a"), "converters": ["wstf"]}
    own = {"path": str(tmp_path / "b"), "converters": ["junit"], "options": {"junit": OPTIONS}}
    alone.hosted.store.add("line1", AWAY, [other, own], {})
    words = ("converter", "test", str(junit), "--all", "--instance", "line1")
    done = await alone.type(*words, "--json")
    assert set(done.data["confidences"]) == set(BUILT_INS)
    for_people = (await alone.type(*words)).talk
    rest = sum(not value for value in done.data["confidences"].values())
    assert f"  0 {rest} others do not know it" in for_people
    assert "wsjf" not in for_people, "who does not know the file is counted, not listed"
    assert re.search(r"^ *\d+ junit$", for_people, re.MULTILINE)
    both = await alone.type("converter", "test", str(junit), "--all", "--converter", "junit")
    assert both.code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("converter", "map", "{file}"),
        ("converter", "map", "{file}", "--with", "{mapping}"),
        ("converter", "test", "{file}"),
        ("converter", "test", "{file}", "--converter", "junit"),
        ("converter", "test", "{file}", "--dir", "{folder}", "--converter", "bench"),
    ],
)
async def test_1_of_an_empty_file_it_says_so(alone: Typist, tmp_path: Path, words: tuple[str, ...]) -> None:
    empty, mapping = tmp_path / "run.csv", tmp_path / "bench.toml"
    empty.touch()
    mapping.write_text('kind = "table"\nheader.sn = "sn"\n[[step]]\nname = "step"\nvalue = "value"\n')
    told = await alone.type(*(one.format(file=empty, mapping=mapping, folder=tmp_path) for one in words))
    assert told.code == 1
    assert "file is empty" in told.talk or "run.csv is empty" in told.talk
    assert "Take a file with results in it" in told.talk
    assert "table.header" not in told.talk
    assert "stationmaster converter map" not in told.talk


async def test_1_a_file_of_empty_lines_is_told_from_results(alone: Typist, tmp_path: Path) -> None:
    blank = tmp_path / "run.csv"
    blank.write_text("\n  \n")
    told = await alone.type("converter", "map", str(blank))
    assert told.code == 1
    assert "run.csv holds nothing but empty lines" in told.talk
