"""A part while its results come in, and what its report says beside the steps."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError, ConverterOptions, Report
from stationmaster.api import Result as Verdict
from stationmaster.api.header import is_placeholder
from stationmaster.api.text import one_line
from stationmaster.converters.stdf_fields import Fields
from stationmaster.converters.stdf_lot import Bin, Lot
from stationmaster.converters.stdf_results import Result

NO_COORDINATE: Final = -32768
_NAMES: Final = ("part_id", "part_text", "lot", "sublot", "wafer", "x", "y", "head", "site", "index", "file")

_MISC: Final = (
    ("Job", "JOB_NAM"),
    ("Job revision", "JOB_REV"),
    ("Lot", "LOT_ID"),
    ("Sublot", "SBLOT_ID"),
    ("Tester type", "TSTR_TYP"),
    ("Test code", "TEST_COD"),
    ("Mode", "MODE_COD"),
    ("Retest code", "RTST_COD"),
    ("Temperature", "TST_TEMP"),
    ("Package", "PKG_TYP"),
    ("Family", "FAMLY_ID"),
    ("Date code", "DATE_COD"),
    ("Facility", "FACIL_ID"),
    ("Floor", "FLOOR_ID"),
    ("Process", "PROC_ID"),
    ("Specification", "SPEC_NAM"),
    ("Flow", "FLOW_ID"),
    ("Setup", "SETUP_ID"),
    ("Executive", "EXEC_TYP"),
    ("Executive version", "EXEC_VER"),
    ("User text", "USER_TXT"),
)
_EQUIPMENT: Final = (
    ("Handler", "HAND_ID"),
    ("Probe card", "CARD_ID"),
    ("Load board", "LOAD_ID"),
    ("DIB", "DIB_ID"),
    ("Contactor", "CONT_ID"),
)


@dataclass(slots=True)
class Wafer:
    """The wafer that is tested on a head.

    Attributes:
        start: when its test began, as the file has it; 0: not told.
        record: the bytes of its WIR.
    """

    name: str = ""
    start: int = 0
    record: bytes = b""


@dataclass(slots=True)
class Part:
    """One part on one site.

    Attributes:
        announced: a PIR began it; without one it may turn out to be no part at all.
        number: which one in the file, from 1; 0 as long as it has not ended.
        events: its results, and where sections begin (their name) and end (None), in the order of the file.
        texts: of DTR and GDR.
        records: its bytes.
        end: the fields of its PRR; None: it has none.
    """

    head: int
    site: int
    announced: bool
    wafer: Wafer
    number: int = 0
    events: list[Result | str | None] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    end: Fields | None = None

    @property
    def results(self) -> int:
        """How many results it has."""
        return sum(isinstance(one, Result) for one in self.events)

    def values(self, lot: Lot, named: str, options: ConverterOptions) -> dict[str, str]:
        """What the templates of options may name.

        Args:
            lot: the file.
            named: the serial number in the file's name, "" where there is none.
            options: know the placeholders.
        """
        end = self.end or {}
        part_id = str(end.get("PART_ID", ""))
        x, y = (int(end.get(key, NO_COORDINATE)) for key in ("X_COORD", "Y_COORD"))
        return {
            "part_id": "" if is_placeholder(part_id, options) else part_id.strip(),
            "part_text": str(end.get("PART_TXT", "")).strip(),
            "lot": lot.text("LOT_ID"),
            "sublot": lot.text("SBLOT_ID"),
            "wafer": self.wafer.name,
            "x": "" if x == NO_COORDINATE else str(x),
            "y": "" if y == NO_COORDINATE else str(y),
            "head": str(self.head),
            "site": str(self.site),
            "index": str(self.number),
            "file": named,
        }

    def verdict(self, lot: Lot) -> Verdict:
        """Abnormal end, else no verdict: that of the bin, else passed or failed."""
        if self.end is None or int(self.end.get("PART_FLG", 4)) & 4:
            return Verdict.TERMINATED
        flags = int(self.end["PART_FLG"])
        if flags & 0x10:
            passes = lot.hard.get(int(self.end.get("HARD_BIN", 0)), Bin()).passes
            return {"P": Verdict.PASSED, "F": Verdict.FAILED}.get(passes, Verdict.ERROR)
        return Verdict.FAILED if flags & 8 else Verdict.PASSED


def fill(templates: tuple[str, ...], values: Mapping[str, str], option: str) -> str:
    """The first template all of whose values are there; "" where there is none.

    Raises:
        ConversionError: a template names something that we do not know.
    """
    for template in templates:
        try:
            fields = [one for one in string.Formatter().parse(template) if one[1] is not None]
            names = [str(name) for _text, name, _spec, _conversion in fields]
            if any(name not in _NAMES or spec or conversion for _text, name, spec, conversion in fields):
                raise ValueError(f"only these names are known: {', '.join(_NAMES)}")
        except ValueError as error:
            raise ConversionError(
                f"the converter's option {option} holds {template!r}: {error}",
                next_step="Write names in braces, such as {part_id}.",
            ) from error
        if all(values[name] for name in names):
            return template.format_map(values).strip()
    return ""


def add_misc(report: Report, part: Part, lot: Lot) -> None:
    """Bins, place on the wafer, lot and equipment."""
    end = part.end or {}
    flags = int(end.get("PART_FLG", 0))
    pairs = [
        ("Hard bin", _bin(lot.hard, end.get("HARD_BIN"))),
        ("Soft bin", _bin(lot.soft, end.get("SOFT_BIN"))),
        ("Wafer", part.wafer.name),
        *((key, str(end.get(name, ""))) for key, name in (("X", "X_COORD"), ("Y", "Y_COORD"))),
        ("Head", str(part.head)),
        ("Retest of the same part id", "yes" if flags & 1 else ""),
        ("Retest of the same place", "yes" if flags & 2 else ""),
        *((title, lot.text(name)) for title, name in _MISC),
        *((title, lot.station.get(name, "")) for title, name in _EQUIPMENT),
    ]
    for title, text in pairs:
        if text and text != str(NO_COORDINATE):
            report.misc(title, one_line(text, 1000))


def _bin(bins: dict[int, Bin], number: float | str | None) -> str:
    if number is None or number == 65535:
        return ""
    name = bins.get(int(number), Bin()).name
    return f"{number} {name}".strip()
