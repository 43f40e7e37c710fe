"""Does the converter know its own files, and leave those of others alone?"""

from __future__ import annotations

from dataclasses import replace

from stationmaster.api.converter import Glimpse
from stationmaster.api.trial.case import Case, words
from stationmaster.api.trial.finding import Findings
from stationmaster.sentence import closed

_SURE, _LIKELY = 80, 60

_WSJF = (
    b'{"type": "T", "pn": "P", "sn": "S", "rev": "A", "processCode": 10, "result": "P", "machineName": "M", '
    b'"location": "L", "purpose": "X", "start": "2026-03-02T08:00:00+00:00"}'
)
_OPENHTF = (
    b'{"dut_id": "S1", "station_id": "st", "start_time_millis": 1, "end_time_millis": 2, "outcome": "PASS", '
    b'"phases": [], "metadata": {}, "log_records": []}'
)

FOREIGN: dict[str, tuple[str, bytes]] = {
    "a picture": ("scan.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01"),
    "an archive": ("all.zip", b"PK\x03\x04\x14\0\0\0\x08\0"),
    "random bytes": ("dump.bin", bytes(range(256)) * 4),
    "a letter": ("readme.txt", b"Dear colleague,\n\nthe fixture of line 3 is being repaired.\n"),
    "a log": ("app.log", b"2026-03-02 08:00:00,123 INFO server started\n2026-03-02 08:00:01 INFO ok\n"),
    "a table of addresses": ("people.csv", b"name;street;town\nKim;Main St 1;Oslo\nLee;Hill 2;Bergen\n"),
    "a table with commas": ("stock.csv", b"article,amount,price\nR-100,20,0.01\nC-47,11,0.02\n"),
    "settings": ("settings.ini", b"[section]\nkey = value\nother = 12\n"),
    "other XML": ("page.xml", b'<?xml version="1.0"?>\n<page><title>Hello</title><p>text</p></page>\n'),
    "other JSON": ("package.json", b'{"name": "thing", "version": "1.0.0", "items": [1, 2, 3]}\n'),
    "a JSON list": ("list.json", b'[{"id": 1}, {"id": 2}]\n'),
    "junit": ("junit.xml", b'<testsuites><testsuite name="a"><testcase name="b"/></testsuite></testsuites>'),
    "wsjf": ("report.json", _WSJF),
    "openhtf": ("record.json", _OPENHTF),
    "wstf": ("unit.txt", b"--Header-Start--\nSerialNumber\tS-1\n--Step-Data-Start--\n"),
}
"""Files of others: what it is -> name and content. A converter of the same name may take it, of course."""


def check_detection(case: Case, found: Findings) -> None:
    """Ask `detect` about the sample."""
    try:
        path = case.source.path
        glimpse = Glimpse.at_folder(path) if case.source.is_folder else Glimpse.at(path)
        sure = case.confidence(glimpse)
        complete = case.complete(glimpse)
    except Exception as error:  # noqa: BLE001 - the boundary to plug-in code
        found.error(
            "crash",
            closed(f"On this file, detect() or is_complete() fails with {words(error)}"),
            file=case.file,
        )
        return
    if sure is None:
        found.note(
            "no-detect",
            "The converter has no detect(): in a folder with others it is the last resort.",
            next_step="Give it one where a folder gets files of several kinds.",
        )
    elif type(sure) is not int or not 0 <= sure <= 100:  # an author may answer anything
        found.error(
            "detect",
            f"detect() answers {sure!r}.",
            file=case.file,
            next_step="Answer a whole number, 0 to 100.",
        )
    elif sure == 0:
        found.error(
            "detect",
            "detect() does not know this file, which the converter reads.",
            file=case.file,
            next_step="Look for what all its files have in common; 80 for a signature, 95 with the header.",
        )
    elif sure < _LIKELY:
        found.note("detect", f"detect() is only {sure} sure of this file.", file=case.file)
    if not complete:
        found.error(
            "incomplete",
            "is_complete() says that the tester still writes this file: it would wait for ever.",
            file=case.file,
            next_step="Say no only where the end is missing.",
        )


def check_foreign(case: Case, found: Findings) -> None:
    """Ask `detect` about files of others; what the converter can convert may be its own after all."""
    for kind, (name, content) in FOREIGN.items():
        if kind == case.converter.name:
            continue
        glimpse = Glimpse(name=name, size=len(content), head=content, tail=content[-4096:])
        try:
            sure = case.confidence(glimpse)
        except Exception as error:  # noqa: BLE001 - the boundary to plug-in code
            found.error(
                "crash",
                closed(f"On {kind} ({name}), detect() fails with {words(error)}"),
                next_step="Answer 0 for what cannot be read.",
            )
            continue
        if sure is None or sure < _LIKELY:
            continue
        source = replace(case.variant(content), name=name, is_folder=False, marker="")
        if case.run(source).good:
            continue
        tell = found.error if sure >= _SURE else found.warning
        tell(
            "detect",
            f"detect() is {sure} sure of {kind} ({name}), which the converter cannot read.",
            next_step="Look at more of the file: the whole header, not a word of it.",
        )
