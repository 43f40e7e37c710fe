"""What a converter is that fetches its source files itself, on a timetable: from a database or an instrument.

The host calls `fetch` when the timetable says so and stores what it yields, together with the last `mark`, in
one step. The next call begins at that mark. So a converter keeps nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from stationmaster.api.converter import ConverterOptions, Station


@dataclass(frozen=True, slots=True)
class Fetched:
    """One raw file that was fetched.

    Attributes:
        name: what the file is called, for converters and people.
        content: its bytes.
        mark: where the next call is to go on once this file is stored, such as the number of the last row.
            Each file moves it on.
    """

    name: str
    content: bytes
    mark: str


@dataclass(frozen=True, slots=True)
class FetchContext:
    """What a call of `fetch` knows.

    Attributes:
        mark: of the last file that was stored; "" the first time.
        now: aware UTC.
        station: the instance's.
    """

    mark: str
    now: datetime
    station: Station = field(default_factory=Station)


@runtime_checkable
class Fetches(Protocol):
    """A converter that fetches source files; they go to its own `convert`, or to another converter's."""

    def fetch(self, context: FetchContext, options: ConverterOptions) -> Iterator[Fetched]:
        """Yield what is new since `context.mark`, oldest first; nothing where nothing is.

        The host may stop after any item: it stores what it has, and calls again with the mark of that item.

        Raises:
            SourceBusyError: it cannot be fetched now; says why.
        """
        ...
