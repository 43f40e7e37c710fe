"""One board of an i3070 log: its header from the BATCH and BTEST records."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from stationmaster.api import ConversionError, ConverterOptions, Report, Result, Source
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import local_time
from stationmaster.api.number import Decimal
from stationmaster.api.reading import add_line
from stationmaster.api.text import one_line
from stationmaster.converters.i3070_records import Record
from stationmaster.converters.i3070_steps import Several, add_steps, told

CROSSED_OUT: Final = 13
_STAMP: Final = re.compile(r"\d{12}", re.ASCII)
_MEANINGS: Final = {
    1: "failed, without a kind of test",
    2: "failed in the pins test",
    3: "failed in learning",
    4: "failed in the shorts test",
    6: "failed in the analog test",
    7: "failed in the power supply test",
    8: "failed in the digital or boundary scan test",
    9: "failed in the functional test",
    10: "failed in the pre-shorts test",
    11: "trouble with the handler",
    12: "trouble with the bar code",
    13: "the board was crossed out",
    14: "failed in the vectorless test",
    15: "failed in the polarity test",
    16: "failed in the connect check",
    17: "failed in the analog cluster test",
    80: "a run-time error",
    81: "stopped by the operator",
    82: "broken off by the operator",
}
_FAILED: Final = frozenset({*range(1, 11), 14, 15, 16, 17})
_TERMINATED: Final = frozenset({81, 82})
_USER_DEFINED: Final = range(90, 100)


class I3070Options(ConverterOptions, frozen=True, kw_only=True):
    """Options of the i3070 converter.

    Attributes:
        strip_board_number: leave out the number of the board on the panel in front of names, "3%".
        several: what a block of several measurements becomes: one step, or a sequence of steps.
        batch_id_as_batch: take the batch id as the batch number.
        skip_learning: leave out boards that were tested to learn from, or that are known to be good.
        decimal: decimal mark of numbers: ".", "," or "auto" (one lone comma is the mark).
        status_results: status of a board -> result, for the codes 90 to 99 that a site gives a meaning to.
    """

    strip_board_number: bool = True
    several: Several = "step"
    batch_id_as_batch: bool = True
    skip_learning: bool = False
    decimal: Decimal = "."
    status_results: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it


def status_code(board: Record) -> int:
    """The status of a board.

    Raises:
        ConversionError: it is no number.
    """
    text = board.text(1)
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise ConversionError(f"the status {text[:20]!r} of the board is no number", place=board.place)
    return int(text)


def is_learning(board: Record) -> bool:
    """Was the board tested to learn from it, or is it known to be good?"""
    return "y" in (board.text(7).lower(), board.text(8).lower())


def build(batch: Record, board: Record, source: Source, options: I3070Options) -> Report:
    """The report of one board.

    Raises:
        ConversionError: a field cannot be read, or the header lacks what a report needs.
    """
    header = resolve(
        Found(
            sn=board.text(0),
            pn=batch.text(0),
            rev=batch.text(1) or batch.text(13) or batch.text(10),
            process=batch.text(5),
            program=batch.text(9),
            place=board.place,
        ),
        source,
        options,
    )
    start, warning = _time(board, 2, source)
    if start is None:
        raise ConversionError("the board has no start time", place=board.place)
    code = status_code(board)
    report = header.report(
        start=start,
        result=_result(code, options, board.place),
        user=batch.text(7),
        execution_time=_seconds(board, start, source),
        sequence=batch.text(9),
        sequence_version=batch.text(10),
    )
    if warning:
        report.warn(warning)
    _add_info(report, batch, board, code, options)
    add_steps(
        report,
        board,
        strip=options.strip_board_number,
        several=options.several,
        decimal=options.decimal,
    )
    if code and not report.root.steps:
        add_line(report.root, _meaning(code))
    return report


def _result(code: int, options: I3070Options, place: str) -> Result:
    table = {key.strip().zfill(2): word for key, word in options.status_results.items()}
    given = table.get(f"{code:02}", "")
    if given:
        try:
            return Result(given.strip().upper()[:1])
        except ValueError:
            raise ConversionError(
                f"the option status_results gives status {code} the result {given[:20]!r}",
                place=place,
                next_step="Give it one of P, F, E, T, D.",
            ) from None
    if code == 0:
        return Result.PASSED
    if code in _FAILED:
        return Result.FAILED
    return Result.TERMINATED if code in _TERMINATED else Result.ERROR


def _add_info(report: Report, batch: Record, board: Record, code: int, options: I3070Options) -> None:
    report.station(one_line(batch.text(8), 100))
    report.info(
        fixtureId=one_line(batch.text(2), 100) or None,
        batchSN=(one_line(batch.text(6), 100) or None) if options.batch_id_as_batch else None,
    )
    if code:
        report.info(errorCode=code, errorMessage=_meaning(code))
        if code not in _MEANINGS and code not in _USER_DEFINED:
            report.warn(f"{board.place}: status {code} of the board is not known")
    socket = board.text(11)
    if socket.isascii() and socket.isdecimal() and len(socket) < 9:
        report.info(testSocketIndex=int(socket))
    elif socket:
        report.misc("Board number", one_line(socket, 100))
    wanted = (
        ("Panel", board.text(12)),
        ("Panel type", batch.text(11)),
        ("Panel type revision", batch.text(12)),
        ("Version label", batch.text(13)),
        ("Testhead", " ".join(filter(None, (batch.text(3), batch.text(4))))),
        ("Log level", board.text(5)),
        ("Status qualifier", board.text(10)),
        ("Learning", "yes" if board.text(7).lower() == "y" else ""),
        ("Known good", "yes" if board.text(8).lower() == "y" else ""),
    )
    for description, text in wanted:
        if text:
            report.misc(description, one_line(text, 100))
    for record in batch.records:
        if record.kind != "@BTEST":
            told(report, record)


def _meaning(code: int) -> str:
    return "a code of the site" if code in _USER_DEFINED else _MEANINGS.get(code, f"status {code}")


def _time(board: Record, index: int, source: Source) -> tuple[datetime | None, str]:
    """A time of the form YYMMDDHHMMSS, and a warning."""
    text = board.text(index)
    if not text:
        return None, ""
    if not _STAMP.fullmatch(text):
        raise ConversionError(f"{text[:40]!r} is no time of the form YYMMDDHHMMSS", place=board.place)
    century = "19" if text >= "70" else "20"
    try:
        naive = datetime.strptime(century + text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone is given below
    except ValueError:
        raise ConversionError(f"{text!r} is no time of the form YYMMDDHHMMSS", place=board.place) from None
    moment = local_time(naive, source.station)
    return moment.at, moment.warning


def _seconds(board: Record, start: datetime, source: Source) -> float | None:
    text = board.text(3)
    if text.isascii() and text.isdecimal() and len(text) < 9:
        return int(text)
    end, _ = _time(board, 9, source)
    return max(0.0, (end - start).total_seconds()) if end else None
