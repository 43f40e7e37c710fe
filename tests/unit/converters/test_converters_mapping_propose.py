"""What `converter map` proposes: names in eight languages, marks of numbers, lists in lists of JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.oracle import told
from stationmaster.api import ConversionError, Report, Station
from stationmaster.api.testing import convert_file
from stationmaster.converters.mapping import mapping_class
from stationmaster.converters.mapping.guess import header_role, step_role
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.propose import propose
from stationmaster.converters.mapping.vocabulary import HEADER, STEP, VERDICTS, folded

OPTIONS = {"part_number": "P", "process_code": 10}


def proposed(content: str | bytes, tmp_path: Path, name: str = "a.csv") -> tuple[str, list[Report]]:
    """The mapping that is proposed for a file, and the reports that it makes of it."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    mapping = propose(path.read_bytes(), name).toml
    converter = mapping_class(read_mapping(mapping, "m.toml"), "m")()
    return mapping, convert_file(converter, path, options=OPTIONS, station=Station(name="T", time_zone="UTC"))


def doubts(mapping: str) -> str:
    return "\n".join(line for line in mapping.splitlines() if line.startswith("# Look at this"))


# ---------------------------------------------------------------- languages
FILES = {
    "German": """Seriennummer;SN-1001
Artikelnummer;BRD-7
Prüfdatum;02.03.2026 08:15:30
Prüfer;kim
Prüfplatz;FCT-2
Gesamtergebnis;n.i.O.
Prüfschritt;Untergrenze;Messwert;Obergrenze;Einheit;Ergebnis
Spannung;4,75;5,01;5,25;V;i.O.
Strom;0;1,5;1;A;n.i.O.
""",
    "French": """Numéro de série;SN-1001
Référence;BRD-7
Date de test;02/03/2026 08:15:30
Opérateur;kim
Poste de test;FCT-2
Résultat global;non conforme
Étape;Limite inférieure;Valeur mesurée;Limite supérieure;Unité;Résultat
Spannung;4,75;5,01;5,25;V;conforme
Strom;0;1,5;1;A;non conforme
""",
    "Spanish": """Número de serie;SN-1001
Número de parte;BRD-7
Fecha y hora;02/03/2026 08:15:30
Operador;kim
Estación;FCT-2
Resultado;rechazado
Prueba;Límite inferior;Valor medido;Límite superior;Unidad;Estado
Spannung;4,75;5,01;5,25;V;aprobado
Strom;0;1,5;1;A;rechazado
""",
    "Italian": """Numero di serie;SN-1001
Codice articolo;BRD-7
Data;02/03/2026
Ora;08:15:30
Operatore;kim
Stazione;FCT-2
Esito finale;non superato
Prova;Limite inferiore;Valore;Limite superiore;Unità;Esito
Spannung;4,75;5,01;5,25;V;superato
Strom;0;1,5;1;A;non superato
""",
    "Polish": """Numer seryjny;SN-1001
Numer artykułu;BRD-7
Data i godzina;2026-03-02 08:15:30
Użytkownik;kim
Stanowisko;FCT-2
Wynik końcowy;negatywny
Krok testu;Dolna granica;Wartość zmierzona;Górna granica;Jednostka;Wynik
Spannung;4,75;5,01;5,25;V;pozytywny
Strom;0;1,5;1;A;negatywny
""",
    "Czech": """Sériové číslo;SN-1001
Číslo výrobku;BRD-7
Datum a čas;02.03.2026 08:15:30
Obsluha;kim
Pracoviště;FCT-2
Celkový výsledek;nevyhověl
Zkouška;Dolní mez;Naměřená hodnota;Horní mez;Jednotka;Výsledek
Spannung;4,75;5,01;5,25;V;vyhověl
Strom;0;1,5;1;A;nevyhověl
""",
    "Chinese": """序列号,SN-1001
料号,BRD-7
测试时间,2026年03月02日 08:15:30
操作员,kim
工位,FCT-2
测试结果,不合格
测试项目,下限,测试值,上限,单位,判定
Spannung,4.75,5.01,5.25,V,合格
Strom,0,1.5,1,A,不合格
""",
}
ENCODINGS = {
    "German": "cp1252",
    "French": "cp1252",
    "Polish": "cp1250",
    "Czech": "cp1250",
    "Chinese": "gb18030",
}


@pytest.mark.parametrize("language", list(FILES))
def test_names_and_verdicts_in_other_languages_are_known(language: str, tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", ENCODINGS.get(language, "utf-8")):
        mapping, [report] = proposed(FILES[language].encode(encoding), tmp_path)
        assert (report.sn, report.pn, report.data["result"]) == ("SN-1001", "BRD-7", "F"), encoding
        assert report.data["start"].startswith("2026-03-02T08:15:30")
        assert (report.data["uut"]["user"], report.data["machineName"]) == ("kim", "FCT-2")
        assert told(report) == [
            "Spannung: ET_NLT P",
            "Spannung = 5.01 V GELE 4.75 5.25 P",
            "Strom: ET_NLT F",
            "Strom = 1.5 A GELE 0 1 F",
        ]
        assert report.warnings == []
        assert "do these verdicts mean what `words` says" in doubts(mapping)


def test_umlauts_may_be_written_with_an_e(tmp_path: Path) -> None:
    text = FILES["German"].replace("ü", "ue")
    _, [report] = proposed(text, tmp_path)
    assert (report.data["uut"]["user"], len(told(report))) == ("kim", 4)


def test_every_name_has_its_role_and_no_two_verdicts_are_alike() -> None:
    """What comes first of two roles has the name, so that each role keeps names of its own."""
    for roles, role_of in ((HEADER, header_role), (STEP, step_role)):
        for role, words in roles.items():
            assert role_of(words[0]) == role
            assert all(word and word == folded(word) for word in words), role
    assert VERDICTS["io"] == "P"
    assert VERDICTS["nio"] == "F"
    assert not [word for word in VERDICTS if not word]


def test_a_line_with_a_date_names_no_columns(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="looks like a line with the names of columns"):
        proposed("START;Programme;A-TS;10/12/2024\nANL;u;5;V\n", tmp_path)


# ---------------------------------------------------------------- keys around a table
@pytest.mark.parametrize("mark", [": ", " = ", ":", "\uff1a"])
@pytest.mark.parametrize("sign", ["", "# ", "// "])
def test_lines_of_key_and_value_tell_of_the_unit(mark: str, sign: str, tmp_path: Path) -> None:
    keys = {"Serial": "A1", "Model": "M, 1", "Started": "28/11/2026 14:03:22", "Overall": "PASS"}
    head = "# Pack tester 3.2\n" + "".join(f"{sign}{key}{mark}{text}\n" for key, text in keys.items())
    mapping, [report] = proposed(head + "\nTest,Measured,Remark\nu: a,5,warm\ni,1,\n", tmp_path)
    assert (report.sn, report.data["result"], report.data["start"][:19]) == ("A1", "P", "2026-11-28T14:03:22")
    assert told(report)[::2] == ["u: a: ET_NLT P", "i: ET_NLT P"], mapping
    left = doubts(mapping).partition("nothing is taken from these lines: ")[2].partition("\n")[0]
    assert left == f"# Pack tester 3.2 | {sign}Model{mark}M, 1"
    assert [step.data.get("reportText") for step in report.steps()][1:] == ["warm", None]


def test_a_row_with_a_colon_is_no_key(tmp_path: Path) -> None:
    mapping, [report] = proposed("Serial;A1\nTest;Measured\nu: a;5\nv: b;6\n", tmp_path)
    assert "keys" not in mapping.partition("[header]")[0].replace("keys stand before it", "")
    assert [step.name for step in report.steps()][1:] == ["u: a", "v: b"]


# ---------------------------------------------------------------- numbers
HEAD = "serial;step;low;value;high;unit\n"


def test_marks_of_numbers_are_proposed(tmp_path: Path) -> None:
    mapping, [report] = proposed(HEAD + "A1;u;1.000,5;1.234,5;2.000;V\nA1;i;0;0,5;1;A\n", tmp_path)
    assert 'decimal = ","\nthousands = "."' in mapping
    assert told(report)[1::2] == ["u = 1234.5 V GELE 1000.5 2000 P", "i = 0.5 A GELE 0 1 P"]
    assert "are thousands separated by '.' in numbers" in doubts(mapping)
    mapping, [report] = proposed('serial,step,value\nA1,u,"1,234.5"\nA1,i,2\n', tmp_path)
    assert 'thousands = ","' in mapping
    assert 'decimal = ","' not in mapping
    assert told(report)[1::2] == ["u = 1234.5 LOG P", "i = 2 LOG P"]


def test_what_only_looks_like_thousands_changes_no_number(tmp_path: Path) -> None:
    mapping, [report] = proposed("serial,step,value,host\nA1,u,5.125,192.168.100.200\n", tmp_path)
    assert "thousands" not in mapping
    assert told(report)[1] == "u = 5.125 LOG P"
    mapping, [report] = proposed(HEAD + "A1;u;;1.234.567;;\nA1;i;;5.01;;\n", tmp_path)
    assert "thousands" not in mapping
    assert told(report)[3] == "i = 5.01 LOG P"
    xml = "<R ip='192.168.100.200'><serial>A1</serial><T name='u' value='5.125'/></R>"
    mapping, [report] = proposed(xml, tmp_path, "a.xml")
    assert "thousands" not in mapping
    xml = "<R><serial>A1</serial><T name='u' value='1.234,5'/></R>"
    mapping, [report] = proposed(xml, tmp_path, "a.xml")
    assert told(report)[1] == "u = 1234.5 LOG P"


def test_a_comma_that_may_be_either_is_doubted(tmp_path: Path) -> None:
    mapping, [report] = proposed(HEAD + "A1;u;1,000;1,234;2,000;V\n", tmp_path)
    assert "is '1,234' less than a thousand?" in doubts(mapping)
    assert told(report)[1] == "u = 1.234 V GELE 1 2 P"
    mapping, _ = proposed(HEAD + "A1;u;1,0;1,234;2,0;V\n", tmp_path)
    assert "thousand" not in doubts(mapping)


def test_a_time_in_seconds_is_no_start(tmp_path: Path) -> None:
    text = "Serial;A1\nTest time;12,5\nstep;value\nu;1,5\n"
    mapping, [report] = proposed(text, tmp_path)
    assert 'seconds = "Test time"' in mapping
    assert report.data["uut"]["execTime"] == 12.5


# ---------------------------------------------------------------- JSON
TESTS = [{"name": "u", "value": 5, "low": 4, "high": 6, "unit": "V"}, {"name": "i", "value": 1}]


def test_results_in_lists_of_lists_keep_the_names_of_their_groups(tmp_path: Path) -> None:
    groups = [
        {"title": "x", "name": "Power", "tests": TESTS},
        {"title": "y", "name": "Radio", "tests": TESTS[:1]},
    ]
    document = {"serial": "A1", "station": {"name": "FCT-2"}, "groups": groups}
    mapping, [report] = proposed(json.dumps(document), tmp_path, "a.json")
    assert 'each = "groups[*].tests[*]"' in mapping
    assert report.sn == "A1"
    assert told(report) == [
        "Power: SequenceCall P",
        "Power / u: ET_NLT P",
        "Power / u = 5 V GELE 4 6 P",
        "Power / i: ET_NLT P",
        "Power / i = 1 LOG P",
        "Radio: SequenceCall P",
        "Radio / u: ET_NLT P",
        "Radio / u = 5 V GELE 4 6 P",
    ]


def test_each_object_with_a_serial_number_is_a_unit(tmp_path: Path) -> None:
    units = [
        {"head": {"serial": f"A{number}"}, "phases": [{"name": "Main", "parts": [{"name": "P", "m": TESTS}]}]}
        for number in (1, 2)
    ]
    for document in ({"line": "L1", "panels": [{"units": units}]}, units):
        mapping, reports = proposed(json.dumps(document), tmp_path, "a.json")
        assert [one.sn for one in reports] == ["A1", "A2"], mapping
        assert told(reports[1])[:3] == [
            "Main: SequenceCall P",
            "Main / P: SequenceCall P",
            "Main / P / u: ET_NLT P",
        ]


def test_the_list_with_values_is_taken_not_the_longest(tmp_path: Path) -> None:
    document = {"serial": "A1", "log": [{"name": "x", "at": 1}] * 9, "results": [{"tests": TESTS}]}
    _, [report] = proposed(json.dumps(document), tmp_path, "a.json")
    assert told(report)[0] == "u: ET_NLT P"
