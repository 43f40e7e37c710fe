"""Robot Framework: output.xml of the versions 2 to 7, and output.json.

Robot knows suites and tests, not units. Serial number, part number and the like come from the suites'
metadata; what is not there comes from the options, or the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final, Literal

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Result,
    Resume,
    Source,
    Status,
    xml,
)
from stationmaster.api.header import Found, resolve
from stationmaster.api.json_text import MAX_BYTES, as_object, is_closed, is_object, parse_json
from stationmaster.api.local_time import local_time
from stationmaster.api.text import clip, one_line
from stationmaster.converters.robot_step import Steps, number_pattern, read_status
from stationmaster.converters.robot_tree import Node, read_json, read_xml

_WRITERS: Final = ("Robot ", "Rebot ")
_GENERATOR: Final = re.compile(rb'"generator"\s*:\s*"(?:Robot|Rebot) ')
_MAX_MISC: Final = 100


class RobotOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the Robot Framework converter.

    Names of metadata are compared without case, blanks, `_` and `-`.

    Attributes:
        serial_number_keys: names of suite metadata that may hold the serial number; the first that is there
            wins.
        part_number_keys: the same for the part number.
        revision_keys: the same for the revision.
        process_keys: the same for the operation's code or name.
        station_keys: the same for the station.
        user_keys: the same for the operator.
        batch_keys: the same for the batch.
        depth: `test`: tests are pass/fail steps; `keyword`: they hold their keywords.
        max_keywords: how many keywords become steps at most; failing ones always do.
        number_pattern: regular expression for messages that are measurements, with groups `name` and
            `value`; `unit`, `low` and `high` may be there, too.
    """

    serial_number_keys: tuple[str, ...] = ("serial number", "serial", "sn")
    part_number_keys: tuple[str, ...] = ("part number", "part", "pn")
    revision_keys: tuple[str, ...] = ("revision", "rev")
    process_keys: tuple[str, ...] = ("operation", "process code", "process")
    station_keys: tuple[str, ...] = ("station", "machine")
    user_keys: tuple[str, ...] = ("operator", "user")
    batch_keys: tuple[str, ...] = ("batch", "lot")
    depth: Literal["test", "keyword"] = "keyword"
    max_keywords: int = 10_000
    number_pattern: str = ""


class RobotConverter:
    """Reads results of Robot Framework, XML and JSON."""

    name: ClassVar[str] = "robot"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = RobotOptions

    def detect(self, glimpse: Glimpse) -> int:
        """90 if Robot Framework or Rebot says that it wrote the file."""
        if is_object(glimpse.head):
            return 90 if _GENERATOR.search(glimpse.head) else 0
        tags = xml.first_tags(glimpse.head, 2)
        if not tags or tags[0].namespace or tags[0].name != "robot":
            return 0
        return 90 if tags[0].attributes.get("generator", "").startswith(_WRITERS) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the root element is closed; of JSON, if the last character is the closing brace."""
        return is_closed(glimpse) if is_object(glimpse.head) else xml.is_closed(glimpse, "robot")

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the one report of the file. Such files do not grow: `resume` is not used."""
        del resume
        own = RobotOptions.of(options)
        pattern = number_pattern(own.number_pattern)
        warnings: list[str] = []
        suite, generator = _read(source, warnings)
        if not any(node.kind == "test" for node in suite.walk()):
            raise ConversionError(f"{source.name} holds no tests", place=suite.place)
        report = _begin(suite, source, own)
        if generator:
            report.misc("Generator", one_line(generator, 1000))
        steps = Steps(
            report,
            source.station,
            pattern,
            keywords=own.depth == "keyword",
            most=own.max_keywords,
        )
        steps.add(suite)
        for text in warnings:
            report.warn(text)
        if own.attach_source:
            kind = "application/json" if source.name.casefold().endswith(".json") else "text/xml"
            report.attach(source.name, source.read_bytes(), content_type=kind)
        yield report


def _read(source: Source, warnings: list[str]) -> tuple[Node, str]:
    """The root suite, and who wrote the file."""
    if source.size > MAX_BYTES:
        raise ConversionError(f"{source.name} is larger than {MAX_BYTES} bytes, the bound for such files")
    with source.open() as file:
        head = file.read(4096)
    if is_object(head):
        document = as_object(parse_json(source.read_bytes(), name=source.name), "")
        return read_json(document), document.text("generator")
    root = xml.open(source, warnings=warnings)
    if root.tag != "robot":
        raise ConversionError(
            f"<{xml.local_name(root)[:60]}> is not the root of an output.xml of Robot Framework",
            place=xml.place(root),
            next_step="An xunit.xml of Robot Framework is for the converter junit.",
        )
    return read_xml(root), root.get("generator", "")


def _begin(suite: Node, source: Source, options: RobotOptions) -> Report:
    metadata = _Metadata(suite)
    header = resolve(
        Found(
            sn=metadata.take(options.serial_number_keys, options),
            pn=metadata.take(options.part_number_keys),
            rev=metadata.take(options.revision_keys),
            process=metadata.take(options.process_keys),
            program=suite.name,
            place=f"{suite.place}, metadata",
        ),
        source,
        options,
    )
    status = read_status(suite)
    starts = [node.start for node in suite.walk() if node.start is not None]
    moment = local_time(suite.start or min(starts), source.station) if starts else None
    report = header.report(
        start=moment.at if moment else None,
        result=_result(status),
        user=metadata.take(options.user_keys),
        execution_time=suite.seconds,
        sequence=suite.name,
    )
    if moment and moment.warning:
        report.warn(moment.warning)
    if status is None:
        report.warn("the root suite has no status: the result is the worst of its steps")
    if status is Status.SKIPPED:
        report.warn("all tests were skipped; the result is Passed")
    report.station(one_line(metadata.take(options.station_keys), 100))
    report.info(
        comment=clip(suite.doc, 5000) or None,
        batchSN=one_line(metadata.take(options.batch_keys), 100) or None,
        errorMessage=clip(suite.message, 5000) or None if status is Status.FAILED else None,
    )
    metadata.leave(report)
    return report


def _result(status: Status | None) -> Result | None:
    if status is None:
        return None
    return Result.PASSED if status is Status.SKIPPED else Result(status.value)


class _Metadata:
    """The metadata of all suites, the root's first."""

    def __init__(self, suite: Node) -> None:
        self._left: dict[str, tuple[str, str]] = {}
        for node in suite.walk():
            for name, text in node.metadata.items():
                if text:
                    self._left.setdefault(_folded(name), (name, text))

    def take(self, keys: tuple[str, ...], options: ConverterOptions | None = None) -> str:
        """The first of the names that is there; it is not left then. Placeholders are passed over."""
        empty = {word.strip().casefold() for word in options.placeholders} if options else set()
        given = ""
        for key in keys:
            name, text = self._left.get(_folded(key), ("", ""))
            if name and text.strip().casefold() not in empty:
                del self._left[_folded(key)]
                return text
            given = given or text
        return given

    def leave(self, report: Report) -> None:
        """The rest becomes misc infos."""
        rest = list(self._left.values())
        for name, text in rest[: _MAX_MISC - 1]:
            report.misc(one_line(name, 1000) or "-", one_line(text, 5000))
        if len(rest) >= _MAX_MISC:
            report.warn(
                f"there are more than {_MAX_MISC} misc infos: {len(rest) - _MAX_MISC + 1} were left out"
            )


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()
