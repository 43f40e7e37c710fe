"""Results of tests out of PTR, MPR and FTR records, in the order of the file.

What a record says of its test repeats from part to part as the same bytes: it is read once and then looked
up. A record that ends early takes it from the first record of its test that has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from stationmaster.api import ConversionError
from stationmaster.converters.stdf_facts import Facts, Told, functional_told, multiple_told, single_told
from stationmaster.converters.stdf_stream import FTR, MPR, NAMES, PTR, Records

_MAX_TESTS: Final = 200_000
_MAX_KNOWN: Final = 50_000
_NOTHING: Final = 0xFF
"""OPT_FLAG where the record ends before what it speaks of."""


class Result(NamedTuple):
    """One test of one part.

    Attributes:
        kind: PTR, MPR or FTR.
        flags: TEST_FLG.
        more_flags: PARM_FLG; of an FTR its OPT_FLAG.
        values: one, or several; of an FTR cycle, address, repeats and failing pins. None: not measured.
    """

    kind: int
    test: Facts
    flags: int
    more_flags: int
    values: float | Sequence[float] | None


class Results:
    """Reads the results of one file."""

    def __init__(self, records: Records) -> None:
        """Know the byte order."""
        self._records = records
        order = self._order = records.order
        self._single_head = Struct(order + "IBBBBf").unpack_from
        self._short_head = Struct(order + "IBBBB").unpack_from
        self._multiple_head = Struct(order + "IBBBBHH").unpack_from
        self._functional_head = Struct(order + "IBBBBIIIIiih")
        self._known: dict[tuple[int, int, int, bytes], Facts] = {}
        self._first: dict[tuple[int, int, str], Told] = {}
        self._texts: dict[tuple[int, int], str] = {}

    def read(self, kind: int, record: bytes) -> Result:
        """The result in a record that has a head and a site.

        Raises:
            ConversionError: a field is longer than the record.
        """
        try:
            if kind == PTR:
                return self._single(record)
            return self._multiple(record) if kind == MPR else self._functional(record)
        except ValueError as error:
            raise self._records.error(kind, str(error), "The file is damaged.") from error

    def _single(self, record: bytes) -> Result:
        if len(record) < 16:
            number, _head, _site, flags, more = self._short_head(record.ljust(12, b"\0"), 4)
            return Result(PTR, self._test(PTR, number, {})[0], flags, more, None)
        number, _head, _site, flags, more, value = self._single_head(record, 4)
        key = (PTR, number, 0, record[16:])
        test = self._known.get(key)
        if test is None:
            test = self._learn(key, single_told(record, 16, self._order))
        return Result(PTR, test, flags, more, None if flags & 2 else value)

    def _multiple(self, record: bytes) -> Result:
        number, _head, _site, flags, more, pins, count = self._multiple_head(record.ljust(16, b"\0"), 4)
        begin = 16 + (pins + 1) // 2
        stop = begin + 4 * count
        if stop > max(16, len(record)):
            raise ValueError(f"{count} results are announced, and {len(record) - begin} bytes are left")
        values = Struct(f"{self._order}{count}f").unpack_from(record, begin) if count else ()
        key = (MPR, number, pins, record[stop:])
        test = self._known.get(key)
        if test is None:
            test = self._learn(key, multiple_told(record, stop, self._order, pins))
        return Result(MPR, test, flags, more, None if flags & 2 else values)

    def _functional(self, record: bytes) -> Result:
        size = 4 + self._functional_head.size
        number, _head, _site, flags, options, *values = self._functional_head.unpack_from(
            record.ljust(size, b"\0"), 4
        )
        key = (FTR, number, 0, record[size:])
        test = self._known.get(key)
        if test is None:
            test = self._learn(key, functional_told(record, size, self._order))
        return Result(FTR, test, flags, _NOTHING if len(record) < size else options, values[:4])

    def _learn(self, key: tuple[int, int, int, bytes], told: Told) -> Facts:
        """Complete what a record says, and keep it for the next record with the same bytes."""
        test, complete = self._test(key[0], key[1], told)
        if complete:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[key] = test
        return test

    def _test(self, kind: int, number: int, told: Told) -> tuple[Facts, bool]:
        """The test, and whether it stays so when more is known of it."""
        text = self._text(kind, number, told)
        first = self._first.get((kind, number, text))
        if first is None:
            if len(self._first) >= _MAX_TESTS:
                raise ConversionError(
                    f"the file holds more than {_MAX_TESTS} tests of different names and numbers",
                    place=f"{NAMES[kind]} at byte {self._records.at}",
                )
            first = self._first[kind, number, text] = {}
        for name in told:
            if name not in {"alarm", "notes"}:
                first.setdefault(name, told[name])
        every = told | {"text": text} if kind == FTR else first | told
        return Facts(number, **every), kind == FTR or ("low" in every and "high" in every)

    def _text(self, kind: int, number: int, told: Told) -> str:
        """The test's name; a record without one has that of its number, if only one test has the number."""
        text: str = told.get("text", "")
        if not text:
            return self._texts.get((kind, number), "")
        if self._texts.setdefault((kind, number), text) != text:
            self._texts[kind, number] = ""  # many testers number all their tests 0
        return text
