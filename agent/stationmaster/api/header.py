"""Where the header of a report comes from when the file is silent, the same way for every converter.

Serial number: the file, the pattern on the file's name, the pattern on its folder's name; never invented.
Part number: the file, the pattern, the table by test program, the default. Revision: the file, the
pattern, the default. Process code: the file, the table by operation name, the default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from stationmaster.api.converter import ConverterOptions, Source
from stationmaster.api.report import Report, Result
from stationmaster.api.text import one_line, printable
from stationmaster.errors import ConversionError

_Value = TypeVar("_Value")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the file itself says; "" and None where it is silent.

    Attributes:
        process: operation as the file has it: a code in digits, or a name.
        program: name of the test program, for the table `part_numbers`.
        place: where in the file the header stands, for error texts.
        sn_place: where the serial number stands, if elsewhere.
    """

    sn: str = ""
    pn: str = ""
    rev: str = ""
    process: str = ""
    program: str = ""
    place: str = ""
    sn_place: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The header fields no report can be without, and what a person should know about them."""

    sn: str
    pn: str
    rev: str
    process_code: int
    warnings: tuple[str, ...] = ()

    def report(
        self,
        *,
        start: datetime | None = None,
        result: Result | None = None,
        user: str = "",
        execution_time: float | None = None,
        sequence: str = "",
        sequence_path: str = "",
        sequence_version: str = "",
    ) -> Report:
        """Begin a test report with these fields and warnings; texts are cut to what a report can hold.

        Args:
            start: aware datetime; None: set later, else the host takes the file's mtime and warns.
            result: the tester's verdict, of the root sequence too; None: the worst status of the steps.
            user: operator.
            execution_time: seconds.
            sequence: name of the test program, where the file names one.
            sequence_path: where that lies.
            sequence_version: its version.
        """
        report = Report.uut(
            sn=self.sn,
            pn=self.pn,
            rev=self.rev,
            process_code=self.process_code,
            start=start,
            result=result,
            user=one_line(user, 100),
            execution_time=execution_time,
            sequence=one_line(sequence, 200) or "MainSequence",
            sequence_path=one_line(sequence_path, 500),
            sequence_version=one_line(sequence_version, 30),
        )
        for text in self.warnings:
            report.warn(text)
        if result is not None:
            report.root.data["status"] = result.value
        return report


def resolve(found: Found, source: Source, options: ConverterOptions) -> Header:
    """Fill what the file left out from names and options.

    Raises:
        ConversionError: a field cannot be known; the next step names the option that gives it.
    """
    named = _name_groups(source, options)
    sn = _serial_number(found, named, options)
    pn = _known(found.pn, options) or named.get("pn", "")
    pn = pn or (_by_key(options.part_numbers, found.program) or options.part_number).strip()
    if not pn:
        raise ConversionError(
            f"{source.name} names no part number",
            place=found.place,
            next_step="Set the converter's option part_number, or part_numbers for several programs.",
        )
    rev = _known(found.rev, options) or named.get("rev", "") or options.revision.strip()
    if not rev:
        raise ConversionError(
            f"{source.name} names no revision",
            place=found.place,
            next_step="Set the converter's option revision.",
        )
    code, warning = _process_code(found, source, options)
    return Header(sn, pn, rev, code, (warning,) if warning else ())


def is_placeholder(text: str, options: ConverterOptions) -> bool:
    """Is `text` empty, or one of the texts that testers write for "none"?"""
    folded = text.strip().casefold()
    return not folded or any(folded == word.strip().casefold() for word in options.placeholders)


def named_groups(pattern: str, text: str, option: str) -> dict[str, str]:
    """What the named groups of a regular expression from the options find in `text`.

    Args:
        pattern: the option's value; "" finds nothing.
        text: what the source says.
        option: name of the option, for error texts.

    Raises:
        ConversionError: it is no regular expression.
    """
    if not pattern:
        return {}
    try:
        found = re.search(pattern, text)
    except re.error as error:
        raise ConversionError(
            f"the option {option} is no regular expression: {error}", next_step="Correct it."
        ) from error
    return {key: value.strip() for key, value in found.groupdict().items() if value} if found else {}


def _serial_number(found: Found, named: dict[str, str], options: ConverterOptions) -> str:
    sn = _known(found.sn, options) or _known(named.get("sn", ""), options)
    if sn:
        return sn
    given = found.sn.strip()
    reason = f"the serial number {given[:40]!r} is a placeholder" if given else "no serial number"
    raise ConversionError(
        reason,
        place=found.sn_place or found.place,
        next_step="Have the tester write one, or set the converter's option serial_number_pattern to a "
        "regular expression with a group (?P<sn>...) for the file name.",
    )


def _process_code(found: Found, source: Source, options: ConverterOptions) -> tuple[int, str]:
    given = found.process.strip()
    mapped = _by_key(options.process_codes, given)
    if mapped is not None:
        return mapped, ""
    if _WHOLE_NUMBER.fullmatch(given):
        return int(given), ""
    default = options.process_code
    if default is None:
        what = f"operation {given[:60]!r} has no code" if given else f"{source.name} names no operation"
        raise ConversionError(
            what,
            place=found.place,
            next_step="Set the converter's option process_codes (name = code) or process_code.",
        )
    if given:
        return default, f"operation {given[:60]!r} is not in process_codes; code {default} was taken"
    return default, ""


def _known(text: str, options: ConverterOptions) -> str:
    clean = printable(text).strip()
    return "" if is_placeholder(clean, options) else clean


def _by_key(table: Mapping[str, _Value], key: str) -> _Value | None:
    """Look `key` up as it stands, then without regard to case."""
    key = key.strip()
    if not key or key in table:
        return table.get(key)
    folded = key.casefold()
    return next((value for name, value in table.items() if name.strip().casefold() == folded), None)


def _name_groups(source: Source, options: ConverterOptions) -> dict[str, str]:
    """The named groups of `serial_number_pattern` in the file's name, else in its folder's name."""
    if not options.serial_number_pattern:
        return {}
    try:
        pattern = re.compile(options.serial_number_pattern)
    except re.error as error:
        raise ConversionError(
            f"the option serial_number_pattern is no regular expression: {error}",
            next_step="Correct it; the serial number is its group (?P<sn>...).",
        ) from error
    for name in (source.name, source.folder):
        if match := pattern.search(name):
            return {key: value.strip() for key, value in match.groupdict().items() if value}
    return {}
