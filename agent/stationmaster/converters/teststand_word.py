"""Words for verdicts in reports of TestStand: in the language of the PC, or a site's own."""

from __future__ import annotations

from collections.abc import Mapping

from stationmaster.api import ConversionError, ConverterOptions, Result, Status
from stationmaster.api.verdict import status_of

NEXT_STEP = 'Say what it means in the converter\'s options: words = {{ "{}" = "F" }}, for example.'


class TestStandXmlOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the converter for TestStand's XML reports.

    Attributes:
        words: verdict in the file -> status letter, for words in another language; case does not matter.
    """

    __test__ = False  # its name is no test's
    words: Mapping[str, str] = {}


class Words:
    """What the words of one file mean."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """Those of the options come first, then what everybody says.

        Raises:
            ConversionError: an option names no status.
        """
        self._given: dict[str, Status] = {}
        for word, letter in given.items():
            try:
                self._given[word.strip().casefold()] = Status(letter.strip().upper())
            except ValueError:
                raise ConversionError(
                    f"the option words gives {word[:40]!r} the status {letter[:20]!r}",
                    next_step="Give it one of P, F, S, D, E, T.",
                ) from None

    def status(self, word: str) -> Status:
        """The status of a step.

        Raises:
            ValueError: nobody told us. It must never count as passed.
        """
        return self._given.get(word.strip().casefold()) or status_of(word)

    def result(self, word: str, place: str) -> Result:
        """The result of a unit.

        Raises:
            ConversionError: nobody told us, or it says that nothing was tested.
        """
        try:
            return Result(self.status(word).value)
        except ValueError:
            raise ConversionError(
                f"the result {word[:40]!r} is no result that is known",
                place=place,
                next_step=NEXT_STEP.format(word[:40]),
            ) from None
