"""The options of a converter as a form needs them: from its JSON schema, and what its docstring says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from stationmaster.api import ConverterOptions
from stationmaster.control.trial_protocol import ConverterOption
from stationmaster.convert.job import ConverterInfo

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "bool",
    "array": "list",
    "object": "table",
}
_EVERYWHERE = (
    ConverterOption(
        name="timeout",
        kind="number",
        doc="Seconds one file may take, and 2 more for each MB; the station's limit.",
    ),
    ConverterOption(
        name="memory_mb", kind="number", doc="Megabytes its worker may use; the station's limit."
    ),
)
"""The pool understands these for each converter that has no option of that name."""


def options_of(info: ConverterInfo) -> tuple[ConverterOption, ...]:
    """The options that may stand in the settings for this converter; its own first."""
    definitions = info.options.get("$defs", {})
    definition = definitions.get(str(info.options.get("$ref", "")).rpartition("/")[2], {})
    common = ConverterOptions.__struct_fields__
    docs = attributes(inspect.getdoc(ConverterOptions) or "") | attributes(
        inspect.cleandoc(definition.get("description", ""))
    )
    found = [
        _option(name, value, docs.get(name, ""), definitions, required=name in definition.get("required", ()))
        for name, value in definition.get("properties", {}).items()
    ]
    found.sort(key=lambda one: one.name in common)
    return (*found, *(one for one in _EVERYWHERE if one.name not in info.option_names))


def attributes(doc: str) -> dict[str, str]:
    """What the `Attributes:` of a docstring say, by name."""
    found: dict[str, str] = {}
    names: list[str] = []
    _, _, rest = doc.partition("\nAttributes:\n")
    for line in rest.splitlines():
        if line and not line.startswith(" "):
            break  # the next section
        begin = re.match(r" {4}(\w+(?:, \w+)*): (.*)", line)
        if begin:
            names = begin[1].split(", ")
            found |= dict.fromkeys(names, begin[2].strip())
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def _option(
    name: str, schema: Mapping[str, Any], doc: str, definitions: Mapping[str, Any], *, required: bool
) -> ConverterOption:
    kind = _resolved(schema, definitions)
    return ConverterOption(
        name=name,
        kind="choice" if "enum" in kind else _KINDS.get(str(kind.get("type")), "other"),
        choices=tuple(kind.get("enum", ())),
        required=required,
        default=schema.get("default"),
        doc=str(schema.get("description") or doc),
    )


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Behind a reference, and of an option that may be missing what it is where it is there."""
    if "$ref" in schema:
        found: Mapping[str, Any] = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
        return found
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return _resolved(kinds[0], definitions) if len(kinds) == 1 else schema
