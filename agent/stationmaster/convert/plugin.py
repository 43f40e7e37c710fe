"""Finding and importing converters. Runs in worker processes only: this is other people's code.

Three origins: built-ins, entry points of the group `stationmaster.converters` (the entry point's name is
the converter's), and `*.py` files in the instance's `converters` folder (names that start with `_` are
modules for them to share; so are classes; `test_x.py` beside `x.py` is its test), and `*.toml` files there:
mappings. A file wins over an entry point, an entry point over a built-in.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import msgspec

from stationmaster import __version__
from stationmaster.api.converter import Completes, Converter, ConverterOptions, Detects
from stationmaster.api.fetch import Fetches
from stationmaster.convert.built_in import BUILT_INS, KINDS, MAPPING, MODULE
from stationmaster.convert.foreign import adapted, is_foreign
from stationmaster.convert.job import ConverterInfo
from stationmaster.errors import StationmasterError

ENTRY_POINTS = "stationmaster.converters"
BUILT_IN = "built-in"
ENTRY_POINT = "entry point"
FILE = "file"


class PluginError(Exception):
    """A converter that cannot be loaded; says why."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may be a converter, not imported yet.

    Attributes:
        name: the converter's name where it is known before the import, else "".
        place: `module:Class`, or the path of a file.
    """

    origin: str
    place: str
    name: str = ""

    @property
    def subject(self) -> str:
        """What a person knows it by."""
        return Path(self.place).name if self.origin == FILE else self.name


def candidates(folder: Path | None) -> Iterator[Candidate]:
    """Everything that may be a converter, what loses against others of the same name first."""
    for name, place in BUILT_INS.items():
        yield Candidate(origin=BUILT_IN, name=name, place=place)
    from importlib.metadata import entry_points  # noqa: PLC0415 - 20 ms, and only when converters are listed

    for point in entry_points(group=ENTRY_POINTS):
        yield Candidate(origin=ENTRY_POINT, name=point.name, place=point.value)
    if folder is not None and folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix in KINDS and not path.name.startswith(("_", ".")) and not _is_test(path):
                yield Candidate(origin=FILE, place=str(path))


def _is_test(path: Path) -> bool:
    """`test_x.py` beside `x.py` is the test of that converter; pytest's own settings are none either."""
    if path.name == "conftest.py":
        return True
    return path.name.startswith("test_") and path.with_name(path.name.removeprefix("test_")).is_file()


def describe(candidate: Candidate) -> list[ConverterInfo]:
    """Import a candidate and say what is in it.

    Raises:
        PluginError: it holds no converter, or one that breaks the protocol.
        Exception: whatever its import raises.
    """
    if candidate.origin != FILE:
        info = _info(_find(candidate.place), candidate.origin, candidate.place)
        if candidate.name != info.name:
            raise PluginError(f"it is listed as {candidate.name!r} but its class says {info.name!r}")
        return [info]
    path = Path(candidate.place)
    if path.suffix == MAPPING:
        return [_info(_mapping(path), FILE, f"{path}:{path.stem}")]
    module = _import_file(path)
    found = list(_converters_in(module))
    if not found:
        raise PluginError("it holds no class with name, version and convert()")
    return [_info(cls, FILE, f"{path}:{cls.__name__}") for cls in found]


class Plugins:
    """The converter classes that this process has imported."""

    def __init__(self) -> None:
        """Nothing is imported yet."""
        self._classes: dict[str, type[Converter]] = {}

    def make(self, target: str) -> Converter:
        """A fresh converter, so that nothing it keeps in itself gets from one file to the next.

        Raises:
            PluginError: there is no such class.
            Exception: whatever its import or its constructor raises.
        """
        if target not in self._classes:
            self._classes[target] = _find(target)
        return self._classes[target]()


def options_type(converter: Converter | type[Converter]) -> type[ConverterOptions]:
    """The converter's own options, else those that every converter understands."""
    return getattr(converter, "options_type", ConverterOptions)


def _find(target: str) -> type[Converter]:
    place, _, name = target.rpartition(":")
    if place.endswith(MAPPING):
        return _mapping(Path(place))
    module = _import_file(Path(place)) if place.endswith(MODULE) else import_module(place)
    found = getattr(module, name, None)
    if found is None:
        raise PluginError(f"{place} has no {name!r}")
    return _checked(found)


def _mapping(path: Path) -> type[Converter]:
    """The converter that a mapping describes.

    Raises:
        PluginError: it is no mapping; says which line or key of it.
    """
    from stationmaster.converters.mapping import mapping_at  # noqa: PLC0415 - where there are mappings

    try:
        return _checked(mapping_at(path))
    except StationmasterError as error:
        raise PluginError(str(error)) from error


def _import_file(path: Path) -> ModuleType:
    """Import one file by its path, always from its source: a .pyc of the same second may be stale."""
    sys.dont_write_bytecode = True
    folder = str(path.parent)
    if folder not in sys.path:
        # last: a file beside it must not replace a module of the standard library
        sys.path.append(folder)
    name = f"stationmaster_instance_converters.{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_loader(name, SourceFileLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise PluginError("it cannot be loaded")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        line = f": {shown}" if (shown := (error.text or "").strip()) else ""
        raise PluginError(f"its import failed with {type(error).__name__}: {error}{line}") from None
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _converters_in(module: ModuleType) -> Iterable[type[Converter]]:
    for name, value in vars(module).items():
        own = inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_")
        converts = callable(getattr(value, "convert", None)) or (own and is_foreign(value))
        if own and not inspect.isabstract(value) and converts:
            yield _checked(value)


def _checked(found: Any) -> type[Converter]:
    """`found` as a converter class; one that was written for another client is wrapped.

    Raises:
        PluginError: it breaks the protocol.
    """
    if inspect.isclass(found) and is_foreign(found):
        found = adapted(found)
    if not inspect.isclass(found) or not callable(getattr(found, "convert", None)):
        raise PluginError(f"{found!r} is no class with a method convert()")
    for attribute in ("name", "version"):
        value = getattr(found, attribute, None)
        if not isinstance(value, str) or not value.strip():
            raise PluginError(f"class {found.__name__} has no {attribute} (a text, as a class attribute)")
    options = getattr(found, "options_type", ConverterOptions)
    if not (inspect.isclass(options) and issubclass(options, ConverterOptions)):
        raise PluginError(f"options_type of class {found.__name__} is no subclass of ConverterOptions")
    return cast("type[Converter]", found)


def _info(cls: type[Converter], origin: str, target: str) -> ConverterInfo:
    lines = (inspect.getdoc(cls) or "").splitlines()
    return ConverterInfo(
        name=cls.name,
        version=cls.version,
        origin=origin,
        target=target,
        detects=callable(getattr(cls, Detects.detect.__name__, None)),
        completes=callable(getattr(cls, Completes.is_complete.__name__, None)),
        folders=getattr(cls, "takes_folders", False) is True,
        fetches=callable(getattr(cls, Fetches.fetch.__name__, None)),
        options=_schema(options_type(cls)),
        summary=lines[0] if lines else "",
        code=_code(cls, origin, target),
    )


def _code(cls: type[Converter], origin: str, target: str) -> str:
    """Which code it is: two files of one version number may differ."""
    if origin == BUILT_IN:
        return f"Stationmaster {__version__}"
    try:
        path = Path(target.rpartition(":")[0]) if origin == FILE else Path(inspect.getfile(cls))
        return f"code {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    except (OSError, TypeError):
        return ""  # out of a zip, or gone meanwhile


def _schema(options: type[ConverterOptions]) -> dict[str, Any]:
    try:
        return msgspec.json.schema(options)
    except TypeError:
        # a type that JSON schema cannot say still decodes; only the listing is poorer
        return {}
