"""What an STDF file says of all its parts, much of it behind them: read before the parts are."""

from __future__ import annotations

from dataclasses import dataclass, field

from stationmaster.api import ConversionError
from stationmaster.converters.stdf_fields import LAYOUTS, Fields, station_of
from stationmaster.converters.stdf_stream import HBR, MIR, MRR, PIR, PMR, PRR, SBR, SDR, TSR, Records

_MAX_NAMES = 200_000
_WANTED = {MIR, MRR, PIR, PMR, PRR, SDR, HBR, SBR, TSR}


@dataclass(slots=True)
class Bin:
    """A bin: its name, and whether it is for good parts ("P"), bad ones ("F"), or nobody says (" ")."""

    name: str = ""
    passes: str = ""


@dataclass(slots=True)
class Lot:
    """What the file says of all parts.

    Attributes:
        info: the fields of MIR.
        station: equipment by the field names of SDR.
        pins: names by pin number.
        hard: bins by number.
        tests: names of tests by number, "" where several have the number.
        parts: how many begin, or end, whichever are more.
        ended: the tester wrote its last record, MRR.
        begun: there is a MIR.
    """

    info: Fields = field(default_factory=dict)
    station: dict[str, str] = field(default_factory=dict)
    pins: dict[int, str] = field(default_factory=dict)
    hard: dict[int, Bin] = field(default_factory=dict)
    soft: dict[int, Bin] = field(default_factory=dict)
    tests: dict[int, str] = field(default_factory=dict)
    parts: int = 0
    ended: bool = False
    begun: bool = False

    def text(self, name: str) -> str:
        """A text of MIR, "" where it has none."""
        return str(self.info.get(name, "")).strip()


def survey(records: Records) -> Lot:
    """Go once through the file, past the results.

    Raises:
        ConversionError: a field is longer than its record, or two lots were written to one file.
    """
    lot, turns = Lot(), {PIR: 0, PRR: 0}
    for kind, record in records:
        if kind not in _WANTED:
            continue
        if kind in {PIR, PRR}:
            turns[kind] += 1
            continue
        try:
            _add(lot, kind, record, records)
        except ValueError as error:
            raise records.error(kind, str(error), "The file is damaged.") from error
    lot.parts = max(turns.values())
    return lot


def _add(lot: Lot, kind: int, record: bytes, records: Records) -> None:
    if kind == MRR:
        lot.ended = True
        return
    if kind == SDR:
        lot.station = {key: text for key, text in station_of(record).items() if text} | lot.station
        return
    fields = LAYOUTS[kind].read(record, records.order)
    if kind == MIR:
        if lot.begun:
            raise records.error(
                kind, "a second lot begins in this file", "Files were joined: split them again."
            )
        lot.info, lot.begun = fields, True
    elif kind == PMR:
        texts = [str(fields.get(key, "")) for key in ("PHY_NAM", "LOG_NAM", "CHAN_NAM")]
        # Some testers number the pins in all of these but one.
        name = next((one for one in texts if one and not one.isdigit()), next(filter(None, texts), ""))
        if name:
            lot.pins[int(fields.get("PMR_INDX", 0))] = name
    elif kind == TSR:
        _add_test(lot, fields)
    else:
        _add_bin(lot.hard if kind == HBR else lot.soft, fields)


def _add_test(lot: Lot, fields: Fields) -> None:
    name, number = str(fields.get("TEST_NAM", "")), int(fields.get("TEST_NUM", 0))
    if name and lot.tests.setdefault(number, name) != name:
        lot.tests[number] = ""
    if len(lot.tests) > _MAX_NAMES:
        raise ConversionError(f"the file names more than {_MAX_NAMES} tests", place="TSR")


def _add_bin(bins: dict[int, Bin], fields: Fields) -> None:
    one = bins.setdefault(int(fields.get("BIN_NUM", 0)), Bin())
    one.name = one.name or str(fields.get("BIN_NAM", ""))
    one.passes = one.passes or str(fields.get("PF", "")).strip()
