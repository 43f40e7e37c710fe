"""Guess what the columns and keys of a sample mean: by their names, and by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from stationmaster.api.number import parse_number
from stationmaster.api.verdict import status_of

_HEADER: Final = {
    "sn": "serialnumber serialno serial sn dutid dut uut uutserial unitserial traceabilitynumber barcode",
    "pn": "partnumber partno pn part product productnumber article articlenumber item model lotpartnumber",
    "rev": "revision rev partrevision hwrevision",
    "process": "operation operationtype operationtypecode process processcode teststage stage",
    "program": "program testprogram sequence sequencename testplan recipe",
    "result": "result overallresult overallstatus overall status verdict testresult uutresult outcome",
    "start": "starttime startdate start datetime timestamp testdate testtime started begun begin date time",
    "end": "endtime enddate end stoptime finished",
    "seconds": "testingtime executiontime duration elapsed cycletime testduration seconds",
    "user": "operator user username operatorname testedby",
    "station": "station stationid stationname machine machineid tester testerid host hostname",
    "batch": "batch batchnumber lot lotid order ordernumber workorder",
    "fixture": "fixture fixtureid adapter",
}
_STEP: Final = {
    "name": "stepname step teststep testname test name measurement parameter item description label",
    "value": "value val measuredvalue measresult measured measure reading actual resultvalue data",
    "low": "low lo lowlimit lowlim lolimit lower lowerlimit min minimum lsl minvalue limitlow",
    "high": "high hi highlimit highlim hilimit upper upperlimit max maximum usl maxvalue limithigh",
    "unit": "unit units uom",
    "status": "status result verdict passfail state outcome judgement judgment pf teststatus",
    "limits": "limits limit tolerance spec",
    "comp": "comparison operator comp compop",
}
_WORDS: Final = {role: words.split() for role, words in (_HEADER | _STEP).items()}

_TIMES: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y.%m.%d. %H:%M:%S",
    "%Y.%m.%d. %H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
)
_SERIAL: Final = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9._/-]{3,40}")


def folded(name: str) -> str:
    """A name without case, blanks and signs: "Serial #:" and "SerialNumber" are alike."""
    plain = name.casefold().removesuffix("_at").replace("#", "number")
    plain = plain.replace("s/n", "sn").replace("p/n", "pn")
    return re.sub(r"[^a-z]", "", re.sub(r"\([^)]*\)", "", plain))


def header_role(name: str) -> str:
    """Which field of the report a key or a column of this name is, "" for none."""
    return _role(name, _HEADER)


def step_role(name: str) -> str:
    """Which part of a step a column of this name is, "" for none."""
    return _role(name, _STEP)


def _role(name: str, roles: Iterable[str]) -> str:
    plain = folded(name)
    return next((role for role in roles if plain in _WORDS[role]), "")


def roles_of(names: Sequence[str], role_of: Callable[[str], str]) -> dict[str, str]:
    """Role -> name; the first name of a role has it, and of names alike the one whose word comes first."""
    found: dict[str, str] = {}
    for name in names:
        role = role_of(name)
        if not role:
            continue
        if role not in found or _rank(role, name) < _rank(role, found[role]):
            found[role] = name
    return found


def _rank(role: str, name: str) -> int:
    """How well a name fits its role; of a path its last part counts."""
    words, last = _WORDS[role], folded(re.split(r"[/@:.]", name.rstrip(":."))[-1])
    return words.index(last) if last in words else len(words)


def time_format(texts: Iterable[str]) -> str:
    """The form that all of these times have, "" for none that is known; `iso` where that does."""
    given = [text.strip() for text in texts if text.strip()]
    if not given:
        return ""
    if all(_fits(text, None) for text in given):
        return "iso"
    return next((form for form in _TIMES if all(_fits(text, form) for text in given)), "")


def _fits(text: str, form: str | None) -> bool:
    try:
        if form is None:
            return len(text) > 9 and bool(datetime.fromisoformat(text))
        return bool(datetime.strptime(text, form))  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False


def is_number(text: str) -> bool:
    """The text is a number, with either decimal mark."""
    try:
        return parse_number(text, decimal="auto") is not None
    except ValueError:
        return False


def verdict_like(texts: Iterable[str]) -> bool:
    """All of them are words for a verdict."""
    given = [text for text in texts if text]
    return bool(given) and all(_is_verdict(text) for text in given)


def _is_verdict(text: str) -> bool:
    try:
        return bool(status_of(text))
    except ValueError:
        return False


def serial_like(texts: dict[str, str], file_name: str) -> list[str]:
    """Names whose text may be a serial number; one that stands in the file's name comes first."""
    fit = [name for name, text in texts.items() if _SERIAL.fullmatch(text) and not time_format([text])]
    return sorted(fit, key=lambda name: (texts[name] not in file_name, -len(texts[name])))


def decimal_mark(texts: Iterable[str]) -> str:
    """The mark of these numbers: `,` where commas stand in them and points do not."""
    joined = [text for text in texts if is_number(text)]
    commas = sum("," in text for text in joined)
    return "," if commas and not any("." in text for text in joined) else "."
