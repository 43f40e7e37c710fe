"""Guess what the columns and keys of a sample mean: by their names, and by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.verdict import status_of
from stationmaster.converters.mapping.numeral import Numeral, Thousands, grouped_by
from stationmaster.converters.mapping.vocabulary import HEADER, STEP, VERDICTS, folded

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
    "%m/%d/%Y %I:%M %p",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d.%m.%y %H:%M:%S",
    "%d.%m.%y %H:%M",
    "%d. %m. %Y %H:%M:%S",
    "%d. %m. %Y %H:%M",
    "%Y\u5e74%m\u6708%d\u65e5 %H:%M:%S",
    "%Y\u5e74%m\u6708%d\u65e5 %H:%M",
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
)
_SERIAL: Final = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9._/-]{3,40}")


def header_role(name: str) -> str:
    """Which field of the report a key or a column of this name is, "" for none."""
    return _role(name, HEADER)


def is_whole_verdict(name: str) -> bool:
    """The name says verdict and nothing else: `Overall`, `Result`, but not `Result 5V`."""
    return header_role(name) == "result" and not re.search(r"\d", name)


def is_flag(path: str) -> bool:
    """A truth of this name, or at the end of this path, says whether something passed."""
    return folded(re.split(r"[/@:.]", path)[-1]) in {"ok", "pass", "passed", "success", "ispassed", "isok"}


def is_failure(path: str) -> bool:
    """A truth of this name says whether something failed."""
    return folded(path.rpartition(".")[2]) in {"fail", "failed", "isfailed", "nok"}


def step_role(name: str) -> str:
    """Which part of a step a column of this name is, "" for none."""
    return _role(name, STEP)


def _role(name: str, roles: Mapping[str, Sequence[str]]) -> str:
    plain = folded(name)
    return next((role for role, words in roles.items() if plain and plain in words), "")


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
    words, last = (HEADER | STEP)[role], folded(re.split(r"[/@:.]", name.rstrip(":."))[-1])
    return words.index(last) if last in words else len(words)


def time_format(texts: Iterable[str]) -> str:
    """The form that all of these times have, "" for none that is known; `iso` where that does."""
    given = [text.strip() for text in texts if text.strip()]
    if not given:
        return ""
    if all(fits_form(text, None) for text in given):
        return "iso"
    return next((form for form in _TIMES if all(fits_form(text, form) for text in given)), "")


def fits_form(text: str, form: str | None) -> bool:
    """The text is a time of this form; None is ISO 8601."""
    try:
        if form is None:
            return len(text) > 9 and bool(datetime.fromisoformat(text))
        return bool(datetime.strptime(text, form))  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False


def is_number(text: str) -> bool:
    """The text is a number, with either decimal mark, and with whatever separates thousands."""
    try:
        return parse_number(text, decimal="auto") is not None
    except ValueError:
        return grouped_by(text) is not None


def verdict_like(texts: Iterable[str]) -> bool:
    """All of them are words for a verdict."""
    given = [text for text in texts if text]
    return bool(given) and all(_is_verdict(text) for text in given)


def _is_verdict(text: str) -> bool:
    try:
        return bool(status_of(text))
    except ValueError:
        return folded(text) in VERDICTS


def words_of(texts: Iterable[str]) -> dict[str, str]:
    """Verdicts in another language than English, as they stand there -> `P`, `F` or `S`."""
    return {text: VERDICTS[folded(text)] for text in texts if folded(text) in VERDICTS}


def serial_like(texts: dict[str, str], file_name: str) -> list[str]:
    """Names whose text may be a serial number; one that stands in the file's name comes first."""
    fit = [name for name, text in texts.items() if _SERIAL.fullmatch(text) and not time_format([text])]
    return sorted(fit, key=lambda name: (texts[name] not in file_name, -len(texts[name])))


def _reads(numeral: Numeral, text: str) -> bool:
    try:
        numeral.read(text)
    except ValueError:
        return False
    return True


def marks_of(texts: Iterable[str]) -> tuple[Decimal, Thousands]:
    """The marks of these numbers: what separates thousands, where that is sure; `,` or `.`."""
    numbers = [text for text in texts if is_number(text)]
    sure = next(filter(None, map(grouped_by, numbers)), None)
    if sure is not None and all(_reads(Numeral(*sure), text) for text in numbers):
        return sure
    commas, points = (sum(mark in text for text in numbers) for mark in ",.")
    return ("," if commas > points else "."), ""
