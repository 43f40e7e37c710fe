"""How many files each converter dealt with at each watch folder, since the instance began."""

from __future__ import annotations

from collections import Counter

from stationmaster.config.schema import WatchFolder


class Tally:
    """Counts files by folder and converter; what was not their fault (a full disk) is not counted."""

    def __init__(self) -> None:
        """Nothing was dealt with yet."""
        self._totals: Counter[tuple[str, str]] = Counter()
        self._errors: Counter[tuple[str, str]] = Counter()

    def converted(self, folder: WatchFolder, converter: str) -> None:
        """A file became reports, or needed none."""
        self._totals[folder.path, converter] += 1

    def failed(self, folder: WatchFolder, converter: str) -> None:
        """A file could not be converted; where none of several converters took it, it is counted at none."""
        if not converter and len(folder.converters) == 1:
            converter = folder.converters[0]
        if converter:
            self._totals[folder.path, converter] += 1
            self._errors[folder.path, converter] += 1

    def of(self, folder: WatchFolder, converter: str) -> tuple[int, int]:
        """Files dealt with, and how many of them failed."""
        key = (folder.path, converter)
        return self._totals[key], self._errors[key]
