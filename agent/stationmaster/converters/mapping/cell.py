"""Texts of cells as numbers, verdicts and names, with errors that say where and what to do."""

from __future__ import annotations

from typing import Final

from stationmaster.api import ConversionError, Source, Status
from stationmaster.api.local_time import Moment
from stationmaster.api.verdict import status_of
from stationmaster.converters.mapping.numeral import Numeral, grouped_by
from stationmaster.converters.mapping.pick import Cells, Picker
from stationmaster.converters.mapping.schema import Given, Mapping

BAD: Final = (Status.FAILED, Status.ERROR, Status.TERMINATED)
"""What no row may be that counts as passed."""


class Reader:
    """Reads the cells of one file by the rules of its mapping."""

    def __init__(self, mapping: Mapping, source: Source) -> None:
        """Know the decimal mark and the words of the mapping."""
        self.numeral = Numeral(mapping.decimal, mapping.thousands)
        self._pick = Picker(mapping, source)
        self._words = {word.strip().casefold(): Status(status) for word, status in mapping.words.items()}

    def text(self, given: Given, cells: Cells, key: str) -> str:
        """The text, "" where there is none."""
        return self._pick.text(given, cells, key)

    def time(self, given: Given, cells: Cells, key: str) -> Moment | None:
        """The moment, None where there is none."""
        return self._pick.time(given, cells, key)

    def number(self, given: Given, cells: Cells, key: str) -> float | None:
        """The number, None where there is none.

        Raises:
            ConversionError: it is no number.
        """
        return self.parsed(self.text(given, cells, key), cells, key)

    def parsed(self, text: str, cells: Cells, key: str) -> float | None:
        """The same of a text that stands in these cells."""
        try:
            return self.numeral.read(text)
        except ValueError as error:
            raise ConversionError(
                str(error), place=f"{cells.place}, {key}", next_step=_marks_of(text)
            ) from error

    def status(self, word: str, cells: Cells, key: str) -> Status:
        """What a word means: by the mapping, else by what everybody says.

        Raises:
            ConversionError: nobody told us; it must never count as passed.
        """
        status = self._words.get(word.strip().casefold())
        if status is not None:
            return status
        try:
            return status_of(word)
        except ValueError as error:
            raise ConversionError(
                str(error),
                place=f"{cells.place}, {key}",
                next_step=f'Say what it means: words = {{ "{word[:20]}" = "P" }} in the mapping.',
            ) from error

    def is_bad(self, word: str) -> bool:
        """Does this say that something failed? Of letters alone only F, and those that the mapping names."""
        try:
            status = self._words.get(word.strip().casefold()) or status_of(word)
        except ValueError:
            return False
        return status in BAD and (len(word.strip()) > 1 or word.strip().casefold() in {"f", *self._words})


def _marks_of(text: str) -> str:
    """What to say in the mapping of a number that is not read."""
    marks = grouped_by(text)
    if marks is None:
        return 'Is the decimal mark right (decimal = "," in the mapping)? Is it a text?'
    decimal, thousands = marks
    return f'Are its thousands separated? In the mapping: decimal = "{decimal}", thousands = "{thousands}".'
