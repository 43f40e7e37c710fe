"""A mapping in the making: its lines, and what a person should look at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api.text import printable
from stationmaster.converters.mapping.guess import fits_form, is_number, marks_of, time_format, words_of

_BREAKS: Final = re.compile(r"[\r\n]+")
_EPOCH: Final = re.compile(r"1[0-9]{9}(?:[0-9]{3}|\.[0-9]+)?")
_MILLISECONDS: Final = 13
"""Digits of a time in milliseconds since 1970, until the year 2286."""
PLAIN_ROLES: Final = {
    role: role for role in ("name", "value", "low", "high", "unit", "status", "comp", "text")
}
XML_ROLES: Final = PLAIN_ROLES | {"limits": "limit"}
"""Role -> key of the step; one limit beside a value is what a text must be."""
NUMBERS: Final = ("value", "low", "high")
"""Roles of what is read as a number."""


@dataclass(slots=True)
class Proposal:
    """A mapping in the making.

    Attributes:
        lines: of the TOML.
        doubts: what a person should look at, a sentence each.
        used: names of the file that something is taken from.
        start: the header's line for a start in two columns.
    """

    lines: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    start: str = ""

    @property
    def toml(self) -> str:
        """The mapping, with what is doubtful as comments at its top."""
        notes = [f"# Look at this: {doubt}" for doubt in self.doubts]
        lines = [*notes, *([""] if notes else []), *self.lines]
        # what a comment quotes of the sample may hold anything; in texts it is escaped
        return "\n".join(printable(_BREAKS.sub(" ", line)) for line in lines) + "\n"

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.lines.extend(lines)

    def use(self, *names: str) -> None:
        """Something is taken from these."""
        self.used.update(names)

    def leave_out(self, names: Iterable[str]) -> None:
        """Say which of these nothing is taken from."""
        left = [name for name in dict.fromkeys(names) if name not in self.used]
        if left:
            self.doubt(f"nothing is taken from: {', '.join(left[:40])}.")

    def doubt(self, text: str) -> None:
        """Say what a person should look at."""
        self.doubts.append(text)


def quoted(text: str) -> str:
    """A text as TOML; patterns stay readable in single quotes."""
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def marks(made: Proposal, texts: Iterable[str]) -> None:
    """How numbers are written, a line each."""
    numbers = [text for text in texts if is_number(text)]
    decimal, thousands = marks_of(numbers)
    if decimal == ",":
        made.add('decimal = ","')
    if thousands:
        made.add(f"thousands = {quoted(thousands)}")
        made.doubt(
            f"are thousands separated by {thousands!r} in numbers, and is {decimal!r} the decimal mark?"
        )
    either = [one for one in numbers if re.fullmatch(r"-?[1-9]\d{0,2}[.,]\d{3}", one)]
    if decimal == "," and not thousands and either and len(either) == sum("," in one for one in numbers):
        made.doubt(f"is {either[0]!r} less than a thousand? If not: decimal and thousands say so.")


def verdict_words(made: Proposal, texts: Iterable[str]) -> None:
    """What verdicts mean that are not English, in a line."""
    found = words_of(texts)
    if found:
        made.add(f"words = {{ {', '.join(f'{quoted(one)} = {quoted(to)}' for one, to in found.items())} }}")
        made.doubt(f"do these verdicts mean what `words` says: {', '.join(found)}?")


def told_apart(roles: dict[str, str], there: dict[str, str]) -> dict[str, str]:
    """The roles; what looks like a start by its name may be how long the test took."""
    text = there.get(roles.get("start", ""), "")
    if not re.fullmatch(r"\d{1,5}(?:[.,]\d+)?", text.strip()):
        return roles
    rest = {role: name for role, name in roles.items() if role != "start"}
    return rest if "seconds" in rest else rest | {"seconds": roles["start"]}


def fields(made: Proposal, roles: dict[str, str], there: dict[str, str], name: str) -> None:
    """The header's fields, a line each."""
    if "sn" not in roles:
        made.doubt("no serial number was found: this takes it from the file's name.")
        made.add(f"sn = {{ file = '^([A-Za-z0-9]+)' }}  # {name}")
    made.use(*roles.values())
    for role, place in roles.items():
        if role == "result" and there.get(place, "").strip() in {"0", "1"}:
            made.doubt(f"{place!r} is a digit: does 0 mean passed?")
            made.add(f'result = {{ from = {quoted(place)}, lookup = {{ "0" = "P", "1" = "F" }} }}')
        elif role not in {"start", "end"}:
            made.add(f"{role} = {quoted(place)}  # {there.get(place, '')[:40]}".rstrip())
        else:
            _time(made, role, place, there.get(place, ""))
    if "pn" not in roles:
        made.doubt("no part number was found: the option part_number of the watch folder gives it.")
    if "process" not in roles:
        made.doubt("no operation was found: give its code here, or by the option process_code.")
        made.add("# process = 10")


def joined_start(made: Proposal, roles: dict[str, str], there: dict[str, str], clock: str) -> None:
    """Date and time of day stand in two columns."""
    day = roles["start"]
    form = time_format([f"{there[day]} {there.get(clock, '')}"]) if clock else ""
    if form:
        del roles["start"]
        made.start = (
            f'start = {{ from = [{quoted(day)}, {quoted(clock)}], join = " ", format = {quoted(form)} }}'
        )
        made.use(day, clock)


def _time(made: Proposal, role: str, place: str, text: str) -> None:
    form = time_format([text])
    if not form and _EPOCH.fullmatch(text.strip()):
        form = "epoch_ms" if "." not in text and len(text.strip()) == _MILLISECONDS else "epoch"
    if not form:
        made.doubt(f"{place!r} ({text[:30]!r}) has a form of time that is not known.")
        form = "%Y-%m-%d %H:%M:%S"
    other = form.replace("%d/%m", "%m/%d")
    if other != form and fits_form(text, other):
        made.doubt(f"does {place!r} have the day or the month first? It is read as {form}.")
    tail = "" if form == "iso" else f", format = {quoted(form)}"
    made.add(f"{role} = {{ from = {quoted(place)}{tail} }}  # {text[:40]}".rstrip())


def role_lines(made: Proposal, roles: dict[str, str], wanted: dict[str, str]) -> None:
    """The parts of a step, a line each."""
    for role, key in wanted.items():
        if role in roles:
            made.add(f"{key} = {quoted(roles[role])}")
