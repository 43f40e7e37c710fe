"""Texts of cells as numbers, verdicts and names, with errors that say where and what to do."""

from __future__ import annotations

from stationmaster.api import ConversionError, Source, Status
from stationmaster.api.local_time import Moment
from stationmaster.api.number import parse_number
from stationmaster.api.verdict import status_of
from stationmaster.converters.mapping.pick import Cells, Picker
from stationmaster.converters.mapping.schema import Given, Mapping


class Reader:
    """Reads the cells of one file by the rules of its mapping."""

    def __init__(self, mapping: Mapping, source: Source) -> None:
        """Know the decimal mark and the words of the mapping."""
        self.decimal = mapping.decimal
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
        try:
            return parse_number(self.text(given, cells, key), decimal=self.decimal)
        except ValueError as error:
            raise ConversionError(
                str(error),
                place=f"{cells.place}, {key}",
                next_step='Is the decimal mark right (decimal = "," in the mapping)? Is it a text?',
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
