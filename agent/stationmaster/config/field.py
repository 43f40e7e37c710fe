"""The schema as data: which settings there are, what each may hold. For errors, `--set` and the reference."""

from __future__ import annotations

import json
import re
import tomllib
import types
import typing
from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import inspect, structs

from stationmaster.config.schema import InstanceConfig
from stationmaster.errors import ConfigError

INDEX = "N"
"""Stands for the number of a list's item, or the name of a table's entry, in the keys of `walk`."""

Key = tuple[str, ...]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting.

    Attributes:
        key: dotted, with `N` for a number: "watch.N.settle".
        allowed: what it may hold, to follow "must be".
        default: as TOML text; None where the setting is required.
    """

    key: str
    kind: str
    allowed: str
    default: str | None
    description: str
    examples: tuple[str, ...]


def split_key(key: str) -> Key:
    """Take a dotted key apart; a part with dots stands in quotes: `watch.0.options."my.one".depth`."""
    parts = re.findall(r'"([^"]*)"|([^."]+)', key)
    joined = ".".join(f'"{quoted}"' if quoted else plain for quoted, plain in parts)
    if not parts or joined != key:
        raise ConfigError(
            f'"{key}" is no key of a setting.', next_step="Keys look like upload.max_concurrent.", key=key
        )
    return tuple(quoted or plain for quoted, plain in parts)


def join_key(parts: Sequence[str]) -> str:
    """The dotted key of `parts`."""
    return ".".join(f'"{part}"' if "." in part else part for part in parts)


def type_at(parts: Key, root: type[msgspec.Struct] = InstanceConfig) -> Any:
    """The annotation at `parts`; `Any` inside free-form tables.

    Raises:
        ConfigError: there is no such setting; says which one was perhaps meant.
    """
    current: Any = root
    for depth, part in enumerate(parts):
        bare = _bare(current)
        inside = _inside(bare, part)
        if inside is None:
            raise unknown(parts[: depth + 1], root)
        current = inside
    return current


def unknown(parts: Key, root: type[msgspec.Struct] = InstanceConfig, *, where: str = "") -> ConfigError:
    """The error for a key that does not exist. It never shows the value: it may be a token."""
    key, last = join_key(parts), parts[-1]
    text = f'{where}there is no setting "{key}".' if where else f'There is no setting "{key}".'
    if re.search(r"(?i)token|secret|password|passwd|credential", last):
        return ConfigError(
            text,
            next_step="A token never stands in a settings file: hand it over with --token-stdin.",
            key=key,
        )
    try:
        owner = _bare(type_at(parts[:-1], root))
    except ConfigError:
        owner = root
    if not (isinstance(owner, type) and issubclass(owner, msgspec.Struct)):
        return ConfigError(text, key=key)
    names = [field.name for field in structs.fields(owner) if not _hidden(owner, field.name)]
    close = get_close_matches(last, names, n=1) or _by_leaf(last, root)
    if close:
        meant = close[0] if "." in close[0] else join_key((*parts[:-1], close[0]))
        return ConfigError(text, next_step=f'Did you mean "{meant}"?', key=key)
    return ConfigError(text, next_step=f"Settings there: {', '.join(names)}.", key=key)


def parse_value(key: str, text: str, root: type[msgspec.Struct] = InstanceConfig) -> Any:
    """Turn the text of `--set key=text` into the value that `ConfigStore.edit` takes.

    Lists stand with commas ("*.json, *.xml") or as TOML; tables as TOML. An empty text clears `paused_until`.

    Raises:
        ConfigError: no such setting, or the text does not fit it.
    """
    parts = split_key(key)
    wanted = type_at(parts, root)
    bare = _bare(wanted)
    if bare is Any:
        return _toml_or_text(text)
    if _optional(bare) and text.strip() == "":
        return None
    origin = typing.get_origin(bare)
    raw: Any = text
    if origin is tuple and not text.lstrip().startswith("["):
        raw = [item.strip() for item in text.split(",") if item.strip()]
    elif origin in (tuple, dict) or _is_struct(bare):
        raw = _toml_or_text(text)
    elif bare is bool:
        raw = {"yes": True, "on": True, "no": False, "off": False}.get(text.strip().lower(), text.strip())
    elif bare is not str:
        raw = text.strip()
    try:
        value = msgspec.convert(raw, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"{key} must be {allowed(wanted)}, not {shown(text)}.", next_step=meant(text, bare), key=key
        ) from error
    # A table stays as it was given: its defaults do not belong in the file.
    return raw if _is_struct(bare) else msgspec.to_builtins(value, builtin_types=(datetime,))


def allowed(annotation: Any) -> str:
    """What a setting may hold, to follow "must be"."""
    info = inspect.type_info(annotation)
    if isinstance(info, inspect.Metadata):
        title = (info.extra_json_schema or {}).get("title")
        if isinstance(title, str):
            return title
        info = info.type
    return _allowed(info)


def kind(annotation: Any) -> str:
    """The type in one or two words."""
    bare = _bare(annotation)
    if _optional(bare):
        bare = _bare(next(part for part in typing.get_args(bare) if part is not types.NoneType))
    if typing.get_origin(bare) is tuple:
        return "tables" if _is_struct(_bare(typing.get_args(bare)[0])) else "list of texts"
    if isinstance(bare, type) and issubclass(bare, Enum):
        return "word"
    names: dict[Any, str] = {
        str: "text", int: "whole number", float: "number", bool: "true or false",
        datetime: "time", UUID: "UUID",
    }  # fmt: skip
    return names.get(bare, "table")


def walk(
    root: type[msgspec.Struct], above: Key = ()
) -> Iterator[tuple[Key, type[msgspec.Struct], list[Setting]]]:
    """Each section with its own settings, in the order of the schema."""
    settings: list[Setting] = []
    sections: list[tuple[Key, type[msgspec.Struct]]] = []
    for field in structs.fields(root):
        if _hidden(root, field.name):
            continue
        parts, bare = (*above, field.name), _bare(field.type)
        if _is_struct(bare):
            sections.append((parts, bare))
        elif typing.get_origin(bare) is tuple and _is_struct(_bare(typing.get_args(bare)[0])):
            sections.append(((*parts, INDEX), _bare(typing.get_args(bare)[0])))
        else:
            settings.append(_setting(parts, field))
    yield above, root, settings
    for parts, section in sections:
        yield from walk(section, parts)


def shown(value: Any) -> str:
    """A value as errors show it: short, on one line, without a password in an address."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    text = masked(text)
    return text if len(text) <= 80 else text[:77] + "..."


def masked(text: str) -> str:
    """`text` with a user and password in an address replaced by "***"."""
    # To the last "@": a password may hold "@" and "/" where it should not.
    return re.sub(r"//\S*@", "//***@", text)


def meant(value: Any, annotation: Any) -> str:
    """Ask "Did you mean ...?" where a word is nearly one of the allowed ones; else ""."""
    bare = _bare(annotation)
    if not (isinstance(bare, type) and issubclass(bare, Enum) and isinstance(value, str)):
        return ""
    close = get_close_matches(value.strip().lower(), [str(member.value) for member in bare], n=1)
    return f'Did you mean "{close[0]}"?' if close else ""


# -------------------------------------------------------------------- inside
def _setting(parts: Key, field: structs.FieldInfo) -> Setting:
    info = inspect.type_info(field.type)
    extra = (info.extra_json_schema or {}) if isinstance(info, inspect.Metadata) else {}
    examples = extra.get("examples", [])
    return Setting(
        key=join_key(parts),
        kind=kind(field.type),
        allowed=allowed(field.type),
        default=None if field.required else _toml_text(_default(field)),
        description=str(extra.get("description", "")),
        examples=tuple(_toml_text(example) for example in examples if isinstance(examples, list)),
    )


def _default(field: structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory()


def _toml_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A time stands bare in TOML.
        return (
            value
            if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value)
            else json.dumps(str(value), ensure_ascii=False)
        )
    if isinstance(value, dict):
        inside = ", ".join(f"{name} = {_toml_text(item)}" for name, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_text(item) for item in value) + "]"
    return str(value)


def _hidden(owner: type, name: str) -> bool:
    return owner is InstanceConfig and name == "name"


def _bare(annotation: Any) -> Any:
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation


def _is_struct(bare: Any) -> bool:
    return isinstance(bare, type) and issubclass(bare, msgspec.Struct)


def _optional(bare: Any) -> bool:
    return types.NoneType in typing.get_args(bare)


def _inside(bare: Any, part: str) -> Any:
    """The annotation of `part` inside `bare`; None where there is no such part."""
    if bare is Any:
        return Any
    if _is_struct(bare):
        found = (field.type for field in structs.fields(bare) if field.name == part)
        return None if _hidden(bare, part) else next(found, None)
    origin = typing.get_origin(bare)
    if origin is tuple:
        return typing.get_args(bare)[0] if part.isdecimal() else None
    if origin is dict:
        return typing.get_args(bare)[1]
    return None


def _by_leaf(leaf: str, root: type[msgspec.Struct]) -> list[str]:
    """Full keys whose last part is `leaf`, or nearly: the right word at the wrong place."""
    keys = {
        setting.key.rsplit(".", 1)[-1]: setting.key for _, _, settings in walk(root) for setting in settings
    }
    return [keys[name] for name in get_close_matches(leaf, keys, n=1, cutoff=0.8)]


def _toml_or_text(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _allowed(info: inspect.Type) -> str:
    if isinstance(info, inspect.Metadata):
        return _allowed(info.type)
    if isinstance(info, inspect.UnionType):
        return _allowed(info.types[0])
    if isinstance(info, inspect.IntType | inspect.FloatType):
        return _allowed_number(info)
    if isinstance(info, inspect.EnumType):
        return "one of " + ", ".join(str(member.value) for member in info.cls)
    return _allowed_text_or_list(info) or _PLAIN.get(type(info), "a table")


_PLAIN: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.DateTimeType: "a time with time zone, such as 2026-01-31T18:00:00Z",
    inspect.UUIDType: "a UUID",
}


def _allowed_number(info: inspect.IntType | inspect.FloatType) -> str:
    word = "a whole number" if isinstance(info, inspect.IntType) else "a number"
    if info.le is not None:
        return f"{word} from {info.ge} to {info.le}"
    return f"{word}, at least {info.ge}" if info.ge is not None else word


def _allowed_text_or_list(info: inspect.Type) -> str:
    if isinstance(info, inspect.StrType):
        if info.max_length:
            return f"a text of at most {info.max_length} letters"
        return "a text that is not empty" if info.min_length else "a text"
    if isinstance(info, inspect.VarTupleType):
        items = "tables" if isinstance(info.item_type, inspect.StructType) else "texts"
        return f"a list of {items}{' that is not empty' if info.min_length else ''}"
    return ""
