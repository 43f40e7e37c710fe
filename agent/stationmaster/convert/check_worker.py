"""The module that a check of a converter runs in: `python -m stationmaster.convert.check_worker`.

Ops: alone, together, growth (trials, see `stationmaster.api.trial`) and outcome (what comes of each file, to
be compared with another process).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.api.converter import Converter, ConverterOptions, Source, Station
from stationmaster.api.testing import options_of, source_of
from stationmaster.api.trial.case import convert
from stationmaster.api.trial.check import examine_alone, examine_growth, examine_together
from stationmaster.api.trial.finding import Finding
from stationmaster.api.trial.zone import STATION, instants
from stationmaster.convert.plugin import Plugins
from stationmaster.file_name import from_wire
from stationmaster.worker.child import serve

_Trial = Callable[[Converter, list[Source], ConverterOptions], list[Finding]]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What to try.

    Attributes:
        files: or folders, as `to_wire` made them.
        marker: of folders: the pattern of the files that say that one is complete.
    """

    target: str
    files: tuple[str, ...]
    options: dict[str, Any] = {}
    station: Station = Station()
    marker: str = ""


class FileOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file, for comparison.

    Attributes:
        reports: a hash of each report and its record.
        instants: when the tests began, with the station in a zone of its own.
        guesses: places in code that guess a text's encoding: "bench.py line 30".
    """

    reports: tuple[str, ...]
    instants: tuple[str, ...]
    guesses: tuple[str, ...]


def main() -> None:
    """Serve the check until it closes the channel."""
    plugins = Plugins()

    def trial(work: _Trial) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
        def answer(message: dict[str, Any]) -> Mapping[str, Any]:
            converter, sources, options = _taken(message, plugins)
            return {"findings": [msgspec.to_builtins(one) for one in work(converter, sources, options)]}

        return answer

    def outcome(message: dict[str, Any]) -> Mapping[str, Any]:
        converter, sources, options = _taken(message, plugins)
        files = [_outcome(converter, source, options) for source in sources]
        return {"files": [msgspec.to_builtins(one) for one in files]}

    serve(
        {
            "alone": trial(examine_alone),
            "together": trial(examine_together),
            "growth": trial(examine_growth),
            "outcome": outcome,
        }
    )


def _taken(message: dict[str, Any], plugins: Plugins) -> tuple[Converter, list[Source], ConverterOptions]:
    assignment = msgspec.convert(message["assignment"], Assignment)
    converter = plugins.make(assignment.target)
    sources = [
        source_of(Path(from_wire(file)), assignment.station, marker=assignment.marker)
        for file in assignment.files
    ]
    return converter, sources, options_of(converter, assignment.options)


def _outcome(converter: Converter, source: Source, options: ConverterOptions) -> FileOutcome:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = convert(type(converter)(), source, options)
    elsewhere = replace(source, station=replace(source.station, time_zone=STATION))
    guesses = {
        f"{Path(one.filename).name} line {one.lineno}" for one in caught if one.category is EncodingWarning
    }
    return FileOutcome(
        reports=tuple(_hash(one.body, one.record) for one in made.reports),
        instants=tuple(instants(convert(type(converter)(), elsewhere, options))),
        guesses=tuple(sorted(guesses)),
    )


def _hash(body: str, record: bytes | None) -> str:
    made = hashlib.sha256(body.encode(errors="surrogatepass"))
    made.update(b"\0" if record is None else b"\1" + record)
    return made.hexdigest()


if __name__ == "__main__":
    main()
