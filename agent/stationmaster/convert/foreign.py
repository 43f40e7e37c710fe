"""Runs converter classes that were written for the published client `pywats-api`, unchanged.

Their package must be installed beside the agent; it is imported in the worker alone, by the converter's own
module. Both of its forms are known: `FileConverter` with `convert(source, context)`, and the older
`ConverterBase` with `convert_file(path, arguments)`. What they say of moving or deleting the file is left
out: that is the watch folder's to say.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import msgspec

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Source,
    SourceBusyError,
)
from stationmaster.api.converter import Converter, Station
from stationmaster.api.wsjf import decode, repair

PACKAGE: Final = "pywats_client.converters"
_BASES: Final = ("FileConverter", "ConverterBase")
_TYPES: Final = {"test": "T", "uut": "T", "t": "T", "repair": "R", "uur": "R", "r": "R"}
_RESULTS: Final = {"passed": "P", "failed": "F", "error": "E", "terminated": "T", "done": "P"}
_KEYS: Final = {"serialNumber": "sn", "partNumber": "pn", "partRevision": "rev", "revision": "rev"}
"""Names that their examples use beside those of WSJF."""


class ForeignOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of every such converter.

    Attributes:
        arguments: what the converter calls its arguments or user settings.
    """

    arguments: dict[str, Any] = msgspec.field(default_factory=dict)


def is_foreign(found: type[Any]) -> bool:
    """The class is a converter of that package; its bases are not imported here but by its module."""
    return any(base.__module__.startswith(PACKAGE) and base.__name__ in _BASES for base in found.__mro__[1:])


def adapted(found: type[Any]) -> type[Converter]:
    """A converter class of ours that runs theirs.

    Raises:
        Exception: whatever its constructor raises.
    """
    made = found()
    about = str(getattr(made, "description", "") or f"Runs {found.__name__}, written for pywats-api.")
    return cast(
        "type[Converter]",
        type(
            found.__name__,
            (_Adapter,),
            {
                "name": converter_name(str(made.name)),
                "version": str(made.version),
                "foreign": found,
                "__doc__": about,
                "__module__": found.__module__,
            },
        ),
    )


def converter_name(name: str) -> str:
    """Their names are for people: "CSV Test Results" becomes `csv-test-results`."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:60] or "converter"


class _Adapter:
    """One of ours by its shape, one of theirs inside."""

    name: ClassVar[str]
    version: ClassVar[str]
    foreign: ClassVar[type[Any]]
    options_type: ClassVar[type[ConverterOptions]] = ForeignOptions

    def detect(self, glimpse: Glimpse) -> int:
        """What it says itself of a small file; 30 for a larger one whose name fits its patterns."""
        made = self.foreign()
        patterns = list(getattr(made, "file_patterns", None) or _patterns(made))
        if not any(_fits(glimpse.name, one) for one in patterns):
            return 0
        if glimpse.size > len(glimpse.head) or not hasattr(made, "validate"):
            return 30
        with tempfile.TemporaryDirectory(prefix="stationmaster-") as folder:
            path = Path(folder) / (Path(glimpse.name).name or "file")
            path.write_bytes(glimpse.head)
            told = made.validate(*_call(made, path, Station(), {}))
        return max(0, min(100, round(100 * float(getattr(told, "confidence", 0.3)))))

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield what it returns."""
        del resume
        own = ForeignOptions.of(options)
        made = self.foreign()
        with _named(source) as path:
            call = made.convert_file if hasattr(made, "convert_file") else made.convert
            result = call(*_call(made, path, source.station, own.arguments))
        reports = _reports(result)
        for report in reports:
            _complete(report, own)
            for text in [*repair(report), *(str(one) for one in getattr(result, "warnings", None) or ())]:
                report.warn(text)
            if own.attach_source:
                report.attach(source.name, source.read_bytes())
            yield report


@contextmanager
def _named(source: Source) -> Iterator[Path]:
    """The file under the name that the tester gave it: such converters read it."""
    if source.path.name == source.name:
        yield source.path
        return
    with tempfile.TemporaryDirectory(prefix="stationmaster-") as folder:
        path = Path(folder) / (Path(source.name).name or "file")
        shutil.copy2(source.path, path)
        yield path


def _call(made: Any, path: Path, station: Station, arguments: dict[str, Any]) -> tuple[Any, Any]:
    """The two arguments of a call, in the form that the converter was written for."""
    models = import_module(f"{PACKAGE}.models")
    if hasattr(made, "convert_file"):
        base = import_module(f"{PACKAGE}.base")
        given = base.ConverterArguments(
            api_client=None,
            file_info=models.FileInfo(path=path),
            drop_folder=path.parent,
            done_folder=path.parent,
            error_folder=path.parent,
            user_settings=arguments,
        )
        return path, given
    context = import_module(f"{PACKAGE}.context").ConverterContext(
        station_name=station.name, arguments=arguments
    )
    return models.ConverterSource.from_file(path), context


def _reports(result: Any) -> list[Report]:
    """What came of it.

    Raises:
        ConversionError: it failed, refused the file, or made nothing.
        SourceBusyError: it wants to be asked again later.
    """
    state = str(getattr(getattr(result, "status", None), "value", getattr(result, "status", ""))).casefold()
    why = str(getattr(result, "error", None) or getattr(result, "suspend_reason", None) or "")
    if state == "suspended":
        raise SourceBusyError(why or "the converter wants to be asked again later")
    found = list(result.get_all_reports()) if hasattr(result, "get_all_reports") else [result.report]
    found = [one for one in found if one is not None]
    if state not in {"success", "warning"} or not found:
        raise ConversionError(
            why or f"the converter ended with {state or 'nothing'} and without a report",
            next_step="Its own log may say more.",
        )
    return [report for one in found for report in decode(_json(one))]


def _json(report: Any) -> str:
    if hasattr(report, "model_dump_json"):
        return str(report.model_dump_json(by_alias=True, exclude_none=True))
    return json.dumps(report, default=str)


def _complete(report: Report, options: ForeignOptions) -> None:
    """Names and words of their examples in those of WSJF; what is missing, from the options."""
    data = report.data
    for theirs, ours in _KEYS.items():
        if theirs in data:
            data.setdefault(ours, data.pop(theirs))
    data["type"] = _TYPES.get(str(data.get("type", "T")).casefold(), "T")
    result = str(data.get("result", ""))
    data["result"] = _RESULTS.get(result.casefold(), result)
    code = str(data.get("processCode") or "").strip()
    if not isinstance(data.get("processCode"), int):
        known = options.process_codes.get(code, int(code) if code.isdecimal() else options.process_code)
        if known is None:
            raise ConversionError(
                f"operation {code!r} has no code" if code else "the converter names no operation",
                next_step="Set the converter's option process_code, or process_codes (name = code).",
            )
        data["processCode"] = known
    if not str(data.get("pn") or "").strip() and options.part_number:
        data["pn"] = options.part_number
    data.setdefault("rev", options.revision)
    if not data["rev"]:
        data["rev"] = options.revision


def _patterns(made: Any) -> list[str]:
    """Patterns out of the older form's list of endings."""
    endings = list(getattr(made, "supported_extensions", None) or ["*"])
    return ["*" if one == "*" else f"*{one}" for one in endings]


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())
