"""Take a value out of a row or a unit, as the mapping says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Final, Protocol

from stationmaster.api import ConversionError, Source, Station
from stationmaster.api.local_time import Moment, from_epoch, local_time, read_time
from stationmaster.api.text import printable
from stationmaster.converters.mapping.schema import Given, Mapping, Value


class Cells(Protocol):
    """Something that holds texts by name: a row, a unit, an element.

    Attributes:
        place: where it stands in the file.
        names: what it may be asked for; empty where nobody can say, in a tree for instance.
    """

    @property
    def place(self) -> str:
        """Such as "line 12"."""
        ...

    @property
    def names(self) -> list[str]:
        """All that it has by a name."""
        ...

    def get(self, name: str) -> str | None:
        """The text of that name; None where there is no such name."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a line by the names of their columns; what the line does not have, the unit may.

    Attributes:
        cells: column -> text, in order.
        place: such as "line 12".
        above: the unit's keys.
        section: title of the section it stands in.
        beside: `low_row` and the like -> column -> its limit or unit, that a line of its own tells.
        dropped: cells that no column took.
        cut: columns that the line is too short for.
    """

    cells: dict[str, str]
    place: str
    above: dict[str, str]
    section: str = ""
    beside: dict[str, dict[str, str]] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    cut: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """Its columns, then the unit's keys."""
        return [*self.cells, *self.above]

    def get(self, name: str) -> str | None:
        """A cell, or what the unit says; `section` is the title of the section."""
        found = self.cells.get(name)
        if found is None:
            found = self.above.get(name)
        return self.section if found is None and name == "section" else found


_NEEDED: Final = {"step.value", "step.status", "header.result"}
"""What a row may leave empty, but must not end before."""

_VERDICTS: Final = {"step.status", "header.result"}
"""What must not be lost because nobody understands it."""


def as_value(given: Given) -> Value:
    """A plain text is the name of what holds the value; a number is the value."""
    if isinstance(given, Value):
        return given
    return Value(value=given) if isinstance(given, int) else Value(from_=given)


def names_of(given: Given) -> list[str]:
    """Names of what holds the value; none where the mapping itself says it."""
    value = as_value(given)
    if value.value is not None:
        return []
    return [value.from_] if isinstance(value.from_, str) and value.from_ else list(value.from_)


class Picker:
    """Takes values from cells of one file."""

    def __init__(self, mapping: Mapping, source: Source) -> None:
        """Know the file's names, and what counts as no value."""
        self._source = source
        self._missing = {text.strip().casefold() for text in mapping.missing}

    def text(self, given: Given, cells: Cells, key: str) -> str:
        """The text, "" where there is none.

        Args:
            given: what the mapping says.
            cells: where to look.
            key: of the mapping, for error texts.

        Raises:
            ConversionError: there is no such column at all, or a verdict that the pattern does not fit.
        """
        if given == "":
            return ""
        value = as_value(given)
        text = self._raw(value, cells, key)
        if value.pattern:
            found = re.search(value.pattern, text)
            if found is None and text and key in _VERDICTS and not (value.default or value.optional):
                raise _no_verdict(text, value.pattern, cells, key)
            text = _group(found) if found else ""
        for old, new in value.replace:
            text = re.sub(old, new, text)
        text = text.strip()
        if text in value.lookup:
            text = str(value.lookup[text])
        return text or value.default

    def time(self, given: Given, cells: Cells, key: str) -> Moment | None:
        """The moment, None where there is none.

        Raises:
            ConversionError: it is written in another way.
        """
        text = self.text(given, cells, key)
        if not text:
            return None
        value = as_value(given)
        formats = [value.format] if isinstance(value.format, str) else value.format
        for one in formats:
            try:
                return _moment(text, one, value.zone, self._source.station)
            except ValueError:
                continue
        raise ConversionError(
            f"{text[:40]!r} is no time as {' or '.join(formats)}",
            place=f"{cells.place}, {key}",
            next_step='Give its form in the mapping: format = "%d.%m.%Y %H:%M:%S", for example.',
        )

    def _raw(self, value: Value, cells: Cells, key: str) -> str:
        if value.value is not None:
            return str(value.value)
        for pattern, name in ((value.file, self._source.name), (value.folder, self._source.folder)):
            if pattern:
                found = re.search(pattern, name)
                if found and _group(found):
                    return _group(found)
        names = [value.from_] if isinstance(value.from_, str) else value.from_
        found_texts = [cells.get(name) for name in names]
        required = not (value.default or value.optional)
        if names and cells.names and required and all(text is None for text in found_texts):
            raise self._no_such(names, cells, key)
        texts = [self._clean(text) for text in found_texts]
        if value.join is not None:
            return value.join.join(filter(None, texts))
        text = next(filter(None, texts), "")
        if (
            not text
            and required
            and key in _NEEDED
            and isinstance(cells, Row)
            and cells.cut.intersection(names)
        ):
            raise _cut_off(names, cells, key)
        return text

    def _clean(self, text: str | None) -> str:
        clean = printable(text or "").strip()
        return "" if clean.casefold() in self._missing else clean

    def _no_such(self, names: list[str], cells: Cells, key: str) -> ConversionError:
        there = [name for name in cells.names if name]
        close = get_close_matches(names[0], there, n=1)
        hint = f'Did you mean "{close[0]}"?' if close else f"There are: {', '.join(there[:20])}."
        asked = " or ".join(repr(name) for name in names)
        return ConversionError(
            f"the mapping's {key} asks for {asked}, which is not there", place=cells.place, next_step=hint
        )


def _no_verdict(text: str, pattern: str, cells: Cells, key: str) -> ConversionError:
    return ConversionError(
        f"{text[:40]!r} does not match the pattern {pattern!r}: a verdict that is not understood is not lost",
        place=f"{cells.place}, {key}",
        next_step=f"Mend the pattern; where other texts are no verdicts, say optional = true in {key}.",
    )


def _cut_off(names: list[str], cells: Cells, key: str) -> ConversionError:
    asked = " or ".join(repr(name) for name in names)
    return ConversionError(
        f"the line ends before {asked}",
        place=f"{cells.place}, {key}",
        next_step="The tester may have stopped while it wrote the file. Where such lines are whole, say "
        f"optional = true in {key} of the mapping.",
    )


def _group(found: re.Match[str]) -> str:
    """The first group that matched, or all of it where there is none."""
    if not found.re.groups:
        return found[0]
    return next((text for text in found.groups() if text is not None), "")


def _moment(text: str, form: str, zone: str, station: Station) -> Moment:
    """A time in the form that the mapping gives.

    Raises:
        ValueError: it is written in another way.
    """
    if form == "epoch":
        return Moment(from_epoch(float(text)))
    if form == "epoch_ms":
        return Moment(from_epoch(float(text) / 1000))
    place = Station(name=station.name, time_zone=zone) if zone and zone != "UTC" else station
    if form == "iso":
        return read_time(text, place, utc=zone == "UTC")
    try:
        read = datetime.strptime(text, form)  # noqa: DTZ007 - the next lines give it its zone
    except re.error as error:  # a part of the time stands twice in the form
        raise ValueError(f"the form {form[:40]!r} cannot be used: {error}") from error
    return read_time(read.isoformat(), place, utc=True) if zone == "UTC" else _aware(read, place)


def _aware(read: datetime, station: Station) -> Moment:
    return Moment(read) if read.tzinfo is not None else local_time(read, station)
